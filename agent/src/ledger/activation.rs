//! The activation in force, and what each of its plugins proved to be.

use hostwright_protocol::messages::ActivePlugin;
use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::database::{from_integer, from_json, to_integer, to_json};
use super::{Error, Transaction};

/// One plugin that was loaded and proven once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPlugin {
    /// What the orchestrator signed.
    pub statement: ActivePlugin,
    /// What the component said.
    pub proven: Proven,
    /// Whether it is the one that serves its collection here.
    pub is_serving: bool,
}

/// What `describe` and `supports` said, so that a start need not load anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proven {
    /// The provider's own name.
    pub provider: String,
    /// Of the collection.
    pub schema_version: u32,
    /// Where its resources stand in a change.
    pub rank: u32,
    /// What it performs.
    pub actions: Vec<String>,
    /// Whether it can serve this machine.
    pub support: Support,
}

/// Whether a provider can serve this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Support {
    /// It can.
    Yes {
        /// The highest one among a publisher's is taken.
        priority: u32,
    },
    /// It cannot.
    No {
        /// In its words.
        reason: String,
    },
}

impl Transaction {
    /// Returns the generation of the activation in force.
    pub async fn activation_generation(&mut self) -> Result<u64, Error> {
        let row = sqlx::query("SELECT generation FROM activation").fetch_one(&mut *self.sql).await?;
        Ok(from_integer(row.get("generation")))
    }

    /// Returns the plugins that are kept.
    pub async fn kept_plugins(&mut self) -> Result<Vec<KeptPlugin>, Error> {
        let rows = sqlx::query("SELECT statement, proven, serving FROM plugins ORDER BY digest")
            .fetch_all(&mut *self.sql)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(KeptPlugin {
                    statement: from_json(row.get("statement"), "a plugin")?,
                    proven: from_json(row.get("proven"), "a plugin")?,
                    is_serving: row.get("serving"),
                })
            })
            .collect()
    }

    /// Stores an activation as a whole.
    pub async fn activate(&mut self, generation: u64, plugins: &[KeptPlugin]) -> Result<(), Error> {
        sqlx::query("UPDATE activation SET generation = ?")
            .bind(to_integer(generation))
            .execute(&mut *self.sql)
            .await?;
        sqlx::query("DELETE FROM plugins").execute(&mut *self.sql).await?;
        for KeptPlugin { statement, proven, is_serving } in plugins {
            sqlx::query(
                "INSERT OR REPLACE INTO plugins (digest, statement, proven, serving) VALUES (?, ?, ?, ?)",
            )
            .bind(&statement.digest)
            .bind(to_json(statement, "a plugin")?)
            .bind(to_json(proven, "a plugin")?)
            .bind(is_serving)
            .execute(&mut *self.sql)
            .await?;
        }
        Ok(())
    }
}
