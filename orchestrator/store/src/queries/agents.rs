use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hostwright_model::agent::{Agent, Lanes, Presence, Standing};
use hostwright_model::ids::{AgentId, HostId, OrganizationId};
use sqlx::{query, query_as};

use super::SqlTransaction;
use crate::rows::agent::AgentRow;
use crate::rows::stored;
use crate::{Agents, Error};

#[async_trait]
impl Agents for SqlTransaction {
    async fn insert_agent(&mut self, agent: &Agent) -> Result<(), Error> {
        let Agent {
            id,
            organization,
            environment,
            host,
            signing_key,
            sealing_key,
            version,
            standing,
            presence,
            last_seen,
            lanes: Lanes { sent, receipted, received },
            created_at,
        } = agent;
        let revoked_at = match standing {
            Standing::Trusted => None,
            Standing::Revoked { at } => Some(*at),
        };
        let insert = query(
            "INSERT INTO agents (id, organization, environment, host, signing_key, sealing_key, version, revoked_at,
                 up, last_seen, sent_epoch, sent_sequence, receipted_epoch, receipted_sequence, received_epoch,
                 received_sequence, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        )
        .bind(id.as_uuid())
        .bind(organization.as_uuid())
        .bind(environment.as_uuid())
        .bind(host.map(|host| host.as_uuid()))
        .bind(signing_key)
        .bind(sealing_key)
        .bind(version)
        .bind(revoked_at)
        .bind(*presence == Presence::Up)
        .bind(last_seen)
        .bind(stored(sent.epoch.max(1)))
        .bind(stored(sent.sequence))
        .bind(stored(receipted.epoch))
        .bind(stored(receipted.sequence))
        .bind(stored(received.epoch))
        .bind(stored(received.sequence))
        .bind(created_at);
        self.run("agent of the host", insert).await?;
        Ok(())
    }

    async fn agent_by_id(&mut self, id: AgentId) -> Result<Option<Agent>, Error> {
        let select = query_as::<_, AgentRow>("SELECT * FROM agents WHERE id = $1").bind(id.as_uuid());
        self.find("agent", select).await
    }

    async fn agent(&mut self, organization: OrganizationId, id: AgentId) -> Result<Option<Agent>, Error> {
        let select = query_as::<_, AgentRow>("SELECT * FROM agents WHERE organization = $1 AND id = $2")
            .bind(organization.as_uuid())
            .bind(id.as_uuid());
        self.find("agent", select).await
    }

    async fn agent_of_host(
        &mut self,
        organization: OrganizationId,
        host: HostId,
    ) -> Result<Option<Agent>, Error> {
        let select = query_as::<_, AgentRow>(
            "SELECT * FROM agents WHERE organization = $1 AND host = $2 AND revoked_at IS NULL",
        )
        .bind(organization.as_uuid())
        .bind(host.as_uuid());
        self.find("agent", select).await
    }

    async fn agents(&mut self, organization: OrganizationId) -> Result<Vec<Agent>, Error> {
        let select = query_as::<_, AgentRow>("SELECT * FROM agents WHERE organization = $1 ORDER BY id")
            .bind(organization.as_uuid());
        self.list("agents", select).await
    }

    async fn save_presence(
        &mut self,
        id: AgentId,
        presence: Presence,
        last_seen: Option<DateTime<Utc>>,
    ) -> Result<(), Error> {
        let update = query("UPDATE agents SET up = $2, last_seen = COALESCE($3, last_seen) WHERE id = $1")
            .bind(id.as_uuid())
            .bind(presence == Presence::Up)
            .bind(last_seen);
        self.run("agent", update).await?;
        Ok(())
    }

    async fn save_agent_version(&mut self, id: AgentId, version: &str) -> Result<(), Error> {
        let update = query("UPDATE agents SET version = $2 WHERE id = $1").bind(id.as_uuid()).bind(version);
        self.run("agent", update).await?;
        Ok(())
    }

    async fn all_agents_down(&mut self) -> Result<(), Error> {
        self.run("agents", query("UPDATE agents SET up = FALSE WHERE up = TRUE")).await?;
        Ok(())
    }

    async fn revoke_agent(
        &mut self,
        organization: OrganizationId,
        id: AgentId,
        at: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let revoke = query(
            "UPDATE agents SET revoked_at = $3, up = FALSE
             WHERE organization = $1 AND id = $2 AND revoked_at IS NULL",
        )
        .bind(organization.as_uuid())
        .bind(id.as_uuid())
        .bind(at);
        if !self.touch("agent", revoke).await? {
            return Ok(false);
        }
        for table in ["outbox", "parked_reports", "blob_agents"] {
            let delete = format!("DELETE FROM {table} WHERE agent = $1");
            self.run("agent", query(&delete).bind(id.as_uuid())).await?;
        }
        Ok(true)
    }
}
