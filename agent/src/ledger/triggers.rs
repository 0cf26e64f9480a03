//! Actions that are owed, until they are paid.
//!
//! A trigger is *possible* when the effect it would be owed to begins, *due* when that effect changed something (or may
//! have, where a crash leaves it unknown), *begun* when the action begins. It goes when the action has ended.

use hostwright_protocol::ids::ChangeId;
use hostwright_protocol::messages::ResourceRef;
use serde_json::Value as Json;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::database::{from_json, to_json};
use super::{Error, Transaction};

/// One debt.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// On what.
    pub resource: ResourceRef,
    /// Which action.
    pub action: String,
    /// Of the action.
    pub attributes: Json,
    /// The change that made the debt.
    pub change: ChangeId,
    /// The task whose effect it is owed to.
    pub task: u32,
    /// What has to be applied before it can be paid.
    pub waits_for: Vec<ResourceRef>,
    /// How far it has come.
    pub state: TriggerState,
}

/// How far a trigger has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TriggerState {
    /// The effect it would be owed to was begun.
    Possible,
    /// It has to be paid.
    Due,
    /// The action was begun.
    Begun {
        /// Under which its programs run.
        run: String,
    },
}

impl Transaction {
    /// Returns every trigger, oldest first.
    pub async fn triggers(&mut self) -> Result<Vec<Trigger>, Error> {
        let rows = sqlx::query("SELECT * FROM triggers ORDER BY id").fetch_all(&mut *self.sql).await?;
        rows.iter().map(from_row).collect()
    }

    /// Stores a debt, or how far it has come.
    pub async fn put_trigger(&mut self, trigger: &Trigger) -> Result<(), Error> {
        let Trigger { resource, action, attributes, change, task, waits_for, state } = trigger;
        let (state, run) = match state {
            TriggerState::Possible => ("possible", None),
            TriggerState::Due => ("due", None),
            TriggerState::Begun { run } => ("begun", Some(run)),
        };
        sqlx::query(
            "INSERT INTO triggers (collection, resource, action, attributes, change, task, waits_for, state, run)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (collection, resource, action, attributes, change, task)
             DO UPDATE SET waits_for = excluded.waits_for, state = excluded.state, run = excluded.run",
        )
        .bind(&resource.collection)
        .bind(&resource.id)
        .bind(action)
        .bind(to_json(attributes, "attributes")?)
        .bind(change.to_string())
        .bind(task)
        .bind(to_json(waits_for, "resources")?)
        .bind(state)
        .bind(run)
        .execute(&mut *self.sql)
        .await?;
        Ok(())
    }

    /// Makes what a task's effect may owe due.
    pub async fn triggers_fall_due(&mut self, change: ChangeId, task: u32) -> Result<(), Error> {
        sqlx::query("UPDATE triggers SET state = 'due' WHERE change = ? AND task = ? AND state = 'possible'")
            .bind(change.to_string())
            .bind(task)
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }

    /// Drops what a task's effect would have owed, because it changed nothing.
    pub async fn triggers_fall_away(&mut self, change: ChangeId, task: u32) -> Result<(), Error> {
        sqlx::query("DELETE FROM triggers WHERE change = ? AND task = ? AND state = 'possible'")
            .bind(change.to_string())
            .bind(task)
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }

    /// Marks every debt of one action as begun under a run's name.
    pub async fn begin_triggers(
        &mut self,
        resource: &ResourceRef,
        action: &str,
        run: &str,
    ) -> Result<(), Error> {
        sqlx::query(
            "UPDATE triggers SET state = 'begun', run = ?
             WHERE collection = ? AND resource = ? AND action = ? AND state <> 'possible'",
        )
        .bind(run)
        .bind(&resource.collection)
        .bind(&resource.id)
        .bind(action)
        .execute(&mut *self.sql)
        .await?;
        Ok(())
    }

    /// Removes every debt of one action on a resource: it ran, or there is nothing left to run it on.
    pub async fn triggers_are_paid(&mut self, resource: &ResourceRef, action: &str) -> Result<(), Error> {
        sqlx::query("DELETE FROM triggers WHERE collection = ? AND resource = ? AND action = ? AND state <> 'possible'")
            .bind(&resource.collection)
            .bind(&resource.id)
            .bind(action)
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }

    /// Removes every debt to a resource that leaves.
    pub async fn forget_triggers(&mut self, resource: &ResourceRef) -> Result<(), Error> {
        sqlx::query("DELETE FROM triggers WHERE collection = ? AND resource = ?")
            .bind(&resource.collection)
            .bind(&resource.id)
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }
}

fn from_row(row: &SqliteRow) -> Result<Trigger, Error> {
    let change: String = row.get("change");
    let state = match row.get::<&str, _>("state") {
        "possible" => TriggerState::Possible,
        "due" => TriggerState::Due,
        _ => TriggerState::Begun { run: row.get::<Option<String>, _>("run").unwrap_or_default() },
    };
    Ok(Trigger {
        resource: ResourceRef { collection: row.get("collection"), id: row.get("resource") },
        action: row.get("action"),
        attributes: from_json(row.get("attributes"), "attributes")?,
        change: change.parse().map_err(|e: uuid::Error| Error::malformed("an id")(e.into()))?,
        task: row.get("task"),
        waits_for: from_json(row.get("waits_for"), "resources")?,
        state,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::ledger::Ledger;

    fn trigger(change: ChangeId, task: u32) -> Trigger {
        Trigger {
            resource: ResourceRef { collection: "services".into(), id: "nginx".into() },
            action: "reload".into(),
            attributes: Json::Null,
            change,
            task,
            waits_for: Vec::new(),
            state: TriggerState::Possible,
        }
    }

    #[tokio::test]
    async fn a_debt_stays_while_one_effect_of_two_changed_something() {
        let (ledger, _directory) = Ledger::fresh().await;
        let mut tx = ledger.begin().await.unwrap();
        let change = ChangeId::from_uuid(clock::new_id());
        tx.put_trigger(&trigger(change, 0)).await.unwrap();
        tx.put_trigger(&trigger(change, 1)).await.unwrap();
        tx.triggers_fall_due(change, 0).await.unwrap();
        tx.triggers_fall_away(change, 1).await.unwrap();
        let left = tx.triggers().await.unwrap();
        assert_eq!(left, [Trigger { state: TriggerState::Due, ..trigger(change, 0) }]);
        tx.triggers_are_paid(&left[0].resource, "reload").await.unwrap();
        assert_eq!(tx.triggers().await.unwrap(), []);
    }
}
