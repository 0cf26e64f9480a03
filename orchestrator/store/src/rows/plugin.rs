//! Plugins and activations.

use chrono::{DateTime, Utc};
use hostwright_model::ids::{AgentId, OrganizationId, PluginId};
use hostwright_model::plugin::{Plugin, PluginActivation, PluginKind, PluginSignature, PluginStanding};
use uuid::Uuid;

use super::{loaded, read_json};
use crate::Error;

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct PluginRow {
    id: Uuid,
    plugin: String,
    version: String,
    kind: String,
    serves: String,
    digest: String,
    size: i64,
    summary: String,
    manifest: String,
    asked: String,
    publisher_key: Option<String>,
    signature: Option<String>,
    shipped: bool,
    created_at: DateTime<Utc>,
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct ActivationRow {
    organization: Uuid,
    activation_kind: String,
    activation_serves: String,
    grants: String,
    generation: i64,
    activated_at: DateTime<Utc>,
    #[sqlx(flatten)]
    plugin: PluginRow,
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct StandingRow {
    agent: Uuid,
    plugin: String,
    digest: String,
    generation: i64,
    state: String,
    reported_at: DateTime<Utc>,
}

impl TryFrom<PluginRow> for Plugin {
    type Error = Error;

    fn try_from(row: PluginRow) -> Result<Self, Error> {
        let signature = match (row.publisher_key, row.signature) {
            (Some(publisher_key), Some(signature)) => PluginSignature::Trusted { publisher_key, signature },
            _ => PluginSignature::None,
        };
        Ok(Self {
            id: PluginId::from_uuid(row.id),
            plugin: row.plugin,
            version: row.version,
            kind: PluginKind::from_parts(&row.kind, row.serves).map_err(Error::corrupt("plugin"))?,
            digest: row.digest,
            size: loaded("plugin", row.size)?,
            summary: row.summary,
            manifest: row.manifest,
            asked: read_json("plugin", &row.asked)?,
            signature,
            shipped: row.shipped,
            created_at: row.created_at,
        })
    }
}

impl ActivationRow {
    pub(crate) fn into_parts(self) -> Result<(PluginActivation, Plugin), Error> {
        let Self {
            organization,
            activation_kind,
            activation_serves,
            grants,
            generation,
            activated_at,
            plugin,
        } = self;
        let plugin = Plugin::try_from(plugin)?;
        let serves = PluginKind::from_parts(&activation_kind, activation_serves);
        let activation = PluginActivation {
            organization: OrganizationId::from_uuid(organization),
            plugin: plugin.id,
            serves: serves.map_err(Error::corrupt("activation"))?,
            grants: read_json("activation", &grants)?,
            generation: loaded("activation", generation)?,
            activated_at,
        };
        Ok((activation, plugin))
    }
}

impl TryFrom<StandingRow> for PluginStanding {
    type Error = Error;

    fn try_from(row: StandingRow) -> Result<Self, Error> {
        let StandingRow { agent, plugin, digest, generation, state, reported_at } = row;
        Ok(Self {
            agent: AgentId::from_uuid(agent),
            plugin,
            digest,
            generation: loaded("plugin report", generation)?,
            state: read_json("plugin report", &state)?,
            reported_at,
        })
    }
}
