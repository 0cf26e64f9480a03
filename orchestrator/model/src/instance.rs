//! Instances: the machines made of hosts.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use indexmap::IndexMap;

use crate::ids::{HostId, OrganizationId};

/// The real machine of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Of which host.
    pub host: HostId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Whether it runs, as far as is known.
    pub state: InstanceState,
    /// By which its driver knows it.
    pub handle: String,
    /// Whether destructive actions are refused.
    pub locked: bool,
    /// What the driver and the agent tell of it; their word, not to be trusted.
    pub properties: IndexMap<String, String>,
    /// Rises by one with each change.
    pub version: u64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl Instance {
    /// Returns what the machine calls itself, if it told.
    pub fn hostname(&self) -> Option<&str> {
        self.properties.get("hostname").map(String::as_str)
    }
}

/// Whether a machine runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InstanceState {
    /// It cannot be told.
    #[default]
    Undefined,
    /// It is being made, or waited for.
    Pending,
    /// It runs.
    Running,
    /// It is held.
    Paused,
    /// It is off.
    Stopped,
}

/// No such state of an instance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no state of an instance")]
pub struct UnknownInstanceState(pub String);

impl InstanceState {
    const ALL: [Self; 5] = [Self::Undefined, Self::Pending, Self::Running, Self::Paused, Self::Stopped];

    /// Returns the name that the API shows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Undefined => "UNDEFINED",
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Paused => "PAUSED",
            Self::Stopped => "STOPPED",
        }
    }
}

impl fmt::Display for InstanceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for InstanceState {
    type Err = UnknownInstanceState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == text)
            .ok_or_else(|| UnknownInstanceState(text.to_owned()))
    }
}
