//! Alerts and desired resources.

use chrono::{DateTime, Utc};
use hostwright_model::alert::{Alert, Finding};
use hostwright_model::desired::DesiredResource;
use hostwright_model::ids::{HostId, OrganizationId};
use hostwright_protocol::messages::{Difference, ResourceRef};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

use super::{read_json, write_json};
use crate::Error;

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct AlertRow {
    organization: Uuid,
    host: Uuid,
    collection: String,
    resource: String,
    finding: String,
    since: DateTime<Utc>,
    reported_at: DateTime<Utc>,
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct DesiredRow {
    collection: String,
    resource: String,
    attributes: String,
    applications: String,
    label: String,
    sensitive: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "kebab-case")]
enum StoredFinding {
    Drifted { expected: Json, observed: Json, differences: Vec<Difference> },
    Unreadable { error: String },
}

pub(crate) fn write_finding(finding: &Finding) -> Result<String, Error> {
    let stored = match finding.clone() {
        Finding::Drifted { expected, observed, differences } => {
            StoredFinding::Drifted { expected, observed, differences }
        }
        Finding::Unreadable { error } => StoredFinding::Unreadable { error },
    };
    write_json("alert", &stored)
}

impl TryFrom<AlertRow> for Alert {
    type Error = Error;

    fn try_from(row: AlertRow) -> Result<Self, Error> {
        let AlertRow { organization, host, collection, resource, finding, since, reported_at } = row;
        let finding = match read_json("alert", &finding)? {
            StoredFinding::Drifted { expected, observed, differences } => {
                Finding::Drifted { expected, observed, differences }
            }
            StoredFinding::Unreadable { error } => Finding::Unreadable { error },
        };
        Ok(Self {
            organization: OrganizationId::from_uuid(organization),
            host: HostId::from_uuid(host),
            resource: ResourceRef { collection, id: resource },
            finding,
            since,
            reported_at,
        })
    }
}

impl DesiredRow {
    pub(crate) fn into_parts(self) -> Result<(ResourceRef, DesiredResource), Error> {
        let Self { collection, resource, attributes, applications, label, sensitive } = self;
        let desired = DesiredResource {
            attributes: read_json("desired resource", &attributes)?,
            applications: read_json("desired resource", &applications)?,
            label,
            sensitive,
        };
        Ok((ResourceRef { collection, id: resource }, desired))
    }
}
