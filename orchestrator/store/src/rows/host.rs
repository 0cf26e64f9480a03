//! Hosts, instances and contexts.

use chrono::{DateTime, Utc};
use hostwright_model::context::{ApplicationContext, Context, Installation, ServiceOverride, Subject};
use hostwright_model::host::{Host, HostState};
use hostwright_model::ids::{
    ApplicationId, ContextId, DistributionId, EnvironmentId, HostId, OrganizationId, PlatformId,
};
use hostwright_model::instance::Instance;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{loaded, read_json, write_json};
use crate::Error;

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct HostRow {
    id: Uuid,
    organization: Uuid,
    environment: Uuid,
    name: String,
    description: String,
    version: i64,
    state: String,
    state_since: Option<DateTime<Utc>>,
    state_reason: Option<String>,
    generation: i64,
    created_at: DateTime<Utc>,
}

/// The three columns of a host's state.
#[derive(Debug)]
pub(crate) struct StateColumns {
    pub(crate) state: &'static str,
    pub(crate) since: Option<DateTime<Utc>>,
    pub(crate) reason: Option<String>,
}

impl From<&HostState> for StateColumns {
    fn from(state: &HostState) -> Self {
        let (since, reason) = match state {
            HostState::Defined => (None, None),
            HostState::Provisioning { since } | HostState::Ready { since } => (Some(*since), None),
            HostState::Updating { since, failure } => (Some(*since), failure.clone()),
            HostState::Error { since, reason } => (Some(*since), Some(reason.clone())),
        };
        Self { state: state.name(), since, reason }
    }
}

impl TryFrom<HostRow> for Host {
    type Error = Error;

    fn try_from(row: HostRow) -> Result<Self, Error> {
        let HostRow {
            id,
            organization,
            environment,
            name,
            description,
            version,
            state,
            state_since,
            state_reason,
            generation,
            created_at,
        } = row;
        let since = state_since.unwrap_or(created_at);
        let state = match state.as_str() {
            "DEFINED" => HostState::Defined,
            "PROVISIONING" => HostState::Provisioning { since },
            "READY" => HostState::Ready { since },
            "UPDATING" => HostState::Updating { since, failure: state_reason },
            "ERROR" => HostState::Error { since, reason: state_reason.unwrap_or_default() },
            _ => return Err(unknown("host state", &state)),
        };
        Ok(Self {
            id: HostId::from_uuid(id),
            organization: OrganizationId::from_uuid(organization),
            environment: EnvironmentId::from_uuid(environment),
            name: name.parse().map_err(Error::corrupt("host"))?,
            description,
            version: loaded("host", version)?,
            state,
            generation: loaded("host", generation)?,
            created_at,
        })
    }
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct InstanceRow {
    host: Uuid,
    organization: Uuid,
    state: String,
    handle: String,
    locked: bool,
    properties: String,
    version: i64,
    created_at: DateTime<Utc>,
}

impl TryFrom<InstanceRow> for Instance {
    type Error = Error;

    fn try_from(row: InstanceRow) -> Result<Self, Error> {
        let InstanceRow { host, organization, state, handle, locked, properties, version, created_at } = row;
        let properties: Vec<(String, String)> = read_json("properties of an instance", &properties)?;
        Ok(Self {
            host: HostId::from_uuid(host),
            organization: OrganizationId::from_uuid(organization),
            state: state.parse().map_err(Error::corrupt("instance"))?,
            handle,
            locked,
            properties: properties.into_iter().collect(),
            version: loaded("instance", version)?,
            created_at,
        })
    }
}

/// Pairs keep their order everywhere.
pub(crate) fn write_properties(instance: &Instance) -> Result<String, Error> {
    let properties: Vec<(&String, &String)> = instance.properties.iter().collect();
    write_json("properties of an instance", &properties)
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct ContextRow {
    id: Uuid,
    organization: Uuid,
    host: Uuid,
    application: Option<Uuid>,
    platform: Option<Uuid>,
    distribution: Option<Uuid>,
    position: i64,
    installation: Option<String>,
    services: String,
    version: i64,
    created_at: DateTime<Utc>,
}

/// The columns that say what a context is about.
#[derive(Debug, Default)]
pub(crate) struct SubjectColumns {
    pub(crate) application: Option<Uuid>,
    pub(crate) platform: Option<Uuid>,
    pub(crate) distribution: Option<Uuid>,
    pub(crate) position: i64,
    pub(crate) installation: Option<&'static str>,
    pub(crate) services: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredOverride {
    name: String,
    enabled: bool,
}

impl SubjectColumns {
    pub(crate) fn of(subject: &Subject) -> Result<Self, Error> {
        let none = Self { services: "[]".to_owned(), ..Self::default() };
        Ok(match subject {
            Subject::Platform(id) => Self { platform: Some(id.as_uuid()), ..none },
            Subject::Distribution(id) => Self { distribution: Some(id.as_uuid()), ..none },
            Subject::Application(ApplicationContext { application, position, installation, services }) => {
                let services: Vec<StoredOverride> = (services.iter())
                    .map(|service| StoredOverride {
                        name: service.name.to_string(),
                        enabled: service.enabled,
                    })
                    .collect();
                Self {
                    application: Some(application.as_uuid()),
                    position: i64::from(*position),
                    installation: Some(installation.name()),
                    services: write_json("context", &services)?,
                    ..none
                }
            }
        })
    }
}

impl TryFrom<ContextRow> for Context {
    type Error = Error;

    fn try_from(row: ContextRow) -> Result<Self, Error> {
        let ContextRow {
            id,
            organization,
            host,
            application,
            platform,
            distribution,
            position,
            installation,
            services,
            version,
            created_at,
        } = row;
        let subject = match (application, platform, distribution) {
            (Some(application), None, None) => Subject::Application(ApplicationContext {
                application: ApplicationId::from_uuid(application),
                position: loaded("context", position)?,
                installation: read_installation(installation.as_deref())?,
                services: read_overrides(&services)?,
            }),
            (None, Some(platform), None) => Subject::Platform(PlatformId::from_uuid(platform)),
            (None, None, Some(distribution)) => {
                Subject::Distribution(DistributionId::from_uuid(distribution))
            }
            _ => return Err(unknown("context", &id.to_string())),
        };
        Ok(Self {
            id: ContextId::from_uuid(id),
            organization: OrganizationId::from_uuid(organization),
            host: HostId::from_uuid(host),
            subject,
            version: loaded("context", version)?,
            created_at,
        })
    }
}

fn read_installation(name: Option<&str>) -> Result<Installation, Error> {
    match name {
        Some("recorded") => Ok(Installation::Recorded),
        Some("installed") => Ok(Installation::Installed),
        Some("uninstalling") => Ok(Installation::Uninstalling),
        other => Err(unknown("context", other.unwrap_or_default())),
    }
}

fn read_overrides(services: &str) -> Result<Vec<ServiceOverride>, Error> {
    let services: Vec<StoredOverride> = read_json("context", services)?;
    let read = |service: StoredOverride| {
        let name = service.name.parse().map_err(Error::corrupt("context"))?;
        Ok(ServiceOverride { name, enabled: service.enabled })
    };
    services.into_iter().map(read).collect()
}

/// Something stored has a value that nobody writes.
pub(crate) fn unknown(what: &'static str, value: &str) -> Error {
    Error::Corrupt { what, source: format!("unexpected `{value}`").into() }
}
