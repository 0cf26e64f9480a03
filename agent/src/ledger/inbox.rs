//! Ordered messages of the orchestrator, from their receipt until they are settled.

use hostwright_protocol::ids::ChangeId;
use hostwright_protocol::messages::{HighWater, ToAgent};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::database::{from_integer, from_json, to_integer, to_json};
use super::{Error, Transaction};

/// One stored message.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// Where it stands in the lane.
    pub at: HighWater,
    /// What it says.
    pub message: ToAgent,
}

impl Transaction {
    /// Stores the next message of the lane. The caller has checked that it is the next.
    pub async fn receive(&mut self, received: &Received) -> Result<(), Error> {
        let Received { at, message } = received;
        let (kind, change) = columns(message);
        sqlx::query("INSERT INTO inbox (epoch, sequence, kind, change, message) VALUES (?, ?, ?, ?, ?)")
            .bind(to_integer(at.epoch))
            .bind(to_integer(at.sequence))
            .bind(kind)
            .bind(change.map(|id| id.to_string()))
            .bind(to_json(message, "a message")?)
            .execute(&mut *self.sql)
            .await?;
        self.has_message = true;
        self.raise_received(*at).await
    }

    /// Puts a message in the place of the one that stood for it.
    pub async fn put_in_place(&mut self, received: &Received) -> Result<(), Error> {
        let Received { at, message } = received;
        let (kind, change) = columns(message);
        sqlx::query("UPDATE inbox SET kind = ?, change = ?, message = ? WHERE epoch = ? AND sequence = ?")
            .bind(kind)
            .bind(change.map(|id| id.to_string()))
            .bind(to_json(message, "a message")?)
            .bind(to_integer(at.epoch))
            .bind(to_integer(at.sequence))
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }

    /// Returns the first message for the reconciler: a change, a resync or a cancellation.
    pub async fn next_for_reconciler(&mut self) -> Result<Option<Received>, Error> {
        self.first("kind <> 'activation'").await
    }

    /// Returns the activations that wait, oldest first.
    pub async fn waiting_activations(&mut self) -> Result<Vec<Received>, Error> {
        let rows = sqlx::query(
            "SELECT epoch, sequence, message FROM inbox WHERE kind = 'activation' ORDER BY epoch, sequence",
        )
        .fetch_all(&mut *self.sql)
        .await?;
        rows.iter().map(from_row).collect()
    }

    /// Returns whether an activation that came before this place waits to be settled.
    pub async fn activation_waits_before(&mut self, at: HighWater) -> Result<bool, Error> {
        Ok(self.first("kind = 'activation'").await?.is_some_and(|activation| activation.at < at))
    }

    /// Returns whether a later message cancels the change.
    pub async fn is_cancelled(&mut self, change: ChangeId) -> Result<bool, Error> {
        let row = sqlx::query("SELECT 1 FROM inbox WHERE kind = 'cancel' AND change = ?")
            .bind(change.to_string())
            .fetch_optional(&mut *self.sql)
            .await?;
        Ok(row.is_some())
    }

    /// Removes a message that was acted on.
    pub async fn settle(&mut self, at: HighWater) -> Result<(), Error> {
        sqlx::query("DELETE FROM inbox WHERE epoch = ? AND sequence = ?")
            .bind(to_integer(at.epoch))
            .bind(to_integer(at.sequence))
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }

    /// Returns every message that was not acted on yet.
    pub async fn unsettled(&mut self) -> Result<Vec<ToAgent>, Error> {
        let rows = sqlx::query("SELECT message FROM inbox").fetch_all(&mut *self.sql).await?;
        rows.iter().map(|row| from_json(row.get("message"), "a message")).collect()
    }

    /// Passes over a message that cannot be acted on: expired, or of a kind that this version does not know.
    pub async fn pass_over(&mut self, at: HighWater) -> Result<(), Error> {
        self.raise_received(at).await
    }

    async fn first(&mut self, condition: &'static str) -> Result<Option<Received>, Error> {
        let row = sqlx::query(&format!(
            "SELECT epoch, sequence, message FROM inbox WHERE {condition} ORDER BY epoch, sequence LIMIT 1"
        ))
        .fetch_optional(&mut *self.sql)
        .await?;
        row.as_ref().map(from_row).transpose()
    }
}

fn columns(message: &ToAgent) -> (&'static str, Option<ChangeId>) {
    match message {
        ToAgent::Change(change) => ("change", Some(change.id)),
        ToAgent::Resync(resync) => ("resync", Some(resync.change.id)),
        ToAgent::LargeChange(large) => ("large-change", Some(large.change)),
        ToAgent::Cancel(cancel) => ("cancel", Some(cancel.change)),
        ToAgent::Activation(_) => ("activation", None),
        _ => ("other", None),
    }
}

fn from_row(row: &SqliteRow) -> Result<Received, Error> {
    Ok(Received {
        at: HighWater { epoch: from_integer(row.get("epoch")), sequence: from_integer(row.get("sequence")) },
        message: from_json(row.get("message"), "a message")?,
    })
}
