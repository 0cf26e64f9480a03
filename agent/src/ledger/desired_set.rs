//! Where the desired set stands: its generation, and its digest.

use hostwright_protocol::desired_set;
use hostwright_protocol::messages::ResourceRef;
use serde_json::Value as Json;
use sqlx::Row;

use super::database::{from_integer, to_integer};
use super::{Error, Resource, Transaction};

impl Transaction {
    /// Returns the generation that this agent has reached; 0 before the first change.
    pub async fn generation(&mut self) -> Result<u64, Error> {
        let row = sqlx::query("SELECT generation FROM desired_set").fetch_one(&mut *self.sql).await?;
        Ok(from_integer(row.get("generation")))
    }

    /// Returns the digest of the desired set as it is stored.
    pub async fn desired_digest(&mut self) -> Result<String, Error> {
        Ok(desired_digest(&self.resources().await?))
    }

    /// Stores that a generation was reached.
    pub async fn reach_generation(&mut self, generation: u64) -> Result<(), Error> {
        sqlx::query("UPDATE desired_set SET generation = ?")
            .bind(to_integer(generation))
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }
}

/// Returns the digest of the desired ones among resources.
pub fn desired_digest(resources: &[Resource]) -> String {
    let desired: Vec<(ResourceRef, &Json)> = resources
        .iter()
        .filter(|resource| resource.standing.is_desired())
        .map(|resource| (resource.reference.clone(), &resource.attributes))
        .collect();
    desired_set::digest(desired)
}
