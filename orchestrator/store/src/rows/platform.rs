//! Platforms and distributions.

use chrono::{DateTime, Utc};
use hostwright_model::distribution::Distribution;
use hostwright_model::ids::{DistributionId, OrganizationId, PlatformId};
use hostwright_model::parameter::Parameter;
use hostwright_model::platform::{DriverName, Platform};
use hostwright_model::template::TemplateFile;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::template::{StoredFile, StoredParameter, read_all};
use super::{loaded, read_json, write_json};
use crate::Error;

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct PlatformRow {
    id: Uuid,
    organization: Uuid,
    name: String,
    description: String,
    version: i64,
    driver: String,
    definition: String,
    created_at: DateTime<Utc>,
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct DistributionRow {
    id: Uuid,
    organization: Uuid,
    name: String,
    description: String,
    version: i64,
    locked: bool,
    definition: String,
    created_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Definition {
    format: u32,
    parameters: Vec<StoredParameter>,
    files: Vec<StoredFile>,
}

const FORMAT: u32 = 1;

pub(crate) fn write_definition(parameters: &[Parameter], files: &[TemplateFile]) -> Result<String, Error> {
    let definition = Definition {
        format: FORMAT,
        parameters: parameters.iter().map(Into::into).collect(),
        files: files.iter().map(Into::into).collect(),
    };
    write_json("platform or distribution", &definition)
}

impl TryFrom<PlatformRow> for Platform {
    type Error = Error;

    fn try_from(row: PlatformRow) -> Result<Self, Error> {
        let PlatformRow { id, organization, name, description, version, driver, definition, created_at } =
            row;
        let Definition { format: _, parameters, files } = read_json("platform", &definition)?;
        Ok(Self {
            id: PlatformId::from_uuid(id),
            organization: OrganizationId::from_uuid(organization),
            name: name.parse().map_err(Error::corrupt("platform"))?,
            description,
            version: loaded("platform", version)?,
            driver: DriverName(driver),
            parameters: read_all(parameters)?,
            files: read_all(files)?,
            created_at,
        })
    }
}

impl TryFrom<DistributionRow> for Distribution {
    type Error = Error;

    fn try_from(row: DistributionRow) -> Result<Self, Error> {
        let DistributionRow { id, organization, name, description, version, locked, definition, created_at } =
            row;
        let Definition { format: _, parameters, files } = read_json("distribution", &definition)?;
        Ok(Self {
            id: DistributionId::from_uuid(id),
            organization: OrganizationId::from_uuid(organization),
            name: name.parse().map_err(Error::corrupt("distribution"))?,
            description,
            version: loaded("distribution", version)?,
            locked,
            parameters: read_all(parameters)?,
            files: read_all(files)?,
            created_at,
        })
    }
}
