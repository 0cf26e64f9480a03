//! Platforms: where machines are made.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::ids::{OrganizationId, PlatformId};
use crate::names::PlatformName;
use crate::parameter::Parameter;
use crate::template::TemplateFile;

/// Where machines are made: a driver, its settings and its templates.
#[derive(Clone, Debug, PartialEq)]
pub struct Platform {
    /// Its id.
    pub id: PlatformId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Unique in its organization.
    pub name: PlatformName,
    /// For people.
    pub description: String,
    /// Rises by one with each change of the entity or its settings.
    pub version: u64,
    /// Which driver controls it.
    pub driver: DriverName,
    /// What hosts on it can be told.
    pub parameters: Vec<Parameter>,
    /// Files that are rendered for it.
    pub files: Vec<TemplateFile>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// What a driver's `describe` calls itself, e.g. `Manual`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DriverName(pub String);

impl fmt::Display for DriverName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
