//! Contexts: a template associated with a host.

use chrono::{DateTime, Utc};

use crate::ids::{ApplicationId, ContextId, DistributionId, HostId, OrganizationId, PlatformId};
use crate::names::ResourceName;

/// A template associated with a host. Its settings count for that template on that host only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Its id.
    pub id: ContextId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Which host.
    pub host: HostId,
    /// Which template.
    pub subject: Subject,
    /// Rises by one with each change of it or its settings; shown as `versionStamp`.
    pub version: u64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// What a host is associated with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One of any number of applications.
    Application(ApplicationContext),
    /// Its only platform.
    Platform(PlatformId),
    /// Its only distribution.
    Distribution(DistributionId),
}

/// How an application stands on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationContext {
    /// Which.
    pub application: ApplicationId,
    /// Its place among the host's applications, from 0: lower ones are installed first.
    pub position: u32,
    /// How far it was carried out.
    pub installation: Installation,
    /// Services that are other than the template says, on this host only.
    pub services: Vec<ServiceOverride>,
}

/// How far an application was carried out on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installation {
    /// On paper: the host has no machine yet.
    Recorded,
    /// A change that installs it was sent, or at least queued.
    Installed,
    /// A change that removes it was queued; the context goes when that is done.
    Uninstalling,
}

/// A service that is other than its template says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceOverride {
    /// Which.
    pub name: ResourceName,
    /// Whether it starts with the machine.
    pub enabled: bool,
}

impl Context {
    /// Returns how an application stands, if it is one.
    pub fn application(&self) -> Option<&ApplicationContext> {
        match &self.subject {
            Subject::Application(application) => Some(application),
            Subject::Platform(_) | Subject::Distribution(_) => None,
        }
    }
}

impl Installation {
    /// Returns the name by which it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Installed => "installed",
            Self::Uninstalling => "uninstalling",
        }
    }
}
