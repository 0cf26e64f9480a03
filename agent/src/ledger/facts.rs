//! The facts that were reported last.

use hostwright_protocol::messages::Facts;
use sqlx::Row;

use super::database::{from_json, to_json};
use super::{Error, Transaction};

impl Transaction {
    /// Returns the facts that were reported last.
    pub async fn reported_facts(&mut self) -> Result<Option<Facts>, Error> {
        let row = sqlx::query("SELECT properties FROM facts").fetch_optional(&mut *self.sql).await?;
        row.map(|row| from_json(row.get("properties"), "facts")).transpose()
    }

    /// Stores the facts that are being reported.
    pub async fn put_facts(&mut self, facts: &Facts) -> Result<(), Error> {
        sqlx::query("INSERT OR REPLACE INTO facts (only_row, properties) VALUES (1, ?)")
            .bind(to_json(facts, "facts")?)
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }
}
