//! The orchestrator's end.

use async_trait::async_trait;

use crate::{Ack, Frame, MAX_FRAME_BYTES, Route, SessionEnd};

/// The orchestrator's end of a bus: all agents at once.
#[async_trait]
pub trait OrchestratorBus: Send + Sync {
    /// Hands a frame over to the transport, in order for each route. Waits while there is no room.
    ///
    /// `Ok` does not mean that it was stored at the other end; only its receipt does.
    async fn publish(&self, to: &Route, frame: Frame) -> Result<(), PublishError>;

    /// Returns what comes in next, or nothing once the bus is closed. Cancel-safe; one caller at a time.
    async fn receive(&self) -> Option<Incoming>;

    /// Ends whatever session is on a route, e.g. because its agent was revoked. Who is not admitted gets no new one.
    async fn disconnect(&self, route: &Route) -> Result<(), PublishError>;

    /// Returns whether the transport itself keeps frames until they are acknowledged, so that sending them again before
    /// the agent connects anew would only make duplicates.
    fn keeps_frames(&self) -> bool;
}

/// What comes in from agents.
#[derive(Debug)]
pub enum Incoming {
    /// A session began; what was not receipted is to be sent again. May come twice without an end in between, when a
    /// newer session took the place of an older one.
    Connected(Route),
    /// The session is over. A broker does not notice, so this may be missing.
    Disconnected(Route),
    /// The other end said something. Whether it is who it says, the frame's signature tells.
    Frame {
        /// In whose session.
        from: Route,
        /// What.
        frame: Frame,
        /// To be told when it is stored.
        ack: Ack,
    },
}

/// Why a frame was not handed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// Will never be.
    #[error("a frame of {size} bytes is too large for the bus, the limit is {limit}")]
    TooLarge {
        /// Of the frame.
        size: usize,
        /// Of the bus.
        limit: usize,
    },
    /// There is no session, and nothing keeps frames until there is one.
    #[error("{to} is not connected")]
    NotConnected {
        /// For whom it was.
        to: Route,
    },
    /// This end has no connection.
    #[error("the bus is not connected")]
    Offline,
    /// The session ended in the meantime; whether the frame arrived is unknown.
    #[error("the session ended: {end}")]
    Ended {
        /// Why.
        end: SessionEnd,
    },
    /// There was no room for a long time.
    #[error("the queue of {to} has no room")]
    Full {
        /// Whose queue.
        to: String,
    },
    /// The broker did not take it.
    #[error("the broker did not take the frame: {reason}")]
    Broker {
        /// In its words.
        reason: String,
    },
}

/// Refuses what no transport carries, the same way in all of them.
pub(crate) fn check_size(frame: &Frame) -> Result<(), PublishError> {
    match frame.size() {
        size if size > MAX_FRAME_BYTES => Err(PublishError::TooLarge { size, limit: MAX_FRAME_BYTES }),
        _ => Ok(()),
    }
}
