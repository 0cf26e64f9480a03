//! What a signature covers besides the bytes: what kind of statement it is, in which version, for which direction.

use crate::frame::PROTOCOL;

/// The kinds of statements. A signature over one is never one over another.
#[derive(Clone, Copy)]
pub(crate) enum Statement {
    FrameToAgent,
    FrameToOrchestrator,
    Certificate,
    EnrolmentAnswer,
    Login,
}

impl Statement {
    /// Returns the bytes that are signed: context, protocol, direction, content.
    pub(crate) fn over(self, content: &[u8]) -> Vec<u8> {
        let (label, direction) = self.context();
        let mut bytes = Vec::with_capacity(label.len() + 3 + content.len());
        bytes.extend_from_slice(label.as_bytes());
        bytes.push(0);
        bytes.push(PROTOCOL);
        bytes.push(direction);
        bytes.extend_from_slice(content);
        bytes
    }

    /// The zero byte after the context keeps one context from being the beginning of another.
    const fn context(self) -> (&'static str, u8) {
        match self {
            Self::FrameToAgent => ("hostwright frame", 1),
            Self::FrameToOrchestrator => ("hostwright frame", 2),
            Self::Certificate => ("hostwright certificate", 0),
            Self::EnrolmentAnswer => ("hostwright enrolment answer", 1),
            Self::Login => ("hostwright login", 2),
        }
    }
}
