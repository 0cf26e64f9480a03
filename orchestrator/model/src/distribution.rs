//! Distributions: operating systems, and how they get onto a machine.

use chrono::{DateTime, Utc};

use crate::ids::{DistributionId, OrganizationId};
use crate::names::DistributionName;
use crate::parameter::Parameter;
use crate::template::TemplateFile;

/// An operating system as hosts are made with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// Its id.
    pub id: DistributionId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Unique in its organization.
    pub name: DistributionName,
    /// For people.
    pub description: String,
    /// Rises by one with each change of the entity or its settings.
    pub version: u64,
    /// Whether it refuses to be changed or deleted.
    pub locked: bool,
    /// What hosts with it can be told.
    pub parameters: Vec<Parameter>,
    /// Files that are rendered for it.
    pub files: Vec<TemplateFile>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}
