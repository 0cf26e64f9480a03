use async_trait::async_trait;
use hostwright_model::ids::{AgentId, OrganizationId, PluginId};
use hostwright_model::plugin::{Plugin, PluginActivation, PluginKind, PluginSignature, PluginStanding};
use sqlx::{query, query_as};

use super::SqlTransaction;
use super::blobs::{bounded, first};
use crate::rows::plugin::{ActivationRow, PluginRow, StandingRow};
use crate::rows::{loaded, stored, write_json};
use crate::{Error, Plugins};

#[async_trait]
impl Plugins for SqlTransaction {
    async fn insert_plugin(&mut self, plugin: &Plugin, component: &[u8]) -> Result<(), Error> {
        let put = query(
            "INSERT INTO components (digest, bytes, size) VALUES ($1, $2, $3) ON CONFLICT (digest) DO NOTHING",
        )
        .bind(&plugin.digest)
        .bind(component)
        .bind(stored(component.len() as u64));
        self.run("component", put).await?;
        let (publisher_key, signature) = match &plugin.signature {
            PluginSignature::None => (None, None),
            PluginSignature::Trusted { publisher_key, signature } => (Some(publisher_key), Some(signature)),
        };
        let insert = query(
            "INSERT INTO plugins (id, plugin, version, kind, serves, digest, size, summary, manifest, asked,
                 publisher_key, signature, shipped, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        )
        .bind(plugin.id.as_uuid())
        .bind(&plugin.plugin)
        .bind(&plugin.version)
        .bind(plugin.kind.name())
        .bind(plugin.kind.serves())
        .bind(&plugin.digest)
        .bind(stored(plugin.size))
        .bind(&plugin.summary)
        .bind(&plugin.manifest)
        .bind(write_json("plugin", &plugin.asked)?)
        .bind(publisher_key)
        .bind(signature)
        .bind(plugin.shipped)
        .bind(plugin.created_at);
        self.run("version of the plugin", insert).await?;
        Ok(())
    }

    async fn plugin(&mut self, id: PluginId) -> Result<Option<Plugin>, Error> {
        let select = query_as::<_, PluginRow>("SELECT * FROM plugins WHERE id = $1").bind(id.as_uuid());
        self.find("plugin", select).await
    }

    async fn plugin_by_version(&mut self, plugin: &str, version: &str) -> Result<Option<Plugin>, Error> {
        let select = query_as::<_, PluginRow>("SELECT * FROM plugins WHERE plugin = $1 AND version = $2")
            .bind(plugin)
            .bind(version);
        self.find("plugin", select).await
    }

    async fn plugins(&mut self) -> Result<Vec<Plugin>, Error> {
        self.list("plugins", query_as::<_, PluginRow>("SELECT * FROM plugins ORDER BY plugin, id")).await
    }

    async fn component(&mut self, digest: &str) -> Result<Option<Vec<u8>>, Error> {
        let select = query_as::<_, (Vec<u8>,)>("SELECT bytes FROM components WHERE digest = $1").bind(digest);
        Ok(self.row("component", select).await?.map(|(bytes,)| bytes))
    }

    async fn component_part_for_agent(
        &mut self,
        agent: AgentId,
        digest: &str,
        offset: u64,
        length: u64,
    ) -> Result<Option<(u64, Vec<u8>)>, Error> {
        let select = query_as::<_, (i64, Vec<u8>)>(
            "SELECT components.size, substr(components.bytes, $3, $4) FROM components
             WHERE components.digest = $2 AND EXISTS (
                 SELECT 1 FROM activations
                 JOIN plugins ON plugins.id = activations.plugin
                 JOIN agents ON agents.organization = activations.organization
                 WHERE agents.id = $1 AND agents.revoked_at IS NULL AND plugins.digest = $2)",
        )
        .bind(agent.as_uuid())
        .bind(digest)
        .bind(first(offset))
        .bind(bounded(length));
        let part = self.row("component", select).await?;
        part.map(|(size, bytes)| Ok((loaded("component", size)?, bytes))).transpose()
    }

    async fn delete_plugin(&mut self, id: PluginId) -> Result<bool, Error> {
        let delete = query("DELETE FROM plugins WHERE id = $1").bind(id.as_uuid());
        if !self.touch("plugin", delete).await? {
            return Ok(false);
        }
        let unused = query("DELETE FROM components WHERE digest NOT IN (SELECT digest FROM plugins)");
        self.run("component", unused).await?;
        Ok(true)
    }

