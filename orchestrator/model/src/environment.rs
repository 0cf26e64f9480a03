//! Environments: groups of hosts that share settings.

use chrono::{DateTime, Utc};

use crate::ids::{EnvironmentId, OrganizationId};
use crate::names::EnvironmentName;

/// Groups hosts of one organization and holds settings that they share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Its id.
    pub id: EnvironmentId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Unique in its organization.
    pub name: EnvironmentName,
    /// For people.
    pub description: String,
    /// Rises by one with each change of the entity or its settings.
    pub version: u64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}
