//! Requests that may come twice.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::Error;

/// An answer, as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// HTTP status.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// As sent.
    pub body: Vec<u8>,
}

/// What is known of a request that says it may come twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// It comes for the first time: do it, and store the answer in the same transaction.
    First,
    /// It came before and was answered so.
    Answered(StoredAnswer),
    /// The key was used for another request.
    Different,
}

/// Requests that may come twice. A key belongs to who used it.
#[async_trait]
pub trait IdempotencyKeys {
    /// Looks for what was answered to `caller` under `key`; `fingerprint` is a digest of the request. Two at once wait for
    /// each other.
    async fn replay(
        &mut self,
        caller: &str,
        key: &str,
        fingerprint: &str,
        at: DateTime<Utc>,
    ) -> Result<Replay, Error>;

    /// Stores the answer to a request that [`replay`](IdempotencyKeys::replay) called the first.
    async fn store_answer(&mut self, caller: &str, key: &str, answer: &StoredAnswer) -> Result<(), Error>;

    /// Forgets keys that were used before; says how many.
    async fn prune_idempotency_keys(&mut self, before: DateTime<Utc>) -> Result<u64, Error>;
}
