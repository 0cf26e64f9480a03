//! Content by digest, in parts.

use serde::{Deserialize, Serialize};

/// How much of a blob travels in one message.
pub const CHUNK_BYTES: u64 = 256 * 1024;

/// Transient: asks for the part of a blob that begins at `offset`. Only blobs that this agent was told of are given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// `sha256:` and hex.
    pub digest: String,
    /// In bytes.
    pub offset: u64,
}

/// Transient: at most [`CHUNK_BYTES`] of a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Of the whole blob.
    pub digest: String,
    /// Where this part begins.
    pub offset: u64,
    /// Of the whole blob, in bytes.
    pub size: u64,
    /// Standard base64.
    pub data: String,
}

/// Transient: the blob is unknown here, or not for this agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoSuchBlob {
    /// As asked.
    pub digest: String,
}
