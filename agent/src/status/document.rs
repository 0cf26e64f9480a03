//! The status as a document; each state names why it is so.

use chrono::{DateTime, Utc};
use hostwright_protocol::ids::{AgentId, ChangeId, HostId, OrganizationId};
use serde::{Deserialize, Serialize};

/// Everything that `hostwright-agent status` tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Of the agent.
    pub version: String,
    /// When it was started.
    pub started: DateTime<Utc>,
    /// Who it is, once it is enrolled.
    pub enrolled: Option<Enrolled>,
    /// What it is doing.
    pub activity: Activity,
    /// How it stands with the orchestrator.
    pub link: LinkState,
    /// How the resources stand.
    pub resources: Resources,
    /// Reports that the orchestrator has not stored yet.
    pub waiting_reports: u64,
    /// By how many seconds the machine's clock is ahead of bus time.
    pub clock_ahead_seconds: Option<i64>,
    /// The plugins of the activation in force.
    pub plugins: Vec<PluginStatus>,
}

/// Who the agent is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// This agent.
    pub agent: AgentId,
    /// Whom it serves.
    pub organization: OrganizationId,
    /// Which host it is; none while it waits to be claimed.
    pub host: Option<HostId>,
}

/// What the agent is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Activity {
    /// Opening what it keeps.
    Starting,
    /// It has no identity.
    NotEnrolled,
    /// It is enrolled, and no change has come yet.
    WaitingForFirstDesiredState,
    /// Content for a change is coming in.
    Fetching {
        /// Which.
        change: ChangeId,
        /// For people.
        description: String,
        /// How many parts of content are missing.
        count: usize,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// A change is being applied.
    Applying {
        /// Which.
        change: ChangeId,
        /// For people.
        description: String,
        /// The task that is being done, the first of its batch.
        task: String,
        /// Of the task.
        number: u32,
        /// How many tasks the change has.
        count: usize,
        /// Since when the task.
        since: DateTime<Utc>,
    },
    /// Everything that came was done.
    Idle {
        /// Of the desired set.
        generation: u64,
    },
    /// The ledger cannot be read or written: nothing is begun and nothing is acknowledged.
    LedgerFails {
        /// Why.
        error: String,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// It was asked to end.
    Ending,
}

/// How the agent stands with the orchestrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum LinkState {
    /// It has nobody to talk to yet.
    None,
    /// It tries to reach the bus.
    Connecting {
        /// Where.
        address: String,
        /// How the last attempt ended.
        last_error: Option<String>,
        /// When the next one begins.
        retry_at: Option<DateTime<Utc>>,
    },
    /// It reached the bus, and no orchestrator has answered yet.
    Greeting {
        /// Where.
        address: String,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// It talks with the orchestrator.
    Connected {
        /// Where.
        address: String,
        /// Since when.
        since: DateTime<Utc>,
    },
}

/// How the resources stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// As desired when last looked at.
    pub compliant: usize,
    /// Not as desired.
    pub drifted: usize,
    /// It cannot be told.
    pub unreadable: usize,
    /// Remembered, not watched.
    pub unmonitored: usize,
    /// Looked at by the sweep only, because no watch could be set for them.
    pub swept_only: usize,
}

/// One plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PluginStatus {
    /// `publisher/name`.
    pub plugin: String,
    /// Of the plugin.
    pub version: String,
    /// What it provides.
    pub collection: String,
    /// Whether it is the one that serves the collection here.
    pub is_serving: bool,
    /// Whether it is in memory.
    pub is_loaded: bool,
    /// What it was asked and how it did, since the agent started.
    pub usage: PluginUsage,
}

/// What a plugin was asked and how it did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginUsage {
    /// Calls.
    pub calls: u64,
    /// Of the calls, those that may change something.
    #[serde(default)]
    pub changing_calls: u64,
    /// Calls that the plugin refused or that failed.
    pub failures: u64,
    /// Of the failures, those in which it broke down or went beyond a limit.
    pub traps: u64,
    /// Calls of host functions.
    pub host_calls: u64,
    /// Time in all, in milliseconds.
    pub milliseconds: u64,
    /// The most memory that one call used, in KiB.
    pub peak_memory_kib: u64,
}
