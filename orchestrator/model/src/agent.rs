//! Agents: enrolled machines, and the lanes to and from them.

use chrono::{DateTime, Utc};
use hostwright_protocol::messages::HighWater;

use crate::ids::{AgentId, EnvironmentId, HostId, OrganizationId};

/// An enrolled machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Where it was enrolled.
    pub environment: EnvironmentId,
    /// Of which host it is the instance; nothing while it is unclaimed.
    pub host: Option<HostId>,
    /// Its Ed25519 public key.
    pub signing_key: Vec<u8>,
    /// Its X25519 public key.
    pub sealing_key: Vec<u8>,
    /// What it says it is.
    pub version: String,
    /// Whether it is believed.
    pub standing: Standing,
    /// Whether it has a session.
    pub presence: Presence,
    /// The last time something verified came from it.
    pub last_seen: Option<DateTime<Utc>>,
    /// The two lanes.
    pub lanes: Lanes,
    /// When it enrolled.
    pub created_at: DateTime<Utc>,
}

/// Whether an agent is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Trusted,
    /// Nothing of it is taken any more.
    Revoked {
        /// Since when.
        at: DateTime<Utc>,
    },
}

/// Whether an agent has a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It has.
    Up,
    /// It has not.
    Down,
}

/// How far messages went in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lanes {
    /// The last that was ever put into the outbox for it.
    pub sent: HighWater,
    /// The last that it has receipted.
    pub receipted: HighWater,
    /// The last of its reports that was applied.
    pub received: HighWater,
}

impl Presence {
    /// Returns the name that the API shows of an agent.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "UP",
            Self::Down => "DOWN",
        }
    }
}

impl Agent {
    /// Returns whether it is believed.
    pub const fn is_trusted(&self) -> bool {
        matches!(self.standing, Standing::Trusted)
    }
}
