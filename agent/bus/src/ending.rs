//! How sessions end, and that they end once.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Why a session is over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionEnd {
    /// This end closed it.
    #[error("closed here")]
    Closed,
    /// The other end closed it.
    #[error("closed by the other end: {reason}")]
    ClosedByPeer {
        /// In its words.
        reason: String,
    },
    /// A newer session of the same agent took its place, or the agent was revoked.
    #[error("replaced by a newer session of the same agent")]
    Superseded,
    /// Nothing was heard, not even an answer to pings.
    #[error("nothing was heard for {} s", .after.as_secs_f32())]
    Silent {
        /// How long it was waited.
        after: Duration,
    },
    /// The other end did not take what it was sent.
    #[error("a frame could not be handed over in {} s", .after.as_secs_f32())]
    Slow {
        /// How long it was waited.
        after: Duration,
    },
    /// Enrolments are bounded.
    #[error("an enrolment session is limited to {} s", .limit.as_secs_f32())]
    EnrolmentTooLong {
        /// By how much.
        limit: Duration,
    },
    /// Enrolments are bounded.
    #[error("a frame of {size} bytes is too large for an enrolment, the limit is {limit}")]
    EnrolmentFrameTooLarge {
        /// Of the frame.
        size: usize,
        /// Of such frames.
        limit: usize,
    },
    /// The connection broke.
    #[error("the connection broke: {reason}")]
    Broken {
        /// What the system said.
        reason: String,
    },
}

/// Shared by all who may end a session; the first reason stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ending {
    token: CancellationToken,
    reason: Arc<OnceLock<SessionEnd>>,
}

impl Ending {
    pub(crate) fn end(&self, reason: SessionEnd) {
        // The reason first: whoever is woken finds it.
        let _ = self.reason.set(reason);
        self.token.cancel();
    }

    pub(crate) fn reason(&self) -> Option<SessionEnd> {
        self.reason.get().cloned()
    }

    pub(crate) async fn ended(&self) -> SessionEnd {
        self.token.cancelled().await;
        self.reason().unwrap_or(SessionEnd::Closed)
    }
}
