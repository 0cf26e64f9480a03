//! Which content is kept beside the ledger.

use std::collections::BTreeSet;

use hostwright_protocol::messages::{Operation, Resync, ToAgent};
use sqlx::Row;

use super::database::to_integer;
use super::{Error, Transaction};
use crate::blobs;

impl Transaction {
    /// Stores that a blob is complete on disk.
    pub async fn keep_blob(&mut self, digest: &str, size: u64) -> Result<(), Error> {
        sqlx::query("INSERT OR REPLACE INTO blobs (digest, size) VALUES (?, ?)")
            .bind(digest)
            .bind(to_integer(size))
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }

    /// Returns the digests of all kept blobs.
    pub async fn kept_blobs(&mut self) -> Result<Vec<String>, Error> {
        let rows = sqlx::query("SELECT digest FROM blobs").fetch_all(&mut *self.sql).await?;
        Ok(rows.iter().map(|row| row.get("digest")).collect())
    }

    /// Returns the digests of everything that is still needed: by resources, by plugins, by messages not settled yet.
    pub async fn referenced_blobs(&mut self) -> Result<BTreeSet<String>, Error> {
        let mut referenced = BTreeSet::new();
        for resource in self.resources().await? {
            referenced.extend(blobs::references(&resource.attributes));
        }
        for plugin in self.kept_plugins().await? {
            referenced.insert(plugin.statement.digest);
        }
        for message in self.unsettled().await? {
            match message {
                ToAgent::Change(change) | ToAgent::Resync(Resync { change, .. }) => {
                    for task in change.tasks {
                        if let Operation::Apply { attributes, .. } = &task.operation {
                            referenced.extend(blobs::references(attributes));
                        }
                    }
                }
                ToAgent::LargeChange(large) => {
                    referenced.insert(large.digest);
                }
                ToAgent::Activation(activation) => {
                    referenced.extend(activation.plugins.into_iter().map(|plugin| plugin.digest));
                }
                _ => {}
            }
        }
        Ok(referenced)
    }

    /// Stores that a blob is not kept any more.
    pub async fn drop_blob(&mut self, digest: &str) -> Result<(), Error> {
        sqlx::query("DELETE FROM blobs WHERE digest = ?").bind(digest).execute(&mut *self.sql).await?;
        Ok(())
    }
}
