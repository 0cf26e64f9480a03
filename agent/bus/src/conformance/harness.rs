//! What a transport brings along.

use std::sync::Arc;

use async_trait::async_trait;

use crate::testing::Directory;
use crate::{AgentBus, OrchestratorBus};

/// A transport that runs, with nobody connected.
#[async_trait]
pub trait Harness: Send + Sync {
    /// Names it in what people read.
    fn name(&self) -> &'static str;

    /// Returns the orchestrator's end.
    fn orchestrator(&self) -> Arc<dyn OrchestratorBus>;

    /// Returns the agents' end.
    fn agents(&self) -> Arc<dyn AgentBus>;

    /// Returns who is known; the transport asks it.
    fn directory(&self) -> &Directory;

    /// Breaks the connections of all agents, as a cable would; they can connect again at once.
    async fn cut(&self);

    /// Returns where strangers are stopped.
    fn refusal(&self) -> Refusal;

    /// Returns more than the transport may take in, in bytes, before publishing waits; buffers of the system included.
    fn most_in_flight(&self) -> usize;
}

/// Where strangers are stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// They get no session.
    AtLogin,
    /// The broker admits them by its own rules, but what they say is dropped.
    OfFrames,
}
