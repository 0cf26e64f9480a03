//! The beginning of a session, and receipts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A place in one direction of a lane: everything up to it is stored.
///
/// Ordered by epoch first: a new epoch begins when an end was rolled back, and starts again at sequence 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HighWater {
    /// Rises when one end had to begin anew.
    pub epoch: u64,
    /// The last sequence in it; 0 before the first.
    pub sequence: u64,
}

/// Transient: the agent greets; the answer is a [`Welcome`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Random; comes back in the welcome, which is thereby fresh.
    pub nonce: String,
    /// The agent's version.
    pub version: String,
    /// What the agent has stored of the orchestrator's messages.
    pub received: HighWater,
    /// What the agent has ever sent.
    pub sent: HighWater,
}

/// Transient: the orchestrator's answer to a [`Hello`]. Its time is bus time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// That of the hello.
    pub nonce: String,
    /// What the orchestrator has stored of the agent's messages.
    pub received: HighWater,
    /// What the orchestrator has ever sent to this agent.
    pub sent: HighWater,
    /// The orchestrator's clock.
    pub time: DateTime<Utc>,
}

/// Transient: everything up to here is stored durably and need not be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The last one stored without a gap.
    pub stored: HighWater,
}
