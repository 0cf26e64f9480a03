//! An agent's session that begins again whenever it ends.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Mutex, Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::lane::Outlet;
use crate::{Ack, AgentBus, AgentSession, Frame, Login, PublishError, SessionEnd};

/// How to stay connected.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Pauses between attempts.
    pub backoff: Backoff,
    /// An attempt that takes longer has failed.
    pub connect_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { backoff: Backoff::default(), connect_timeout: Duration::from_mins(1) }
    }
}

/// Keeps a session. It does its work in [`Reconnecting::run`]; everybody else holds a [`Handle`].
pub struct Reconnecting {
    bus: Arc<dyn AgentBus>,
    login: Login,
    options: Options,
    session: watch::Sender<Current>,
    status: watch::Sender<Status>,
    events: mpsc::Sender<Event>,
    retry: Arc<Notify>,
}

type Current = Option<Arc<dyn AgentSession>>;

/// What happens on the bus.
#[derive(Debug)]
pub enum Event {
    /// A session began; what was not receipted is to be sent again.
    Connected,
    /// The session ended.
    Disconnected {
        /// Why.
        end: SessionEnd,
    },
    /// The orchestrator said something.
    Frame {
        /// What.
        frame: Frame,
        /// To be told when it is stored.
        ack: Ack,
    },
}

/// How it stands, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// An attempt is under way.
    Connecting {
        /// Which one since the last session, from 1.
        attempt: u32,
    },
    /// A session lasts.
    Connected {
        /// Since when.
        since: Instant,
    },
    /// The next attempt waits for its time.
    Retrying {
        /// When it will be.
        at: Instant,
        /// How many failed in a row.
        failures: u32,
        /// How the last one failed, or how the session ended, with all causes.
        error: String,
    },
    /// It was told to stop.
    Stopped,
}

/// The way to a [`Reconnecting`] that runs.
#[derive(Clone)]
pub struct Handle {
    session: watch::Receiver<Current>,
    status: watch::Receiver<Status>,
    events: Arc<Mutex<mpsc::Receiver<Event>>>,
    retry: Arc<Notify>,
}

impl Reconnecting {
    /// Prepares; nothing is connected before [`Reconnecting::run`].
    pub fn new(bus: Arc<dyn AgentBus>, login: Login, options: Options) -> (Self, Handle) {
        let (session, sessions) = watch::channel(None);
        let (status, statuses) = watch::channel(Status::Connecting { attempt: 1 });
        // One event at a time: an agent that is busy makes the transport wait, and that the orchestrator.
        let (events, received) = mpsc::channel(1);
        let retry = Arc::new(Notify::new());
        let handle = Handle {
            session: sessions,
            status: statuses,
            events: Arc::new(Mutex::new(received)),
            retry: Arc::clone(&retry),
        };
        (Self { bus, login, options, session, status, events, retry }, handle)
    }

    /// Connects, again and again, until it is told to stop.
    pub async fn run(self, shutdown: CancellationToken) {
        let work = async {
            let mut failures = 0;
            loop {
                self.status.send_replace(Status::Connecting { attempt: failures + 1 });
                let error = match self.attempt().await {
                    Ok(session) => {
                        let began = Instant::now();
                        let Some(end) = self.keep(session, began).await else { return };
                        // A session that did not last is a failure too; otherwise a bus that takes logins and drops
                        // them, or two agents with one identity, would keep everybody busy.
                        if began.elapsed() >= self.options.backoff.most && end != SessionEnd::Superseded {
                            failures = 0;
                        }
                        chain(&end)
                    }
                    Err(error) => error,
                };
                failures += 1;
                let pause = self.options.backoff.pause(failures, &mut rand::thread_rng());
                tracing::info!("not connected to the bus: {error}; trying again in {pause:.1?}");
                self.status.send_replace(Status::Retrying { at: Instant::now() + pause, failures, error });
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = self.retry.notified() => {}
                }
            }
        };
        tokio::select! {
            // Dropping the work drops the session, which closes it.
            () = shutdown.cancelled() => {}
            () = work => {}
        }
        self.session.send_replace(None);
        self.status.send_replace(Status::Stopped);
    }

    async fn attempt(&self) -> Result<Arc<dyn AgentSession>, String> {
        let limit = self.options.connect_timeout;
        match tokio::time::timeout(limit, self.bus.connect(&self.login)).await {
            Ok(Ok(session)) => Ok(Arc::from(session)),
            Ok(Err(error)) => Err(chain(&error)),
            Err(_) => Err(format!("no session began within {limit:?}")),
        }
    }

    /// Passes on what comes in until the session ends. Nothing is returned when nobody listens any more.
    async fn keep(&self, session: Arc<dyn AgentSession>, began: Instant) -> Option<SessionEnd> {
        self.session.send_replace(Some(Arc::clone(&session)));
        self.status.send_replace(Status::Connected { since: began });
        tracing::info!("connected to the bus");
        self.events.send(Event::Connected).await.ok()?;
        while let Some((frame, ack)) = session.receive().await {
            self.events.send(Event::Frame { frame, ack }).await.ok()?;
        }
        self.session.send_replace(None);
        let end = session.end().unwrap_or(SessionEnd::Closed);
        self.events.send(Event::Disconnected { end: end.clone() }).await.ok()?;
        Some(end)
    }
}

impl Handle {
    /// Hands a frame over to the session of this moment. Waits while there is no room; refuses while there is no session.
    pub async fn publish(&self, frame: Frame) -> Result<(), PublishError> {
        let session = self.session.borrow().clone();
        match session {
            Some(session) => session.publish(frame).await,
            None => Err(PublishError::Offline),
        }
    }

