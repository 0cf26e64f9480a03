//! A bus inside one process, for tests and for agents in the orchestrator's own process.

use std::sync::Arc;

use async_trait::async_trait;

use crate::admission::{self, Answer, Authenticator, REFUSAL};
use crate::hub::{Hub, Seat};
use crate::orchestrator::check_size;
use crate::{
    Ack, AgentBus, AgentSession, ConnectError, Frame, Incoming, Limits, Login, OrchestratorBus, PublishError,
    Route, SessionEnd, queue,
};

/// Returns the two ends of a bus that asks whom to admit.
pub fn pair(authenticator: Arc<dyn Authenticator>, limits: Limits) -> (Arc<Orchestrator>, Arc<Agents>) {
    let hub = Hub::new(limits);
    let orchestrator = Orchestrator { hub: Arc::clone(&hub) };
    (Arc::new(orchestrator), Arc::new(Agents { hub, authenticator }))
}

/// The orchestrator's end.
pub struct Orchestrator {
    hub: Arc<Hub>,
}

impl Orchestrator {
    /// Breaks the session on a route, as a cable would.
    pub fn cut(&self, route: &Route) {
        self.hub.end(route, SessionEnd::Broken { reason: "cut".into() });
    }

    /// Breaks all sessions.
    pub fn cut_all(&self) {
        for route in self.hub.routes() {
            self.cut(&route);
        }
    }

    /// Ends all sessions and the bus.
    pub fn close(&self) {
        self.hub.close();
    }
}

#[async_trait]
impl OrchestratorBus for Orchestrator {
    async fn publish(&self, to: &Route, frame: Frame) -> Result<(), PublishError> {
        self.hub.publish(to, frame).await
    }

    async fn receive(&self) -> Option<Incoming> {
        self.hub.receive().await
    }

    async fn disconnect(&self, route: &Route) -> Result<(), PublishError> {
        self.hub.disconnect(route).await
    }

    fn keeps_frames(&self) -> bool {
        self.hub.keeps_frames()
    }
}

/// The agents' end.
pub struct Agents {
    hub: Arc<Hub>,
    authenticator: Arc<dyn Authenticator>,
}

#[async_trait]
impl AgentBus for Agents {
    async fn connect(&self, login: &Login) -> Result<Box<dyn AgentSession>, ConnectError> {
        let challenge = admission::challenge(&*self.authenticator).await;
        let answer = match login {
            Login::Agent { agent, keys } => Answer::Agent(challenge.answer(*agent, keys)),
            Login::Enrolment { token } => Answer::Enrolment(*token),
        };
        let Some(route) = admission::admit(&*self.authenticator, &challenge, &answer).await else {
            return Err(ConnectError::Refused { reason: REFUSAL.into() });
        };
        let (seat, outbound) = self.hub.join(route).map_err(|error| ConnectError::Refused {
            reason: format!("{} enrolments are under way, which is the limit", error.limit),
        })?;
        // Nobody serves the session here, so somebody has to watch that it does not last too long.
        let watched = Arc::new(seat);
        if matches!(route, Route::Enrolment(_)) {
            let seat = Arc::clone(&watched);
            tokio::spawn(async move {
                tokio::select! {
                    end = seat.outlived() => seat.leave(end),
                    _ = seat.ending.ended() => {}
                }
            });
        }
        Ok(Box::new(Session { seat: watched, outbound: tokio::sync::Mutex::new(outbound) }))
    }
}

struct Session {
    seat: Arc<Seat>,
    outbound: tokio::sync::Mutex<queue::Receiver<Frame>>,
}

#[async_trait]
impl AgentSession for Session {
    async fn publish(&self, frame: Frame) -> Result<(), PublishError> {
        check_size(&frame)?;
        self.seat.deliver(frame).await.map_err(|end| {
            self.seat.leave(end.clone());
            PublishError::Ended { end }
        })
    }

    async fn receive(&self) -> Option<(Frame, Ack)> {
        let mut outbound = self.outbound.lock().await;
        tokio::select! {
            biased;
            _ = self.seat.ending.ended() => None,
            held = outbound.recv() => held.map(|held| (held.item, Ack::none())),
        }
    }

    fn end(&self) -> Option<SessionEnd> {
        self.seat.ending.reason()
    }

    fn close(&self) {
        self.seat.leave(SessionEnd::Closed);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.close();
    }
}
