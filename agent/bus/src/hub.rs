//! The sessions of a bus that the orchestrator itself serves: who is connected, what is on its way to whom.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::ending::Ending;
use crate::orchestrator::check_size;
use crate::{Ack, Frame, Incoming, OrchestratorBus, PublishError, Route, SessionEnd, queue};

/// What sessions may take up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes on their way to one agent; publishing waits at the bound.
    pub outbound_bytes: usize,
    /// Bytes on their way to the orchestrator from all agents; their publishing waits at the bound.
    pub inbound_bytes: usize,
    /// Enrolment sessions at once. Anyone who has seen a token's id can begin one.
    pub enrolment_sessions: usize,
    /// How long one of them may last.
    pub enrolment_lifetime: Duration,
    /// How large a frame may be in them.
    pub enrolment_frame_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            outbound_bytes: 4 * 1024 * 1024,
            inbound_bytes: 16 * 1024 * 1024,
            enrolment_sessions: 64,
            enrolment_lifetime: Duration::from_mins(1),
            enrolment_frame_bytes: 64 * 1024,
        }
    }
}

pub(crate) struct Hub {
    limits: Limits,
    sessions: Mutex<Sessions>,
    inbound: queue::Sender<Incoming>,
    received: tokio::sync::Mutex<queue::Receiver<Incoming>>,
    closed: Ending,
}

#[derive(Default)]
struct Sessions {
    last_number: u64,
    by_route: HashMap<Route, Session>,
}

struct Session {
    number: u64,
    outbound: queue::Sender<Frame>,
    ending: Ending,
}

/// A session as the one who serves it holds it. Dropping it ends the session.
pub(crate) struct Seat {
    hub: Arc<Hub>,
    number: u64,
    pub(crate) route: Route,
    pub(crate) ending: Ending,
}

/// Enough enrolments are under way.
#[derive(Debug)]
pub(crate) struct TooManyEnrolments {
    pub(crate) limit: usize,
}