    /// Returns what happens next, or nothing once it was told to stop. Cancel-safe; one caller at a time.
    pub async fn next(&self) -> Option<Event> {
        self.events.lock().await.recv().await
    }

    /// Returns how it stands, and follows it.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Ends the pause before the next attempt, e.g. because the network came up.
    pub fn retry_now(&self) {
        self.retry.notify_one();
    }
}

#[async_trait]
impl Outlet for Handle {
    async fn publish(&self, frame: Frame) -> Result<(), PublishError> {
        Self::publish(self, frame).await
    }
}

/// Writes an error with all its causes in one line, for people.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use hostwright_protocol::ids::{EnrolmentSessionId, EnrolmentTokenId};

    use super::*;
    use crate::ConnectError;

    /// Fails as it is told, then gives a session that ends at once.
    struct Scripted {
        outcomes: std::sync::Mutex<VecDeque<&'static str>>,
        attempts: watch::Sender<u32>,
    }

    #[async_trait]
    impl AgentBus for Scripted {
        async fn connect(&self, _: &Login) -> Result<Box<dyn AgentSession>, ConnectError> {
            self.attempts.send_modify(|attempts| *attempts += 1);
            let outcome = self.outcomes.lock().unwrap().pop_front();
            match outcome {
                Some("session") => Ok(Box::new(Brief)),
                Some("hang") => std::future::pending().await,
                other => Err(ConnectError::Unreachable {
                    address: "ws://nowhere".into(),
                    source: other.unwrap_or("no route").into(),
                }),
            }
        }
    }

    struct Brief;

    #[async_trait]
    impl AgentSession for Brief {
        async fn publish(&self, _: Frame) -> Result<(), PublishError> {
            Ok(())
        }
        async fn receive(&self) -> Option<(Frame, Ack)> {
            None
        }
        fn end(&self) -> Option<SessionEnd> {
            Some(SessionEnd::Superseded)
        }
        fn close(&self) {}
    }

    fn start(outcomes: &[&'static str]) -> (Handle, watch::Receiver<u32>, CancellationToken) {
        let (attempts, attempted) = watch::channel(0);
        let outcomes = std::sync::Mutex::new(outcomes.iter().copied().collect());
        let bus = Arc::new(Scripted { outcomes, attempts });
        let token =
            EnrolmentTokenId::from_uuid(EnrolmentSessionId::random(&mut rand::thread_rng()).as_uuid());
        let (reconnecting, handle) = Reconnecting::new(bus, Login::Enrolment { token }, Options::default());
        let shutdown = CancellationToken::new();
        tokio::spawn(reconnecting.run(shutdown.clone()));
        (handle, attempted, shutdown)
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_retried_with_growing_bounded_pauses() {
        let (_handle, mut attempted, _shutdown) = start(&[]);
        let mut moments = Vec::new();
        for attempt in 1..=12 {
            attempted.wait_for(|attempts| *attempts >= attempt).await.unwrap();
            moments.push(Instant::now());
        }
        let pauses: Vec<Duration> = moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let Backoff { first, most } = Backoff::default();
        assert!(pauses[0] <= first + Duration::from_millis(1), "{pauses:?}");
        assert!(pauses.iter().all(|pause| *pause <= most + Duration::from_millis(1)), "{pauses:?}");
        assert!(pauses[10] >= most / 2, "{pauses:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn status_says_when_it_tries_again_and_what_went_wrong() {
        let (handle, _attempted, shutdown) = start(&["connection refused"]);
        let mut status = handle.status();
        let retrying = |status: &Status| matches!(status, Status::Retrying { .. });
        let Status::Retrying { at, failures, error } = status.wait_for(retrying).await.unwrap().clone()
        else {
            panic!()
        };
        assert!(at > Instant::now());
        assert_eq!(failures, 1);
        assert_eq!(error, "failed to reach the bus at `ws://nowhere`: connection refused");
        assert_eq!(handle.publish(Frame::from_bytes("x".into())).await, Err(PublishError::Offline));
        shutdown.cancel();
        status.wait_for(|status| *status == Status::Stopped).await.unwrap();
        assert!(handle.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn sessions_that_do_not_last_do_not_reset_the_pauses() {
        let (handle, _attempted, _shutdown) = start(&["session", "session", "session", "session"]);
        let mut status = handle.status();
        for expected in 1..=4 {
            assert!(matches!(handle.next().await, Some(Event::Connected)));
            let Some(Event::Disconnected { end }) = handle.next().await else { panic!() };
            assert_eq!(end, SessionEnd::Superseded);
            status
                .wait_for(
                    |status| matches!(status, Status::Retrying { failures, .. } if *failures == expected),
                )
                .await
                .unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn attempt_that_hangs_is_given_up() {
        let (handle, mut attempted, _shutdown) = start(&["hang"]);
        attempted.wait_for(|attempts| *attempts == 2).await.unwrap();
        let status = handle.status().borrow().clone();
        assert!(matches!(status, Status::Connecting { attempt: 2 } | Status::Retrying { .. }), "{status:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn retry_now_ends_the_pause() {
        let (handle, mut attempted, _shutdown) = start(&[]);
        let began = Instant::now();
        for attempt in 1..=20 {
            attempted.wait_for(|attempts| *attempts >= attempt).await.unwrap();
            handle.retry_now();
        }
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }
}
