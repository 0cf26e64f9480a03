//! How one end tells the other why it closes.

use std::time::Duration;

use crate::SessionEnd;

pub(super) const REFUSED: u16 = 4001;
const NORMAL: u16 = 1000;
const TOO_LARGE: u16 = 1009;
const SUPERSEDED: u16 = 4000;
const SILENT: u16 = 4002;
const SLOW: u16 = 4003;
const ENROLMENT: u16 = 4004;

/// A close message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Closing {
    pub(super) code: u16,
    pub(super) reason: String,
}

impl Closing {
    /// Tells the other end why this one ends the session; nothing if the other end knows best, or is gone.
    pub(super) fn for_end(end: &SessionEnd) -> Option<Self> {
        let code = match end {
            SessionEnd::Closed => NORMAL,
            SessionEnd::Superseded => SUPERSEDED,
            SessionEnd::Silent { .. } => SILENT,
            SessionEnd::Slow { .. } => SLOW,
            SessionEnd::EnrolmentTooLong { .. } => ENROLMENT,
            SessionEnd::EnrolmentFrameTooLarge { .. } => TOO_LARGE,
            SessionEnd::ClosedByPeer { .. } | SessionEnd::Broken { .. } => return None,
        };
        Some(Self { code, reason: end.to_string() })
    }

    /// Returns why the session ended, as the other end tells it.
    pub(super) fn into_end(self) -> SessionEnd {
        match self.code {
            SUPERSEDED => SessionEnd::Superseded,
            _ if self.reason.is_empty() => SessionEnd::ClosedByPeer { reason: format!("code {}", self.code) },
            _ => SessionEnd::ClosedByPeer { reason: self.reason },
        }
    }
}

/// How long a close message may take: the other end may be the reason for it.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
