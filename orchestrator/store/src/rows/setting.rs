//! Settings.

use chrono::{DateTime, Utc};
use hostwright_model::ids::{ContextId, DistributionId, EnvironmentId, HostId, OrganizationId, PlatformId};
use hostwright_model::setting::{Scope, Setting, SettingKind};
use uuid::Uuid;

use super::host::unknown;
use super::{loaded, read_json};
use crate::Error;

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct SettingRow {
    level: String,
    owner: Uuid,
    key: String,
    kind: String,
    value: String,
    schema: Option<String>,
    version: i64,
    updated_at: DateTime<Utc>,
}

/// What is stored as `kind`.
pub(crate) const VALUE: &str = "value";

impl SettingRow {
    pub(crate) fn scope(&self) -> Result<Scope, Error> {
        let owner = self.owner;
        Ok(match self.level.as_str() {
            "platform" => Scope::Platform(PlatformId::from_uuid(owner)),
            "distribution" => Scope::Distribution(DistributionId::from_uuid(owner)),
            "organization" => Scope::Organization(OrganizationId::from_uuid(owner)),
            "environment" => Scope::Environment(EnvironmentId::from_uuid(owner)),
            "host" => Scope::Host(HostId::from_uuid(owner)),
            "context" => Scope::Context(ContextId::from_uuid(owner)),
            _ => return Err(unknown("level of a setting", &self.level)),
        })
    }
}

impl TryFrom<SettingRow> for Setting {
    type Error = Error;

    fn try_from(row: SettingRow) -> Result<Self, Error> {
        let SettingRow { level: _, owner: _, key, kind, value, schema, version, updated_at } = row;
        if kind != VALUE {
            return Err(unknown("kind of a setting", &kind));
        }
        Ok(Self {
            key: key.parse().map_err(Error::corrupt("setting"))?,
            kind: SettingKind::Value(read_json("setting", &value)?),
            schema: schema.map(|schema| read_json("setting", &schema)).transpose()?,
            version: loaded("setting", version)?,
            updated_at,
        })
    }
}
