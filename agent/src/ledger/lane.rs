//! How far both directions of the lane have come.

use chrono::{DateTime, Utc};
use hostwright_protocol::messages::HighWater;
use sqlx::Row;

use super::database::{from_integer, time_from_text, time_to_text, to_integer};
use super::{Error, Transaction};

/// Both high-water marks and the bus time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane {
    /// What was stored of the orchestrator's ordered messages.
    pub received: HighWater,
    /// What was ever sent, that is: put into the outbox.
    pub sent: HighWater,
    /// The highest time seen in verified envelopes.
    pub bus_time: Option<DateTime<Utc>>,
}

impl Transaction {
    /// Returns where the lane stands.
    pub async fn lane(&mut self) -> Result<Lane, Error> {
        let row = sqlx::query(
            "SELECT received_epoch, received_sequence, sent_epoch, sent_sequence, bus_time FROM lane",
        )
        .fetch_one(&mut *self.sql)
        .await?;
        let mark = |epoch: &str, sequence: &str| HighWater {
            epoch: from_integer(row.get(epoch)),
            sequence: from_integer(row.get(sequence)),
        };
        Ok(Lane {
            received: mark("received_epoch", "received_sequence"),
            sent: mark("sent_epoch", "sent_sequence"),
            bus_time: row.get::<Option<String>, _>("bus_time").as_deref().map(time_from_text).transpose()?,
        })
    }

    /// Raises the bus time; it never goes back.
    pub async fn raise_bus_time(&mut self, time: DateTime<Utc>) -> Result<(), Error> {
        sqlx::query("UPDATE lane SET bus_time = ?1 WHERE bus_time IS NULL OR bus_time < ?1")
            .bind(time_to_text(time))
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }

    pub(super) async fn raise_received(&mut self, received: HighWater) -> Result<(), Error> {
        sqlx::query("UPDATE lane SET received_epoch = ?, received_sequence = ?")
            .bind(to_integer(received.epoch))
            .bind(to_integer(received.sequence))
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }

    pub(super) async fn raise_sent(&mut self, sent: HighWater) -> Result<(), Error> {
        sqlx::query("UPDATE lane SET sent_epoch = ?, sent_sequence = ?")
            .bind(to_integer(sent.epoch))
            .bind(to_integer(sent.sequence))
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }
}
