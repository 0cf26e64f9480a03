//! Changes from their beginning to their end.

use std::collections::BTreeSet;

use hostwright_protocol::ids::ChangeId;
use hostwright_protocol::messages::{ChangeOutcome, Resync};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::database::{from_json, time_to_text, to_json};
use super::{Error, Transaction};
use crate::clock;

/// How many ended changes are remembered.
const REMEMBERED: i64 = 50;

/// A change that was begun.
#[derive(Clone, Debug, PartialEq)]
pub struct BegunChange {
    /// The change; what it removes only in a resync.
    pub body: Resync,
    /// Whether it is the whole desired set.
    pub is_resync: bool,
    /// Numbers of the tasks with a refresh whose resource was there and active before the change.
    pub active: BTreeSet<u32>,
    /// Rises each time the change is taken up again; part of the names under which its programs run.
    pub attempt: u32,
}

impl BegunChange {
    /// Returns the name under which the programs of one of its steps run.
    pub fn run_name(&self, step: &str) -> String {
        format!("{}-{}-{step}", self.body.change.id.as_uuid().simple(), self.attempt)
    }
}

impl Transaction {
    /// Stores that a change begins, with all its tasks pending.
    pub async fn begin_change(&mut self, change: &BegunChange) -> Result<(), Error> {
        let id = change.body.change.id.to_string();
        sqlx::query(
            "INSERT INTO changes (id, resync, body, active, attempt, state, began_at)
             VALUES (?, ?, ?, ?, ?, 'running', ?)",
        )
        .bind(&id)
        .bind(change.is_resync)
        .bind(to_json(&change.body, "a change")?)
        .bind(to_json(&change.active, "task numbers")?)
        .bind(change.attempt)
        .bind(time_to_text(clock::now()))
        .execute(&mut *self.sql)
        .await?;
        for task in &change.body.change.tasks {
            sqlx::query("INSERT INTO tasks (change, number, state) VALUES (?, ?, 'pending')")
                .bind(&id)
                .bind(task.number)
                .execute(&mut *self.sql)
                .await?;
        }
        Ok(())
    }

    /// Returns the change that was begun and has not ended, if there is one.
    pub async fn running_change(&mut self) -> Result<Option<BegunChange>, Error> {
        let row = sqlx::query("SELECT * FROM changes WHERE state = 'running' ORDER BY position LIMIT 1")
            .fetch_optional(&mut *self.sql)
            .await?;
        row.as_ref().map(from_row).transpose()
    }

    /// Returns how a change ended, if it was begun and ended before.
    pub async fn outcome_of_change(&mut self, change: ChangeId) -> Result<Option<ChangeOutcome>, Error> {
        let row = sqlx::query("SELECT outcome FROM changes WHERE id = ? AND state = 'ended'")
            .bind(change.to_string())
            .fetch_optional(&mut *self.sql)
            .await?;
        row.and_then(|row| row.get::<Option<String>, _>("outcome"))
            .map(|text| from_json(&text, "an outcome"))
            .transpose()
    }

    /// Counts one more attempt at a change that was interrupted.
    pub async fn take_up_again(&mut self, change: ChangeId) -> Result<(), Error> {
        sqlx::query("UPDATE changes SET attempt = attempt + 1 WHERE id = ?")
            .bind(change.to_string())
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }

    /// Stores that a change has ended, and forgets the oldest ones.
    pub async fn end_change(&mut self, change: ChangeId, outcome: &ChangeOutcome) -> Result<(), Error> {
        sqlx::query(
            "UPDATE changes SET state = 'ended', outcome = ?, ended_at = ?, body = '{}' WHERE id = ?",
        )
        .bind(to_json(outcome, "an outcome")?)
        .bind(time_to_text(clock::now()))
        .bind(change.to_string())
        .execute(&mut *self.sql)
        .await?;
        sqlx::query("DELETE FROM tasks WHERE change = ?")
            .bind(change.to_string())
            .execute(&mut *self.sql)
            .await?;
        sqlx::query(
            "DELETE FROM changes WHERE state = 'ended' AND position <=
             (SELECT max(position) FROM changes) - ?",
        )
        .bind(REMEMBERED)
        .execute(&mut *self.sql)
        .await?;
        Ok(())
    }
}

fn from_row(row: &SqliteRow) -> Result<BegunChange, Error> {
    Ok(BegunChange {
        body: from_json(row.get("body"), "a change")?,
        is_resync: row.get("resync"),
        active: from_json(row.get("active"), "task numbers")?,
        attempt: row.get("attempt"),
    })
}
