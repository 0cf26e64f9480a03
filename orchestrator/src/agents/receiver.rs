//! Takes what comes over the bus: in order for each agent, side by side for several.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hostwright_bus::{Ack, Frame, Incoming, Route};
use tokio::sync::mpsc::error::SendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{conversation, enrolment};
use crate::app::App;

/// How many frames of one agent may wait here, which is several times what an agent says without hearing a receipt. One that
/// says more loses its session: waiting for it would keep all others waiting. What was not receipted it says again.
const WAITING: usize = 128;
/// How long after the database failed it is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Takes what comes over the bus.
pub struct Receiver {
    app: App,
}

/// What happens on one route.
enum Happening {
    Ended,
    /// With its right to wait here.
    Frame(Frame, Ack, OwnedSemaphorePermit),
}

/// Where the happenings of one route wait for each other, over all its sessions: the end of one is told before the
/// beginning of the next.
struct Line {
    happenings: mpsc::UnboundedSender<Happening>,
    room: Arc<Semaphore>,
    /// Its session was told to end.
    is_dismissed: bool,
}

impl Receiver {
    /// Prepares; nothing is received before [`Receiver::run`].
    pub fn new(app: App) -> Self {
        Self { app }
    }

    /// Receives until the bus closes or it is told to stop; then what was received is brought to its end.
    pub async fn run(self, shutdown: CancellationToken) {
        let workers = TaskTracker::new();
        let begin = |route, happenings| {
            workers.spawn(work_on(self.app.clone(), route, happenings, shutdown.clone()));
        };
        let mut lines: HashMap<Route, Line> = HashMap::new();
        loop {
            let incoming = tokio::select! {
                () = shutdown.cancelled() => break,
                // Cancel-safe by its contract.
                incoming = self.app.bus().receive() => incoming,
            };
            let Some(incoming) = incoming else { break };
            match incoming {
                // An agent is believed to be there when it says hello, which it signs.
                Incoming::Connected(route) => {
                    if let Some(line) = lines.get_mut(&route) {
                        line.is_dismissed = false;
                    }
                }
                // What waits is still taken; nobody comes back on it.
                Incoming::Disconnected(route @ Route::Enrolment(_)) => drop(lines.remove(&route)),
                Incoming::Disconnected(route) => {
                    let line = lines.entry(route).or_insert_with(Line::new);
                    line.tell(Happening::Ended, |happenings| begin(route, happenings));
                }
                Incoming::Frame { from, frame, ack } => {
                    let line = lines.entry(from).or_insert_with(Line::new);
                    match Arc::clone(&line.room).try_acquire_owned() {
                        Ok(permit) => {
                            let happening = Happening::Frame(frame, ack, permit);
                            line.tell(happening, |happenings| begin(from, happenings));
                        }
                        Err(_) if line.is_dismissed => {}
                        Err(_) => {
                            tracing::warn!("{from} says more than it listens to; its session ends");
                            line.is_dismissed = true;
                            let bus = self.app.bus().clone();
                            workers.spawn(async move { drop(bus.disconnect(&from).await) });
                        }
                    }
                }
            }
        }
        drop(lines);
        workers.close();
        workers.wait().await;
    }
}

impl Line {
    /// Nobody works on it yet.
    fn new() -> Self {
        let happenings = mpsc::unbounded_channel().0;
        Self { happenings, room: Arc::new(Semaphore::new(WAITING)), is_dismissed: false }
    }

    /// Tells it to whoever works on it; begins anew if that is nobody, be it because one happening was too much for it.
    fn tell(&mut self, happening: Happening, begin: impl FnOnce(mpsc::UnboundedReceiver<Happening>)) {
        if let Err(SendError(happening)) = self.happenings.send(happening) {
            let (sender, receiver) = mpsc::unbounded_channel();
            let _ = sender.send(happening);
            self.happenings = sender;
            begin(receiver);
        }
    }
}

async fn work_on(
    app: App,
    route: Route,
    mut happenings: mpsc::UnboundedReceiver<Happening>,
    shutdown: CancellationToken,
) {
    while let Some(happening) = happenings.recv().await {
        match (route, happening) {
            (Route::Agent(agent), Happening::Frame(frame, ack, _waits)) => {
                Box::pin(conversation::hear(&app, agent, &frame, ack)).await;
            }
            (Route::Agent(agent), Happening::Ended) => {
                while !conversation::end(&app, agent).await && !shutdown.is_cancelled() {
                    tokio::select! {
                        () = shutdown.cancelled() => {}
                        () = tokio::time::sleep(PAUSE) => {}
                    }
                }
            }
            (Route::Enrolment(session), Happening::Frame(frame, ack, _waits)) => {
                Box::pin(enrolment::hear(&app, session, &frame)).await;
                // Nothing of an enrolment is kept by a broker: the machine asks again.
                ack.stored();
            }
            (Route::Enrolment(_), Happening::Ended) => {}
        }
    }
}
