//! Why an enrolment does not go on.

use crate::frame::FrameError;
use crate::keys::{BadSignature, CertificateError, Fingerprint, VerifyingKey};
use crate::sealed::UnsealError;

/// Why an enrolment does not go on, at either end.
#[derive(Debug, thiserror::Error)]
pub enum EnrolmentError {
    /// Not a step of an enrolment.
    #[error("the bytes are not a step of an enrolment")]
    Frame {
        /// Why.
        #[source]
        source: FrameError,
    },
    /// By a newer or older version.
    #[error("the other end speaks protocol {got}, this version speaks {supported}")]
    UnsupportedProtocol {
        /// The sender's.
        got: u64,
        /// Ours.
        supported: u8,
    },
    /// Not what belongs here.
    #[error("the step is not understood")]
    Malformed {
        /// Where.
        #[source]
        source: serde_json::Error,
    },
    /// A step, but not the next one.
    #[error("the other end sent {got}, expected was {expected}")]
    WrongStep {
        /// What came.
        got: &'static str,
        /// What was due.
        expected: &'static str,
    },
    /// Whoever answers is not the one that made the token.
    #[error("the orchestrator shows root {got}, the token is by root {expected}")]
    WrongRoot {
        /// Who answers.
        got: Fingerprint,
        /// Who made the token.
        expected: Fingerprint,
    },
    /// It shows the right root without being certified by it.
    #[error("the orchestrator's certificate is not good")]
    Certificate {
        /// Why.
        #[source]
        source: CertificateError,
    },
    /// The answer is not by the certified orchestrator.
    #[error("the answer's signature is wrong")]
    Signature {
        /// Against which key.
        #[source]
        source: BadSignature,
    },
    /// The answer is to a request that somebody else made, or that was made earlier.
    #[error("the answer is to another request")]
    OtherRequest,
    /// The answer pins another root than the one that proved itself.
    #[error("the answer names root {got}, the enrolment is under root {expected}")]
    OtherRoot {
        /// In the answer.
        got: VerifyingKey,
        /// That proved itself.
        expected: VerifyingKey,
    },
    /// The answer puts the machine where the token does not.
    #[error("the answer is for another {what} than the token")]
    OtherPlace {
        /// `organization` or `host`.
        what: &'static str,
    },
    /// The request does not come from the token's holder, or was altered.
    #[error("the request is not authenticated by the token's secret")]
    NotAuthentic,
    /// The request is sealed to other keys, e.g. to those before a change of keys.
    #[error("the request does not open with the orchestrator's key")]
    Unseal {
        /// Why.
        #[source]
        source: UnsealError,
    },
    /// A machine describes itself in a way that is not to be stored.
    #[error("the machine's {name} is empty, too long or has control characters")]
    Description {
        /// Which text.
        name: &'static str,
    },
    /// The orchestrator says no.
    #[error("the orchestrator refuses the enrolment: {reason}")]
    Refused {
        /// In its words.
        reason: String,
    },
}
