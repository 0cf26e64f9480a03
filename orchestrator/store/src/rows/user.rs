//! People, roles and API keys.

use chrono::{DateTime, Utc};
use hostwright_model::ids::{ApiKeyId, EnvironmentId, HostId, OrganizationId, UserId};
use hostwright_model::user::{ApiKey, Membership, PasswordHash, RoleScope, User};
use uuid::Uuid;

use super::host::unknown;
use super::loaded;
use crate::Error;

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct UserRow {
    id: Uuid,
    username: String,
    full_name: String,
    email: String,
    role: String,
    password: String,
    disabled: bool,
    version: i64,
    created_at: DateTime<Utc>,
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct MembershipRow {
    organization: Uuid,
    user_id: Uuid,
    level: String,
    owner: Uuid,
    role: String,
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct ApiKeyRow {
    id: Uuid,
    organization: Uuid,
    name: String,
    key_digest: String,
    role: String,
    expires_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl TryFrom<UserRow> for User {
    type Error = Error;

    fn try_from(row: UserRow) -> Result<Self, Error> {
        Ok(Self {
            id: UserId::from_uuid(row.id),
            username: row.username.parse().map_err(Error::corrupt("user"))?,
            full_name: row.full_name,
            email: row.email,
            role: row.role.parse().map_err(Error::corrupt("user"))?,
            password: PasswordHash(row.password),
            disabled: row.disabled,
            version: loaded("user", row.version)?,
            created_at: row.created_at,
        })
    }
}

impl TryFrom<MembershipRow> for Membership {
    type Error = Error;

    fn try_from(row: MembershipRow) -> Result<Self, Error> {
        let MembershipRow { organization, user_id, level, owner, role } = row;
        Ok(Self {
            organization: OrganizationId::from_uuid(organization),
            user: UserId::from_uuid(user_id),
            scope: match level.as_str() {
                "organization" => RoleScope::Organization(OrganizationId::from_uuid(owner)),
                "environment" => RoleScope::Environment(EnvironmentId::from_uuid(owner)),
                "host" => RoleScope::Host(HostId::from_uuid(owner)),
                _ => return Err(unknown("level of a role", &level)),
            },
            role: role.parse().map_err(Error::corrupt("role"))?,
        })
    }
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = Error;

    fn try_from(row: ApiKeyRow) -> Result<Self, Error> {
        let ApiKeyRow { id, organization, name, key_digest, role, expires_at, created_at } = row;
        Ok(Self {
            id: ApiKeyId::from_uuid(id),
            organization: OrganizationId::from_uuid(organization),
            name: name.parse().map_err(Error::corrupt("API key"))?,
            key_digest,
            role: role.parse().map_err(Error::corrupt("API key"))?,
            expires_at,
            created_at,
        })
    }
}
