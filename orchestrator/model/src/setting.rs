//! Settings: what somebody said, and at which level.

use chrono::{DateTime, Utc};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::ids::{ContextId, DistributionId, EnvironmentId, HostId, OrganizationId, PlatformId};
use crate::names::SettingKey;

/// Gives a key a value, at one level.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Of the parameters that it speaks to, in whatever template.
    pub key: SettingKey,
    /// What it says.
    pub kind: SettingKind,
    /// The schema that was given with it, kept as given.
    pub schema: Option<Json>,
    /// Rises by one with each change.
    pub version: u64,
    /// When it was last written.
    pub updated_at: DateTime<Utc>,
}

/// What a setting says.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingKind {
    /// This.
    Value(Json),
}

impl SettingKind {
    /// Returns the value.
    pub fn value(&self) -> &Json {
        let Self::Value(value) = self;
        value
    }
}

/// Where a setting stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Counts for a whole platform, in platform contexts.
    Platform(PlatformId),
    /// Counts for a whole distribution, in distribution contexts.
    Distribution(DistributionId),
    /// Counts for a whole organization.
    Organization(OrganizationId),
    /// Counts for an environment.
    Environment(EnvironmentId),
    /// Counts for a host.
    Host(HostId),
    /// Counts for one template on one host.
    Context(ContextId),
}

impl Scope {
    /// Returns the name of its level and the id of what stands there.
    pub fn parts(&self) -> (&'static str, Uuid) {
        match self {
            Self::Platform(id) => ("platform", id.as_uuid()),
            Self::Distribution(id) => ("distribution", id.as_uuid()),
            Self::Organization(id) => ("organization", id.as_uuid()),
            Self::Environment(id) => ("environment", id.as_uuid()),
            Self::Host(id) => ("host", id.as_uuid()),
            Self::Context(id) => ("context", id.as_uuid()),
        }
    }
}
