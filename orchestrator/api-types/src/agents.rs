//! Agents: the daemons on machines.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The daemon on one machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// Its id.
    pub uuid: String,
    /// Whose it is.
    pub organization: String,
    /// Where its host is.
    pub environment: Option<String>,
    /// Its host; nothing while nobody has said which it is.
    pub host: Option<String>,
    /// Whether it is connected: `UP` or `DOWN`.
    pub state: String,
    /// Its version, once it said so.
    #[serde(default)]
    pub version: Option<String>,
    /// When it was last heard of.
    #[serde(default)]
    pub last_seen: Option<DateTime<Utc>>,
    /// The generation of the desired state that it has.
    pub generation: u64,
    /// What it runs.
    pub plugins: Vec<AgentPlugin>,
}

/// A plugin on one agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AgentPlugin {
    /// Its id, e.g. `hostwright/files`.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// What it realises.
    pub collection: String,
    /// How it is: `active`, or why not.
    pub state: String,
}