impl Hub {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        let (inbound, received) = queue::channel(limits.inbound_bytes);
        Arc::new(Self {
            limits,
            sessions: Mutex::default(),
            inbound,
            received: tokio::sync::Mutex::new(received),
            closed: Ending::default(),
        })
    }

    /// Begins a session, with what is on its way to it; an older one on the same route ends.
    pub(crate) fn join(
        self: &Arc<Self>,
        route: Route,
    ) -> Result<(Seat, queue::Receiver<Frame>), TooManyEnrolments> {
        let (sender, outbound) = queue::channel(self.limits.outbound_bytes);
        let ending = Ending::default();
        let mut sessions = self.sessions();
        let enrolments =
            sessions.by_route.keys().filter(|route| matches!(route, Route::Enrolment(_))).count();
        if matches!(route, Route::Enrolment(_)) && enrolments >= self.limits.enrolment_sessions {
            return Err(TooManyEnrolments { limit: self.limits.enrolment_sessions });
        }
        sessions.last_number += 1;
        let number = sessions.last_number;
        let session = Session { number, outbound: sender, ending: ending.clone() };
        if let Some(older) = sessions.by_route.insert(route, session) {
            older.ending.end(SessionEnd::Superseded);
        }
        if let Some(end) = self.closed.reason() {
            ending.end(end);
        }
        // Under the lock, so that beginnings and ends of a route are told in the order in which they happened.
        self.inbound.send_now(Incoming::Connected(route));
        drop(sessions);
        Ok((Seat { hub: Arc::clone(self), number, route, ending }, outbound))
    }

    /// Returns who has a session.
    pub(crate) fn routes(&self) -> Vec<Route> {
        self.sessions().by_route.keys().copied().collect()
    }

    /// Ends whatever session the route has.
    pub(crate) fn end(&self, route: &Route, reason: SessionEnd) {
        let number = self.sessions().by_route.get(route).map(|session| session.number);
        if let Some(number) = number {
            self.leave(route, number, reason);
        }
    }

    /// Ends all sessions; nothing is received after what is on its way.
    pub(crate) fn close(&self) {
        self.closed.end(SessionEnd::Closed);
        for route in self.routes() {
            self.end(&route, SessionEnd::Closed);
        }
    }

    fn leave(&self, route: &Route, number: u64, reason: SessionEnd) {
        let mut sessions = self.sessions();
        // A newer session on the route goes on; its beginning has told all there is to tell.
        if sessions.by_route.get(route).is_some_and(|session| session.number == number)
            && let Some(session) = sessions.by_route.remove(route)
        {
            session.ending.end(reason);
            self.inbound.send_now(Incoming::Disconnected(*route));
        }
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, Sessions> {
        // The map is whole after each statement, so a panic elsewhere does not spoil it.
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Hands over what the other end said. Waits while the orchestrator has no room.
    pub(crate) async fn deliver(&self, frame: Frame) -> Result<(), SessionEnd> {
        let (size, limit) = (frame.size(), self.hub.limits.enrolment_frame_bytes);
        if matches!(self.route, Route::Enrolment(_)) && size > limit {
            return Err(SessionEnd::EnrolmentFrameTooLarge { size, limit });
        }
        let incoming = Incoming::Frame { from: self.route, frame, ack: Ack::none() };
        tokio::select! {
            biased;
            end = self.ending.ended() => Err(end),
            sent = self.hub.inbound.send(incoming, size) => sent.map_err(|_| SessionEnd::Closed),
        }
    }

    /// Resolves when the session has lasted too long, which only enrolments can.
    pub(crate) async fn outlived(&self) -> SessionEnd {
        match self.route {
            Route::Agent(_) => std::future::pending().await,
            Route::Enrolment(_) => {
                let limit = self.hub.limits.enrolment_lifetime;
                tokio::time::sleep(limit).await;
                SessionEnd::EnrolmentTooLong { limit }
            }
        }
    }

    /// Ends the session with a reason.
    pub(crate) fn leave(&self, reason: SessionEnd) {
        self.ending.end(reason.clone());
        self.hub.leave(&self.route, self.number, reason);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave(SessionEnd::Closed);
    }
}

#[async_trait]
impl OrchestratorBus for Hub {
    async fn publish(&self, to: &Route, frame: Frame) -> Result<(), PublishError> {
        check_size(&frame)?;
        let session =
            self.sessions().by_route.get(to).map(|found| (found.outbound.clone(), found.ending.clone()));
        let Some((outbound, ending)) = session else {
            return Err(PublishError::NotConnected { to: *to });
        };
        let size = frame.size();
        tokio::select! {
            biased;
            end = ending.ended() => Err(PublishError::Ended { end }),
            sent = outbound.send(frame, size) => sent.map_err(|_| PublishError::Ended {
                end: ending.reason().unwrap_or(SessionEnd::Closed),
            }),
        }
    }

    async fn receive(&self) -> Option<Incoming> {
        let mut received = self.received.lock().await;
        tokio::select! {
            biased;
            incoming = received.recv() => incoming.map(|held| held.item),
            _ = self.closed.ended() => None,
        }
    }

    async fn disconnect(&self, route: &Route) -> Result<(), PublishError> {
        self.end(route, SessionEnd::Superseded);
        Ok(())
    }

    fn keeps_frames(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use hostwright_protocol::ids::{AgentId, EnrolmentSessionId};

    use super::*;

    fn enrolment() -> Route {
        Route::Enrolment(EnrolmentSessionId::random(&mut rand::thread_rng()))
    }

    fn agent() -> Route {
        Route::Agent(AgentId::from_uuid(EnrolmentSessionId::random(&mut rand::thread_rng()).as_uuid()))
    }

    async fn told(hub: &Hub) -> String {
        match hub.receive().await.unwrap() {
            Incoming::Connected(route) => format!("+{route}"),
            Incoming::Disconnected(route) => format!("-{route}"),
            Incoming::Frame { from, frame, .. } => format!("{from}: {frame:?}"),
        }
    }

    #[tokio::test]
    async fn takeover_is_told_as_a_beginning_only() {
        let hub = Hub::new(Limits::default());
        let route = agent();
        let (older, _older_outbound) = hub.join(route).unwrap();
        let (newer, _outbound) = hub.join(route).unwrap();
        assert_eq!(older.ending.ended().await, SessionEnd::Superseded);
        drop(older);
        hub.publish(&route, Frame::from_bytes("still there".into())).await.unwrap();
        drop(newer);
        assert_eq!(told(&hub).await, format!("+{route}"));
        assert_eq!(told(&hub).await, format!("+{route}"));
        assert_eq!(told(&hub).await, format!("-{route}"));
        assert_eq!(
            hub.publish(&route, Frame::from_bytes("?".into())).await,
            Err(PublishError::NotConnected { to: route })
        );
    }

    #[tokio::test]
    async fn enrolments_are_bounded_in_number_and_size() {
        let limits = Limits { enrolment_sessions: 1, enrolment_frame_bytes: 4, ..Limits::default() };
        let hub = Hub::new(limits);
        let (first, _outbound) = hub.join(enrolment()).unwrap();
        assert!(hub.join(enrolment()).is_err());
        assert!(hub.join(agent()).is_ok(), "agents are not counted");
        first.deliver(Frame::from_bytes("1234".into())).await.unwrap();
        assert_eq!(
            first.deliver(Frame::from_bytes("12345".into())).await,
            Err(SessionEnd::EnrolmentFrameTooLarge { size: 5, limit: 4 })
        );
        drop(first);
        assert!(hub.join(enrolment()).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn enrolments_are_bounded_in_time() {
        let hub = Hub::new(Limits::default());
        let limit = Limits::default().enrolment_lifetime;
        let (seat, _outbound) = hub.join(enrolment()).unwrap();
        assert_eq!(seat.outlived().await, SessionEnd::EnrolmentTooLong { limit });
    }

    #[tokio::test]
    async fn closing_ends_every_session_and_then_the_bus() {
        let hub = Hub::new(Limits::default());
        let route = agent();
        let (seat, _outbound) = hub.join(route).unwrap();
        hub.close();
        assert_eq!(seat.ending.ended().await, SessionEnd::Closed);
        assert_eq!(told(&hub).await, format!("+{route}"));
        assert_eq!(told(&hub).await, format!("-{route}"));
        assert!(hub.receive().await.is_none());
    }
}
