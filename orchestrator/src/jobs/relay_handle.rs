//! How everybody else speaks to the relay.

use std::sync::{Arc, Mutex, PoisonError};

use hostwright_protocol::envelope::Identity;
use hostwright_protocol::ids::AgentId;
use hostwright_protocol::messages::HighWater;
use tokio::sync::mpsc;

/// Speaks to the [`OutboxRelay`](super::OutboxRelay). Cloning is cheap.
#[derive(Clone, Debug)]
pub struct RelayHandle {
    signals: mpsc::UnboundedSender<Signal>,
    received: Arc<Mutex<Option<mpsc::UnboundedReceiver<Signal>>>>,
}

/// What the relay is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Signal {
    /// There may be something to send.
    Wake(AgentId),
    /// A session began; everything up to here was receipted.
    Connected(Identity, HighWater),
    /// It is over.
    Disconnected(AgentId),
    /// The agent is not believed any more: whatever session it has, ends.
    Dismissed(AgentId),
    /// Everything up to here is stored there.
    Receipted(AgentId, HighWater),
}

impl Default for RelayHandle {
    fn default() -> Self {
        let (signals, received) = mpsc::unbounded_channel();
        Self { signals, received: Arc::new(Mutex::new(Some(received))) }
    }
}

impl RelayHandle {
    pub(crate) fn wake(&self, agent: AgentId) {
        self.tell(Signal::Wake(agent));
    }

    pub(crate) fn connected(&self, agent: Identity, receipted: HighWater) {
        self.tell(Signal::Connected(agent, receipted));
    }

    pub(crate) fn disconnected(&self, agent: AgentId) {
        self.tell(Signal::Disconnected(agent));
    }

    pub(crate) fn dismissed(&self, agent: AgentId) {
        self.tell(Signal::Dismissed(agent));
    }

    pub(crate) fn receipted(&self, agent: AgentId, place: HighWater) {
        self.tell(Signal::Receipted(agent, place));
    }

    /// Returns the other end, once.
    pub(super) fn signals(&self) -> Option<mpsc::UnboundedReceiver<Signal>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn tell(&self, signal: Signal) {
        // Without a relay there is nobody to be told; agents greet it when it is there, or it looks into the outbox.
        let _ = self.signals.send(signal);
    }
}
