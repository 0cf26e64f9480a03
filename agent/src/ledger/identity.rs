//! Who this agent is.

use chrono::{DateTime, Utc};
use hostwright_protocol::ids::{AgentId, HostId, OrganizationId};
use hostwright_protocol::keys::PinnedRoot;
use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::database::{from_json, time_from_text, time_to_text, to_json};
use super::{Error, Transaction};

/// What enrolment gave. The private keys are not in it; they lie in a file of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// This agent.
    pub agent: AgentId,
    /// Whom it serves.
    pub organization: OrganizationId,
    /// Of the machine that was enrolled; on another one the keys do not start.
    pub machine_id: String,
    /// The rest.
    pub document: IdentityDocument,
    /// On the machine's clock.
    pub enrolled_at: DateTime<Utc>,
}

/// The part of the identity that may grow, kept as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityDocument {
    /// The host that the token named, if it named one.
    #[serde(default)]
    pub host: Option<HostId>,
    /// Address of the bus, as the orchestrator gave it.
    pub bus: String,
    /// Whom the agent believes.
    pub pinned: PinnedRoot,
    /// Name of the file with the agent's keys.
    pub keys: String,
}

impl Transaction {
    /// Returns who this agent is, once it is enrolled.
    pub async fn identity(&mut self) -> Result<Option<Identity>, Error> {
        let row = sqlx::query("SELECT agent, organization, machine_id, document, enrolled_at FROM identity")
            .fetch_optional(&mut *self.sql)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let id = |column: &str| {
            row.get::<String, _>(column)
                .parse::<uuid::Uuid>()
                .map_err(|e| Error::malformed("an id")(e.into()))
        };
        Ok(Some(Identity {
            agent: AgentId::from_uuid(id("agent")?),
            organization: OrganizationId::from_uuid(id("organization")?),
            machine_id: row.get("machine_id"),
            document: from_json(row.get("document"), "an identity")?,
            enrolled_at: time_from_text(row.get("enrolled_at"))?,
        }))
    }

    /// Stores who this agent is from now on, and forgets whatever another identity left.
    pub async fn become_agent(&mut self, identity: &Identity) -> Result<(), Error> {
        let Identity { agent, organization, machine_id, document, enrolled_at } = identity;
        for table in [
            "identity",
            "inbox",
            "outbox",
            "resources",
            "tasks",
            "changes",
            "triggers",
            "alerts",
            "plugins",
            "facts",
        ] {
            sqlx::query(&format!("DELETE FROM {table}")).execute(&mut *self.sql).await?;
        }
        for reset in [
            "UPDATE lane SET received_epoch = 0, received_sequence = 0, sent_epoch = 1, sent_sequence = 0, bus_time = NULL",
            "UPDATE desired_set SET generation = 0",
            "UPDATE activation SET generation = 0",
        ] {
            sqlx::query(reset).execute(&mut *self.sql).await?;
        }
        sqlx::query(
            "INSERT INTO identity (only_row, agent, organization, machine_id, document, enrolled_at)
             VALUES (1, ?, ?, ?, ?, ?)",
        )
        .bind(agent.to_string())
        .bind(organization.to_string())
        .bind(machine_id)
        .bind(to_json(document, "an identity")?)
        .bind(time_to_text(*enrolled_at))
        .execute(&mut *self.sql)
        .await?;
        Ok(())
    }

    /// Stores what changed of the identity's document, e.g. a newer certificate.
    pub async fn update_identity_document(&mut self, document: &IdentityDocument) -> Result<(), Error> {
        sqlx::query("UPDATE identity SET document = ?")
            .bind(to_json(document, "an identity")?)
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }
}
