use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hostwright_model::ids::{AgentId, ChangeId, OrganizationId};
use hostwright_protocol::messages::{HighWater, ToAgent};
use sqlx::{query, query_as};
use uuid::Uuid;

use super::{SqlTransaction, dialect};
use crate::rows::agent::{OutboxRow, high_water};
use crate::rows::{loaded, stored, write_json};
use crate::{Error, Lease, NewMessage, Outbox, OutboxEntry};

#[async_trait]
impl Outbox for SqlTransaction {
    async fn append_message(
        &mut self,
        organization: OrganizationId,
        agent: AgentId,
        message: NewMessage,
    ) -> Result<HighWater, Error> {
        let take = query_as::<_, (i64, i64)>(
            "UPDATE agents SET sent_sequence = sent_sequence + 1 WHERE organization = $1 AND id = $2
             RETURNING sent_epoch, sent_sequence",
        )
        .bind(organization.as_uuid())
        .bind(agent.as_uuid());
        let Some((epoch, sequence)) = self.row("outbox", take).await? else {
            return Err(Error::InUse { what: "agent" });
        };
        let NewMessage { id, content, change, at, expires_at } = message;
        // What was receipted is gone from the table; what was withdrawn never was before anything.
        let insert = query(
            "INSERT INTO outbox (agent, epoch, sequence, previous, organization, id, content, change_id, created_at,
                 expires_at)
             VALUES ($1, $2, $3,
                 (SELECT COALESCE(MAX(place), 0) FROM (
                     SELECT sequence AS place FROM outbox WHERE agent = $1 AND epoch = $2
                     UNION ALL
                     SELECT receipted_sequence AS place FROM agents WHERE id = $1 AND receipted_epoch = $2
                 ) AS places),
                 $4, $5, $6, $7, $8, $9)",
        )
        .bind(agent.as_uuid())
        .bind(epoch)
        .bind(sequence)
        .bind(organization.as_uuid())
        .bind(id.as_uuid())
        .bind(write_json("message", &content)?)
        .bind(change.map(|change| change.as_uuid()))
        .bind(at)
        .bind(expires_at);
        self.run("message", insert).await?;
        self.wakes = true;
        high_water(epoch, sequence)
    }

    async fn messages_after(
        &mut self,
        agent: AgentId,
        after: HighWater,
        limit: u32,
    ) -> Result<Vec<OutboxEntry>, Error> {
        let select = query_as::<_, OutboxRow>(
            "SELECT * FROM outbox WHERE agent = $1 AND (epoch > $2 OR (epoch = $2 AND sequence > $3))
             ORDER BY epoch, sequence LIMIT $4",
        )
        .bind(agent.as_uuid())
        .bind(stored(after.epoch))
        .bind(stored(after.sequence))
        .bind(i64::from(limit));
        self.list("outbox", select).await
    }

    async fn mark_sent(&mut self, agent: AgentId, place: HighWater, at: DateTime<Utc>) -> Result<(), Error> {
        let update = query(
            "UPDATE outbox SET sent_at = $4 WHERE agent = $1 AND epoch = $2 AND sequence = $3 AND sent_at IS NULL",
        )
        .bind(agent.as_uuid())
        .bind(stored(place.epoch))
        .bind(stored(place.sequence))
        .bind(at);
        self.run("outbox", update).await?;
        Ok(())
    }

    async fn receipt_messages(&mut self, agent: AgentId, up_to: HighWater) -> Result<u64, Error> {
        let (epoch, sequence) = (stored(up_to.epoch), stored(up_to.sequence));
        let note = query(
            "UPDATE agents SET receipted_epoch = $2, receipted_sequence = $3
             WHERE id = $1
                 AND (sent_epoch > $2 OR (sent_epoch = $2 AND sent_sequence >= $3))
                 AND (receipted_epoch < $2 OR (receipted_epoch = $2 AND receipted_sequence < $3))",
        )
        .bind(agent.as_uuid())
        .bind(epoch)
        .bind(sequence);
        if !self.touch("outbox", note).await? {
            return Ok(0);
        }
        let delete =
            query("DELETE FROM outbox WHERE agent = $1 AND (epoch < $2 OR (epoch = $2 AND sequence <= $3))")
                .bind(agent.as_uuid())
                .bind(epoch)
                .bind(sequence);
        self.run("outbox", delete).await
    }

    async fn withdraw_message(
        &mut self,
        organization: OrganizationId,
        change: ChangeId,
    ) -> Result<bool, Error> {
        let delete = query_as::<_, (Uuid, i64, i64, i64)>(
            "DELETE FROM outbox WHERE organization = $1 AND change_id = $2 AND sent_at IS NULL
             RETURNING agent, epoch, sequence, previous",
        )
        .bind(organization.as_uuid())
        .bind(change.as_uuid());
        let Some((agent, epoch, sequence, previous)) = self.row("outbox", delete).await? else {
            return Ok(false);
        };
        let mend = query("UPDATE outbox SET previous = $4 WHERE agent = $1 AND epoch = $2 AND previous = $3")
            .bind(agent)
            .bind(epoch)
            .bind(sequence)
            .bind(previous);
        self.run("outbox", mend).await?;
        Ok(true)
    }

    async fn amend_message(
        &mut self,
        organization: OrganizationId,
        change: ChangeId,
        content: &ToAgent,
    ) -> Result<bool, Error> {
        let update = query(
            "UPDATE outbox SET content = $3 WHERE organization = $1 AND change_id = $2 AND sent_at IS NULL",
        )
        .bind(organization.as_uuid())
        .bind(change.as_uuid())
        .bind(write_json("message", content)?);
        self.touch("outbox", update).await
    }

    async fn begin_epoch(&mut self, agent: AgentId, above: u64) -> Result<HighWater, Error> {
        let begin = query_as::<_, (i64,)>(
            "UPDATE agents
             SET sent_epoch = CASE WHEN sent_epoch > $2 THEN sent_epoch ELSE $2 END + 1, sent_sequence = 0
             WHERE id = $1 RETURNING sent_epoch",
        )
        .bind(agent.as_uuid())
        .bind(stored(above));
        let Some((epoch,)) = self.row("agent", begin).await? else {
            return Err(Error::InUse { what: "agent" });
        };
        let select = query_as::<_, (i64, i64)>(
            "SELECT epoch, sequence FROM outbox WHERE agent = $1 ORDER BY epoch, sequence",
        )
        .bind(agent.as_uuid());
        let waiting = self.rows("outbox", select).await?;
        let mut sequence = 0;
        for (old_epoch, old_sequence) in waiting {
            sequence += 1;
            let update = query(
                "UPDATE outbox SET epoch = $4, sequence = $5, previous = $6, sent_at = NULL
                 WHERE agent = $1 AND epoch = $2 AND sequence = $3",
            )
            .bind(agent.as_uuid())
            .bind(old_epoch)
            .bind(old_sequence)
            .bind(epoch)
            .bind(sequence)
            .bind(sequence - 1);
            self.run("outbox", update).await?;
        }
        let update =
            query("UPDATE agents SET sent_sequence = $2 WHERE id = $1").bind(agent.as_uuid()).bind(sequence);
        self.run("agent", update).await?;
        self.wakes = true;
        high_water(epoch, sequence)
    }

    async fn agents_with_messages(&mut self, limit: u32) -> Result<Vec<AgentId>, Error> {
        let select = query_as::<_, (Uuid,)>("SELECT DISTINCT agent FROM outbox ORDER BY agent LIMIT $1")
            .bind(i64::from(limit));
        let rows = self.rows("outbox", select).await?;
        Ok(rows.into_iter().map(|(agent,)| AgentId::from_uuid(agent)).collect())
    }

    async fn lease_lane(
        &mut self,
        agent: AgentId,
        holder: Uuid,
        until: DateTime<Utc>,
    ) -> Result<Option<Lease>, Error> {
        let take = query_as::<_, (i64,)>(
            "UPDATE agents SET fence = fence + 1, lease_holder = $2, lease_until = $3
             WHERE id = $1 AND revoked_at IS NULL RETURNING fence",
        )
        .bind(agent.as_uuid())
        .bind(holder)
        .bind(until);
        let Some((fence,)) = self.row("lease", take).await? else { return Ok(None) };
        Ok(Some(Lease { agent, fence: loaded("lease", fence)?, until }))
    }

    async fn lease_free_lane(
        &mut self,
        agent: AgentId,
        holder: Uuid,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Option<Lease>, Error> {
        let take = query_as::<_, (i64,)>(
            "UPDATE agents SET fence = fence + 1, lease_holder = $2, lease_until = $4
             WHERE id = $1 AND revoked_at IS NULL
                 AND (lease_holder IS NULL OR lease_holder = $2 OR lease_until IS NULL OR lease_until <= $3)
             RETURNING fence",
        )
        .bind(agent.as_uuid())
        .bind(holder)
        .bind(now)
        .bind(until);
        let Some((fence,)) = self.row("lease", take).await? else { return Ok(None) };
        Ok(Some(Lease { agent, fence: loaded("lease", fence)?, until }))
    }

    async fn prolong_leases(&mut self, holder: Uuid, until: DateTime<Utc>) -> Result<Vec<Lease>, Error> {
        let prolong = query_as::<_, (Uuid, i64)>(
            "UPDATE agents SET lease_until = $2 WHERE lease_holder = $1 AND revoked_at IS NULL RETURNING id, fence",
        )
        .bind(holder)
        .bind(until);
        let rows = self.rows("lease", prolong).await?;
        let lease = |(agent, fence)| {
            Ok(Lease { agent: AgentId::from_uuid(agent), fence: loaded("lease", fence)?, until })
        };
        rows.into_iter().map(lease).collect()
    }

    async fn holds_lease(&mut self, lease: &Lease, now: DateTime<Utc>) -> Result<bool, Error> {
        let select = format!(
            "SELECT fence FROM agents WHERE id = $1 AND fence = $2 AND lease_until > $3 AND revoked_at IS NULL{}",
            dialect::FOR_UPDATE
        );
        let select =
            query_as::<_, (i64,)>(&select).bind(lease.agent.as_uuid()).bind(stored(lease.fence)).bind(now);
        Ok(self.row("lease", select).await?.is_some())
    }
}