    async fn activate_plugin(&mut self, activation: &mut PluginActivation) -> Result<u64, Error> {
        let generation = self.next_generation(activation.organization).await?;
        let put = query(
            "INSERT INTO activations (organization, kind, serves, plugin, grants, generation, activated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (organization, kind, serves) DO UPDATE
             SET plugin = excluded.plugin, grants = excluded.grants, generation = excluded.generation,
                 activated_at = excluded.activated_at",
        )
        .bind(activation.organization.as_uuid())
        .bind(activation.serves.name())
        .bind(activation.serves.serves())
        .bind(activation.plugin.as_uuid())
        .bind(write_json("activation", &activation.grants)?)
        .bind(stored(generation))
        .bind(activation.activated_at);
        self.run("activation", put).await?;
        activation.generation = generation;
        Ok(generation)
    }

    async fn deactivate_plugin(
        &mut self,
        organization: OrganizationId,
        serves: &PluginKind,
    ) -> Result<Option<u64>, Error> {
        let delete = query("DELETE FROM activations WHERE organization = $1 AND kind = $2 AND serves = $3")
            .bind(organization.as_uuid())
            .bind(serves.name())
            .bind(serves.serves());
        if !self.touch("activation", delete).await? {
            return Ok(None);
        }
        self.next_generation(organization).await.map(Some)
    }

    async fn activations(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Vec<(PluginActivation, Plugin)>, Error> {
        let select = query_as::<_, ActivationRow>(
            "SELECT activations.organization, activations.kind AS activation_kind,
                 activations.serves AS activation_serves, activations.grants, activations.generation,
                 activations.activated_at, plugins.*
             FROM activations JOIN plugins ON plugins.id = activations.plugin
             WHERE activations.organization = $1 ORDER BY activations.kind, activations.serves",
        )
        .bind(organization.as_uuid());
        let rows = self.rows("activations", select).await?;
        rows.into_iter().map(ActivationRow::into_parts).collect()
    }

    async fn activation_generation(&mut self, organization: OrganizationId) -> Result<u64, Error> {
        let select = query_as::<_, (i64,)>("SELECT activation_generation FROM organizations WHERE id = $1")
            .bind(organization.as_uuid());
        let row = self.row("organization", select).await?;
        row.map_or(Ok(0), |(generation,)| loaded("organization", generation))
    }

    async fn put_plugin_standing(&mut self, standing: &PluginStanding) -> Result<(), Error> {
        let PluginStanding { agent, plugin, digest, generation, state, reported_at } = standing;
        let put = query(
            "INSERT INTO plugin_standings (agent, plugin, digest, generation, state, reported_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (agent, plugin) DO UPDATE
             SET digest = excluded.digest, generation = excluded.generation, state = excluded.state,
                 reported_at = excluded.reported_at",
        )
        .bind(agent.as_uuid())
        .bind(plugin)
        .bind(digest)
        .bind(stored(*generation))
        .bind(write_json("plugin report", state)?)
        .bind(reported_at);
        self.run("plugin report", put).await?;
        Ok(())
    }

    async fn plugin_standings(
        &mut self,
        organization: OrganizationId,
        agent: AgentId,
    ) -> Result<Vec<PluginStanding>, Error> {
        let select = query_as::<_, StandingRow>(
            "SELECT plugin_standings.* FROM plugin_standings JOIN agents ON agents.id = plugin_standings.agent
             WHERE agents.organization = $1 AND agents.id = $2 ORDER BY plugin_standings.plugin",
        )
        .bind(organization.as_uuid())
        .bind(agent.as_uuid());
        self.list("plugin reports", select).await
    }
}

impl SqlTransaction {
    async fn next_generation(&mut self, organization: OrganizationId) -> Result<u64, Error> {
        let raise = query_as::<_, (i64,)>(
            "UPDATE organizations SET activation_generation = activation_generation + 1 WHERE id = $1
             RETURNING activation_generation",
        )
        .bind(organization.as_uuid());
        let row = self.row("organization", raise).await?;
        row.map_or(Err(Error::InUse { what: "organization" }), |(generation,)| {
            loaded("organization", generation)
        })
    }
}
