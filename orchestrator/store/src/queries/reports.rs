use async_trait::async_trait;
use hostwright_model::ids::AgentId;
use hostwright_protocol::messages::HighWater;
use sqlx::{query, query_as};

use super::{SqlTransaction, dialect};
use crate::rows::agent::{ParkedRow, high_water};
use crate::rows::{stored, write_json};
use crate::{Error, ParkedReport, Receiving, Reports};

#[async_trait]
impl Reports for SqlTransaction {
    async fn receive_report(
        &mut self,
        agent: AgentId,
        place: HighWater,
        previous: u64,
    ) -> Result<Option<Receiving>, Error> {
        let Some(received) = self.lock_received(agent).await? else { return Ok(None) };
        let receiving = judge(received, place, previous);
        if receiving == Receiving::Next {
            self.count_report(agent, place).await?;
        }
        Ok(Some(receiving))
    }

    async fn park_report(&mut self, agent: AgentId, report: &ParkedReport) -> Result<(), Error> {
        let ParkedReport { place, previous, id, report } = report;
        let park = query(
            "INSERT INTO parked_reports (agent, epoch, sequence, previous, id, report)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (agent, epoch, sequence) DO NOTHING",
        )
        .bind(agent.as_uuid())
        .bind(stored(place.epoch))
        .bind(stored(place.sequence))
        .bind(stored(*previous))
        .bind(id.as_uuid())
        .bind(write_json("report", report)?);
        self.run("report", park).await?;
        Ok(())
    }

    async fn take_parked_report(&mut self, agent: AgentId) -> Result<Option<ParkedReport>, Error> {
        let Some(received) = self.lock_received(agent).await? else { return Ok(None) };
        let past = query(
            "DELETE FROM parked_reports WHERE agent = $1 AND (epoch < $2 OR (epoch = $2 AND sequence <= $3))",
        )
        .bind(agent.as_uuid())
        .bind(stored(received.epoch))
        .bind(stored(received.sequence));
        self.run("reports", past).await?;
        let select = query_as::<_, ParkedRow>(
            "SELECT * FROM parked_reports WHERE agent = $1 ORDER BY epoch, sequence LIMIT 1",
        )
        .bind(agent.as_uuid());
        let Some(parked) = self.find::<_, ParkedReport>("reports", select).await? else { return Ok(None) };
        if judge(received, parked.place, parked.previous) != Receiving::Next {
            return Ok(None);
        }
        let take = query("DELETE FROM parked_reports WHERE agent = $1 AND epoch = $2 AND sequence = $3")
            .bind(agent.as_uuid())
            .bind(stored(parked.place.epoch))
            .bind(stored(parked.place.sequence));
        self.run("reports", take).await?;
        self.count_report(agent, parked.place).await?;
        Ok(Some(parked))
    }
}

/// The rule of every lane: a sequence may have holes, so it is the predecessor's that says whether something is missing.
fn judge(received: HighWater, place: HighWater, previous: u64) -> Receiving {
    if place <= received {
        return Receiving::Past;
    }
    let is_next = if place.epoch == received.epoch { previous <= received.sequence } else { previous == 0 };
    if is_next { Receiving::Next } else { Receiving::Early }
}

impl SqlTransaction {
    async fn lock_received(&mut self, agent: AgentId) -> Result<Option<HighWater>, Error> {
        let lock = format!(
            "SELECT received_epoch, received_sequence FROM agents WHERE id = $1 AND revoked_at IS NULL{}",
            dialect::FOR_UPDATE
        );
        let lock = query_as::<_, (i64, i64)>(&lock).bind(agent.as_uuid());
        let row = self.row("agent", lock).await?;
        row.map(|(epoch, sequence)| high_water(epoch, sequence)).transpose()
    }

    async fn count_report(&mut self, agent: AgentId, place: HighWater) -> Result<(), Error> {
        let count = query("UPDATE agents SET received_epoch = $2, received_sequence = $3 WHERE id = $1")
            .bind(agent.as_uuid())
            .bind(stored(place.epoch))
            .bind(stored(place.sequence));
        self.run("agent", count).await?;
        Ok(())
    }
}
