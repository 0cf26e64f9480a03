//! What a lane takes from and gives to.

use std::sync::Arc;

use async_trait::async_trait;
use hostwright_protocol::messages::HighWater;

use crate::{Frame, OrchestratorBus, PublishError, Route};

/// Where the messages are: a table, in which they stay until they are receipted.
#[async_trait]
pub trait Backlog: Send + Sync {
    /// Returns the first message after this place, sealed for sending, or nothing if there is none (yet).
    async fn next_after(&self, place: HighWater) -> Result<Option<Outgoing>, BacklogError>;

    /// Remembers that the receiver has stored everything up to this place. Called with rising places; one that was never
    /// sent is for the backlog to notice.
    async fn receipted(&self, place: HighWater) -> Result<(), BacklogError>;
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Where it stands in the lane.
    pub place: HighWater,
    /// The message.
    pub frame: Frame,
}

/// The backlog's own error; the lane tries again later.
pub type BacklogError = Box<dyn std::error::Error + Send + Sync>;

/// Where the messages go.
#[async_trait]
pub trait Outlet: Send + Sync {
    /// Hands a frame over. Waits while there is no room.
    async fn publish(&self, frame: Frame) -> Result<(), PublishError>;
}

/// The outlet of an orchestrator's lane: one route of its bus.
pub struct ToRoute {
    /// Which bus.
    pub bus: Arc<dyn OrchestratorBus>,
    /// Whose lane.
    pub route: Route,
}

#[async_trait]
impl Outlet for ToRoute {
    async fn publish(&self, frame: Frame) -> Result<(), PublishError> {
        self.bus.publish(&self.route, frame).await
    }
}
