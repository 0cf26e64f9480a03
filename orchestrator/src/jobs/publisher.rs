//! The only place that hands frames to the bus; signs them at that moment.

use std::sync::Arc;

use async_trait::async_trait;
use hostwright_bus::lane::Outlet;
use hostwright_bus::{Frame, OrchestratorBus, PublishError, Route};
use hostwright_model::clock::Clock;
use hostwright_model::ids::fresh;
use hostwright_protocol::envelope::{Identity, Meta, SealError, seal_to_agent};
use hostwright_protocol::ids::{AgentId, EnrolmentSessionId};
use hostwright_protocol::keys::OrchestratorKeys;
use hostwright_protocol::messages::ToAgent;
use hostwright_store::OutboxEntry;

/// Signs and publishes.
#[derive(Clone)]
pub struct Publisher {
    bus: Arc<dyn OrchestratorBus>,
    keys: Arc<OrchestratorKeys>,
    clock: Arc<dyn Clock>,
}

/// A frame was not handed over.
#[derive(Debug, thiserror::Error)]
pub enum PublishFailure {
    /// It could not be made.
    #[error("the message cannot be signed: {0}")]
    Seal(SealError),
    /// The bus did not take it.
    #[error("{0}")]
    Bus(PublishError),
}

impl Publisher {
    /// Publishes with these keys.
    pub fn new(bus: Arc<dyn OrchestratorBus>, keys: Arc<OrchestratorKeys>, clock: Arc<dyn Clock>) -> Self {
        Self { bus, keys, clock }
    }

    /// Says something to an agent that may be lost.
    pub async fn transient(&self, to: Identity, message: ToAgent) -> Result<(), PublishFailure> {
        let meta = Meta::transient(to, fresh(&*self.clock), self.clock.now());
        let frame = seal_to_agent(&self.keys, &meta, &message).map_err(PublishFailure::Seal)?;
        self.bus.publish(&Route::Agent(to.agent), frame).await.map_err(PublishFailure::Bus)
    }

    /// Answers a machine that wants to become an agent.
    pub async fn enrolment(&self, session: EnrolmentSessionId, frame: Frame) -> Result<(), PublishFailure> {
        self.bus.publish(&Route::Enrolment(session), frame).await.map_err(PublishFailure::Bus)
    }

    /// Signs what is sent of a message of the outbox, with its place and the time of now.
    pub(super) fn seal(&self, entry: &OutboxEntry, content: &ToAgent) -> Result<Frame, SealError> {
        let identity = Identity { organization: entry.organization, agent: entry.agent };
        let message = &entry.message;
        let meta = Meta {
            expires: message.expires_at,
            ..Meta::ordered(identity, message.id, entry.place, entry.previous, self.clock.now())
        };
        seal_to_agent(&self.keys, &meta, content)
    }

    /// Returns where the lane of an agent sends.
    pub(super) fn outlet(&self, agent: AgentId) -> Arc<dyn Outlet> {
        Arc::new(AgentOutlet { bus: self.bus.clone(), agent })
    }

    pub(super) fn bus(&self) -> &dyn OrchestratorBus {
        &*self.bus
    }
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Publisher(..)")
    }
}

struct AgentOutlet {
    bus: Arc<dyn OrchestratorBus>,
    agent: AgentId,
}

#[async_trait]
impl Outlet for AgentOutlet {
    async fn publish(&self, frame: Frame) -> Result<(), PublishError> {
        self.bus.publish(&Route::Agent(self.agent), frame).await
    }
}
