//! Finding out whether a caller is who the request says.

use axum::http::HeaderMap;
use hostwright_model::ids::{EnvironmentId, HostId, OrganizationId};
use hostwright_model::user::{ApiKey, Membership, Role, RoleScope, SiteRole, User};

use super::credentials::Credentials;
use crate::api::ApiError;
use crate::app::App;
use crate::operations::{Actor, api_keys, users};

/// Who is calling; believed.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// A person, with all roles.
    User {
        /// The person.
        user: User,
        /// In all organizations.
        memberships: Vec<Membership>,
    },
    /// A program.
    Key(ApiKey),
}

/// Where somebody acts, as far as the path says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// In which organization.
    pub(crate) organization: OrganizationId,
    /// In which environment.
    pub(crate) environment: Option<EnvironmentId>,
    /// With which host.
    pub(crate) host: Option<HostId>,
}

impl Caller {
    /// Finds out who sent a request. No transaction is open while a password is checked.
    pub(crate) async fn identify(app: &App, headers: &HeaderMap) -> Result<Self, ApiError> {
        match Credentials::of(headers).map_err(|error| ApiError::unauthenticated(error.to_string()))? {
            Credentials::Basic { username, password } => Self::person(app, &username, &password).await,
            Credentials::Key(key) => Self::program(app, &key).await,
        }
    }

    async fn person(app: &App, username: &str, password: &str) -> Result<Self, ApiError> {
        let Some(user) = users::authenticate(app, username, password).await? else {
            return Err(ApiError::unauthenticated("the user's name or the password is wrong"));
        };
        let mut work = app.look(Actor::System).await?;
        let memberships = users::roles_of(&mut work, user.id).await?;
        Ok(Self::User { user, memberships })
    }

    async fn program(app: &App, key: &str) -> Result<Self, ApiError> {
        match api_keys::authenticate(app, key).await? {
            Some(key) => Ok(Self::Key(key)),
            None => Err(ApiError::unauthenticated("the API key is wrong or has expired")),
        }
    }

    /// Returns how what the caller does is recorded.
    pub(crate) fn actor(&self) -> Actor {
        match self {
            Self::User { user, .. } => {
                Actor::User { username: user.username.to_string(), full_name: user.full_name.clone() }
            }
            Self::Key(key) => Actor::ApiKey { name: key.name.to_string() },
        }
    }

    /// Returns what tells the caller from all others.
    pub(crate) fn identity(&self) -> String {
        match self {
            Self::User { user, .. } => format!("user:{}", user.id),
            Self::Key(key) => format!("key:{}", key.id),
        }
    }

    /// Returns whether the caller owns the site.
    pub(crate) fn is_site_administrator(&self) -> bool {
        matches!(self, Self::User { user, .. } if user.role == SiteRole::Administrator)
    }

    /// Returns whether the caller has any role anywhere in an organization.
    pub(crate) fn belongs_to(&self, organization: OrganizationId) -> bool {
        match self {
            Self::User { memberships, .. } => {
                memberships.iter().any(|membership| membership.organization == organization)
            }
            Self::Key(key) => key.organization == organization,
        }
    }

    /// Returns the roles that count in a place.
    pub(crate) fn roles(&self, place: Place) -> Vec<Role> {
        match self {
            Self::User { memberships, .. } => {
                let counts = |scope: &RoleScope| match scope {
                    RoleScope::Organization(id) => *id == place.organization,
                    RoleScope::Environment(id) => Some(*id) == place.environment,
                    RoleScope::Host(id) => Some(*id) == place.host,
                };
                let here =
                    memberships.iter().filter(|membership| membership.organization == place.organization);
                here.filter(|membership| counts(&membership.scope))
                    .map(|membership| membership.role)
                    .collect()
            }
            Self::Key(key) if key.organization == place.organization => vec![key.role],
            Self::Key(_) => Vec::new(),
        }
    }
}
