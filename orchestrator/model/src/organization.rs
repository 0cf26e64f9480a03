//! Organizations: tenants, and walls between them.

use chrono::{DateTime, Utc};

use crate::ids::OrganizationId;
use crate::names::OrganizationName;

/// A tenant. Nothing in it is seen from another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Unique in the site.
    pub name: OrganizationName,
    /// For people.
    pub description: String,
    /// Rises by one with each change of the entity or its settings.
    pub version: u64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}
