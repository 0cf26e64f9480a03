//! Tasks of the running change, each recorded as begun before its effect.

use std::collections::BTreeMap;

use hostwright_protocol::ids::ChangeId;
use hostwright_protocol::messages::{Difference, TaskBegan, TaskEnded, TaskOutcome, ToOrchestrator};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::database::{from_json, to_json};
use super::{Error, Transaction};
use crate::clock;

/// What is known of one task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRecord {
    /// How far it has come.
    pub state: TaskState,
    /// Whether its effect changed anything, as far as it has ended.
    pub has_changed: bool,
}

/// How far a task has come.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskState {
    /// Nothing was done for it.
    Pending,
    /// Its effect was begun: it may have happened.
    Begun {
        /// Under which its programs run.
        run: String,
        /// What was to be changed, as far as it may be shown.
        differences: Vec<Difference>,
    },
    /// It is over, and reported.
    Ended(TaskOutcome),
}

impl Transaction {
    /// Returns the tasks of a change by number.
    pub async fn tasks(&mut self, change: ChangeId) -> Result<BTreeMap<u32, TaskRecord>, Error> {
        let rows = sqlx::query("SELECT number, state, run, changed, report FROM tasks WHERE change = ?")
            .bind(change.to_string())
            .fetch_all(&mut *self.sql)
            .await?;
        rows.iter().map(|row| Ok((row.get("number"), from_row(row)?))).collect()
    }

    /// Returns one task of a change.
    pub async fn task(&mut self, change: ChangeId, number: u32) -> Result<Option<TaskRecord>, Error> {
        let row =
            sqlx::query("SELECT state, run, changed, report FROM tasks WHERE change = ? AND number = ?")
                .bind(change.to_string())
                .bind(number)
                .fetch_optional(&mut *self.sql)
                .await?;
        row.as_ref().map(from_row).transpose()
    }

    /// Stores and reports that the effect of a task begins.
    pub async fn begin_task(
        &mut self,
        change: ChangeId,
        number: u32,
        run: &str,
        differences: &[Difference],
    ) -> Result<(), Error> {
        sqlx::query("UPDATE tasks SET state = 'begun', run = ?, report = ? WHERE change = ? AND number = ?")
            .bind(run)
            .bind(to_json(&differences, "differences")?)
            .bind(change.to_string())
            .bind(number)
            .execute(&mut *self.sql)
            .await?;
        self.report(&ToOrchestrator::TaskBegan(TaskBegan { change, number, at: clock::now() })).await
    }

    /// Stores and reports how a task ended.
    pub async fn end_task(
        &mut self,
        change: ChangeId,
        number: u32,
        outcome: &TaskOutcome,
    ) -> Result<(), Error> {
        let (state, changed) = match outcome {
            TaskOutcome::Done { changed, .. } => ("done", *changed),
            TaskOutcome::Failed { .. } => ("failed", false),
            TaskOutcome::Interrupted { .. } => ("interrupted", false),
            TaskOutcome::Skipped { .. } => ("skipped", false),
        };
        sqlx::query("UPDATE tasks SET state = ?, changed = ?, report = ? WHERE change = ? AND number = ?")
            .bind(state)
            .bind(changed)
            .bind(to_json(outcome, "an outcome")?)
            .bind(change.to_string())
            .bind(number)
            .execute(&mut *self.sql)
            .await?;
        let ended = TaskEnded { change, number, outcome: outcome.clone(), at: clock::now() };
        self.report(&ToOrchestrator::TaskEnded(ended)).await
    }
}

fn from_row(row: &SqliteRow) -> Result<TaskRecord, Error> {
    let report: Option<String> = row.get("report");
    let state = match row.get::<&str, _>("state") {
        "pending" => TaskState::Pending,
        "begun" => TaskState::Begun {
            run: row.get::<Option<String>, _>("run").unwrap_or_default(),
            differences: from_json(report.as_deref().unwrap_or("[]"), "differences")?,
        },
        _ => TaskState::Ended(from_json(report.as_deref().unwrap_or_default(), "an outcome")?),
    };
    Ok(TaskRecord { state, has_changed: row.get("changed") })
}
