//! Organizations and environments.

use chrono::{DateTime, Utc};
use hostwright_model::environment::Environment;
use hostwright_model::ids::{EnvironmentId, OrganizationId};
use hostwright_model::organization::Organization;
use uuid::Uuid;

use super::loaded;
use crate::Error;

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct OrganizationRow {
    id: Uuid,
    name: String,
    description: String,
    version: i64,
    created_at: DateTime<Utc>,
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct EnvironmentRow {
    id: Uuid,
    organization: Uuid,
    name: String,
    description: String,
    version: i64,
    created_at: DateTime<Utc>,
}

impl TryFrom<OrganizationRow> for Organization {
    type Error = Error;

    fn try_from(row: OrganizationRow) -> Result<Self, Error> {
        let OrganizationRow { id, name, description, version, created_at } = row;
        Ok(Self {
            id: OrganizationId::from_uuid(id),
            name: name.parse().map_err(Error::corrupt("organization"))?,
            description,
            version: loaded("organization", version)?,
            created_at,
        })
    }
}

impl TryFrom<EnvironmentRow> for Environment {
    type Error = Error;

    fn try_from(row: EnvironmentRow) -> Result<Self, Error> {
        let EnvironmentRow { id, organization, name, description, version, created_at } = row;
        Ok(Self {
            id: EnvironmentId::from_uuid(id),
            organization: OrganizationId::from_uuid(organization),
            name: name.parse().map_err(Error::corrupt("environment"))?,
            description,
            version: loaded("environment", version)?,
            created_at,
        })
    }
}
