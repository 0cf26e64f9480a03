//! Why a message is not sealed or not opened.

use chrono::{DateTime, Utc};

use super::meta::Meta;
use crate::frame::FrameError;
use crate::ids::{AgentId, OrganizationId};
use crate::keys::{BadSignature, CertificateError, KeyId};

/// Why a message cannot be sealed: always the sender's mistake.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// It has no JSON form.
    #[error("failed to write the message as JSON")]
    Json {
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// Ordered messages have a sequence, transient ones have none.
    #[error("a message of kind `{kind}` cannot have sequence {sequence}")]
    WrongLane {
        /// Of the message.
        kind: String,
        /// Of the meta.
        sequence: u64,
    },
    /// Sequences rise.
    #[error("sequence {sequence} cannot follow sequence {previous}")]
    WrongOrder {
        /// The one before.
        previous: u64,
        /// Its own.
        sequence: u64,
    },
    /// No bus carries it.
    #[error("the message makes a frame of {size} bytes, the limit is {limit}")]
    TooLarge {
        /// Of the frame.
        size: usize,
        /// For all frames.
        limit: usize,
    },
}

/// Why a frame is not opened.
///
/// From `Malformed` on, the frame was signed by the right key; from `Expired` on, it was also for this receiver and
/// has its place in the lane, which `meta` tells, so that an ordered one can be receipted and the lane goes on.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Not a signed frame.
    #[error("the bytes are not a signed frame")]
    Frame {
        /// Why.
        #[source]
        source: FrameError,
    },
    /// Signed by a key that is not known here: the sender has new ones, or is somebody else.
    #[error("the frame is signed by key {key}, known is {}", list(.known))]
    UnknownKey {
        /// Of the frame.
        key: KeyId,
        /// Those that would be believed.
        known: Vec<KeyId>,
    },
    /// Altered on the way, reflected, or forged.
    #[error("the frame's signature is wrong")]
    BadSignature {
        /// Against which key.
        #[source]
        source: BadSignature,
    },
    /// The sender's certificate is not good now.
    #[error("the frame is signed by key {key}, whose certificate is not good now")]
    Certificate {
        /// Of the frame.
        key: KeyId,
        /// Both times.
        #[source]
        source: CertificateError,
    },
    /// Not an envelope.
    #[error("the payload is not an envelope")]
    Malformed {
        /// Where.
        #[source]
        source: serde_json::Error,
    },
    /// By a newer or older version.
    #[error("the envelope has protocol {got}, this version speaks {supported}")]
    UnsupportedProtocol {
        /// The sender's.
        got: u64,
        /// Ours.
        supported: u8,
    },
    /// Of a foreign organization.
    #[error("the envelope is of organization {got}, expected is {expected}")]
    WrongOrganization {
        /// In the envelope.
        got: OrganizationId,
        /// Here.
        expected: OrganizationId,
    },
    /// Of another agent.
    #[error("the envelope is of agent {got}, expected is {expected}")]
    WrongAgent {
        /// In the envelope.
        got: AgentId,
        /// Here.
        expected: AgentId,
    },
    /// Sequences rise.
    #[error("sequence {sequence} cannot follow sequence {previous}")]
    WrongOrder {
        /// The one before.
        previous: u64,
        /// Its own.
        sequence: u64,
    },
    /// Ordered messages have a sequence, transient ones have none.
    #[error("a message of kind `{kind}` cannot have sequence {sequence}")]
    WrongLane {
        /// Of the message.
        kind: String,
        /// Of the envelope.
        sequence: u64,
    },
    /// Too late.
    #[error("the envelope expired at {}, by the sender's clock it was sent at {}, and it is {bus_time} here", .meta.expires, .meta.time)]
    Expired {
        /// With the sender's times.
        meta: Box<Meta>,
        /// Ours.
        bus_time: DateTime<Utc>,
    },
    /// By a version that has more to say.
    #[error("messages of kind `{kind}` are unknown to this version")]
    UnknownKind {
        /// Its name.
        kind: String,
        /// Its place.
        meta: Box<Meta>,
    },
    /// Known by name, but of another shape.
    #[error("the message of kind `{kind}` is not understood")]
    Body {
        /// Its name.
        kind: String,
        /// Its place.
        meta: Box<Meta>,
        /// Where.
        #[source]
        source: serde_json::Error,
    },
}

fn list(keys: &[KeyId]) -> String {
    match keys {
        [] => "none".into(),
        keys => keys.iter().map(KeyId::to_string).collect::<Vec<_>>().join(", "),
    }
}
