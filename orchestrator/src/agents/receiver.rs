//! Takes what comes over the bus: in order for each agent, side by side for several.

use std::collections::HashMap;

use hostwright_bus::{Ack, Frame, Incoming, Route};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{conversation, enrolment};
use crate::app::App;

/// How many frames of one agent may wait here; then the bus has to hold them.
const WAITING: usize = 64;

/// Takes what comes over the bus.
pub struct Receiver {
    app: App,
}

/// What happens on one route.
enum Happening {
    Ended,
    Frame(Frame, Ack),
}

impl Receiver {
    /// Prepares; nothing is received before [`Receiver::run`].
    pub fn new(app: App) -> Self {
        Self { app }
    }

    /// Receives until the bus closes or it is told to stop; then what was received is brought to its end.
    pub async fn run(self, shutdown: CancellationToken) {
        let workers = TaskTracker::new();
        let mut routes: HashMap<Route, mpsc::Sender<Happening>> = HashMap::new();
        loop {
            let incoming = tokio::select! {
                () = shutdown.cancelled() => break,
                // Cancel-safe by its contract.
                incoming = self.app.bus().receive() => incoming,
            };
            let (route, happening) = match incoming {
                None => break,
                // An agent is believed to be there when it says hello, which it signs.
                Some(Incoming::Connected(_)) => continue,
                Some(Incoming::Disconnected(route)) => (route, Happening::Ended),
                Some(Incoming::Frame { from, frame, ack }) => (from, Happening::Frame(frame, ack)),
            };
            let is_end = matches!(happening, Happening::Ended);
            let worker = routes.entry(route).or_insert_with(|| {
                let (sender, receiver) = mpsc::channel(WAITING);
                workers.spawn(work_on(self.app.clone(), route, receiver));
                sender
            });
            if worker.send(happening).await.is_err() || is_end {
                routes.remove(&route);
            }
        }
        drop(routes);
        workers.close();
        workers.wait().await;
    }
}

async fn work_on(app: App, route: Route, mut happenings: mpsc::Receiver<Happening>) {
    while let Some(happening) = happenings.recv().await {
        match (route, happening) {
            (Route::Agent(agent), Happening::Frame(frame, ack)) => {
                Box::pin(conversation::hear(&app, agent, &frame, ack)).await;
            }
            (Route::Agent(agent), Happening::Ended) => conversation::end(&app, agent).await,
            (Route::Enrolment(session), Happening::Frame(frame, ack)) => {
                Box::pin(enrolment::hear(&app, session, &frame)).await;
                // Nothing of an enrolment is kept by a broker: the machine asks again.
                ack.stored();
            }
            (Route::Enrolment(_), Happening::Ended) => {}
        }
    }
}
