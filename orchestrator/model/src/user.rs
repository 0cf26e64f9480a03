//! People and programs that use the API, and what they may do.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use crate::ids::{ApiKeyId, EnvironmentId, HostId, OrganizationId, UserId};
use crate::names::{ApiKeyName, UserName};

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Unique in the site.
    pub username: UserName,
    /// For people.
    pub full_name: String,
    /// Unique in the site if not empty.
    pub email: String,
    /// What they are to the site.
    pub role: SiteRole,
    /// How their password is recognised.
    pub password: PasswordHash,
    /// Whether they are kept out.
    pub disabled: bool,
    /// Rises by one with each change.
    pub version: u64,
    /// When they were added.
    pub created_at: DateTime<Utc>,
}

/// An argon2 hash in its textual form; opaque here.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// What somebody is to the site as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteRole {
    /// Nothing special.
    User,
    /// The site's owner: users, site plugins, trust; no right inside an organization.
    Administrator,
}

/// What somebody may do in an organization, an environment or with a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Everything, and give roles to others.
    Administrator,
    /// Everything with hosts and settings.
    User,
    /// Everything with applications, distributions and platforms.
    Architect,
    /// See everything but secrets.
    Auditor,
}

/// Where a role counts; there and in everything below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoleScope {
    /// In the whole organization.
    Organization(OrganizationId),
    /// In an environment.
    Environment(EnvironmentId),
    /// With a host.
    Host(HostId),
}

/// Gives a person a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Whose organization.
    pub organization: OrganizationId,
    /// Who.
    pub user: UserId,
    /// Where.
    pub scope: RoleScope,
    /// What.
    pub role: Role,
}

/// Lets a program use the API as a member of one organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Of which organization it is a member.
    pub organization: OrganizationId,
    /// Unique in its organization.
    pub name: ApiKeyName,
    /// Hex SHA-256 of the key, which is random and long enough not to be found by trying.
    pub key_digest: String,
    /// What it may do.
    pub role: Role,
    /// Useless after this.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// No such role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no role")]
pub struct UnknownRole(pub String);

impl SiteRole {
    /// Returns the name that the API shows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::Administrator => "ADMIN",
        }
    }
}

impl FromStr for SiteRole {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "USER" => Ok(Self::User),
            "ADMIN" => Ok(Self::Administrator),
            other => Err(UnknownRole(other.to_owned())),
        }
    }
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Administrator, Self::User, Self::Architect, Self::Auditor];

    /// Returns its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::User => "user",
            Self::Architect => "architect",
            Self::Auditor => "auditor",
        }
    }

    /// Returns the group of the API that has this role.
    pub const fn group(self) -> &'static str {
        match self {
            Self::Administrator => "admin",
            Self::User => "users",
            Self::Architect => "architects",
            Self::Auditor => "auditors",
        }
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl RoleScope {
    /// Returns the name of its level and the id of what stands there.
    pub fn parts(&self) -> (&'static str, uuid::Uuid) {
        match self {
            Self::Organization(id) => ("organization", id.as_uuid()),
            Self::Environment(id) => ("environment", id.as_uuid()),
            Self::Host(id) => ("host", id.as_uuid()),
        }
    }
}
