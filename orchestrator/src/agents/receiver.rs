//! Takes what comes over the bus: in order for each agent, side by side for several.

use std::collections::HashMap;

use hostwright_bus::{Ack, Frame, Incoming, Route};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{conversation, enrolment};
use crate::app::App;

/// How many frames of one agent may wait here, which is several times what an agent says without hearing a receipt. One that
/// says more loses its session: waiting for it would keep all others waiting. What was not receipted it says again.
const WAITING: usize = 128;

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
            match worker.try_send(happening) {
                Ok(()) if !is_end => continue,
                Err(TrySendError::Full(_)) => {
                    tracing::warn!("{route} says more than it listens to; its session ends");
                    let bus = self.app.bus().clone();
                    workers.spawn(async move { drop(bus.disconnect(&route).await) });
                }
                Ok(()) | Err(TrySendError::Closed(_)) => {}
            }
            routes.remove(&route);
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
