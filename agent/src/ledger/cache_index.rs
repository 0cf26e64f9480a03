//! The digest of each compiled component, so that nothing else than what was compiled here is loaded.

use async_trait::async_trait;
use hostwright_runtime::CacheIndex;
use sqlx::Row;
use tracing::warn;

use super::{Error, Ledger, Transaction};

/// The index of the compiled cache in the ledger.
#[derive(Clone, Debug)]
pub struct LedgerCacheIndex(pub Ledger);

#[async_trait]
impl CacheIndex for LedgerCacheIndex {
    async fn recorded(&self, key: &str) -> Option<String> {
        let recorded = async { self.0.begin().await?.compiled_digest(key).await };
        match recorded.await {
            Ok(recorded) => recorded,
            Err(error) => {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "the index of the compiled cache cannot be read"
                );
                None
            }
        }
    }

    async fn record(&self, key: &str, sha256_hex: &str) {
        let record = async {
            let mut tx = self.0.begin().await?;
            tx.record_compiled(key, sha256_hex).await?;
            tx.commit().await
        };
        if let Err(error) = record.await {
            warn!(
                error = &error as &dyn std::error::Error,
                "the index of the compiled cache cannot be written"
            );
        }
    }
}

impl Transaction {
    /// Returns the digest of a file of the compiled cache.
    pub async fn compiled_digest(&mut self, key: &str) -> Result<Option<String>, Error> {
        let row = sqlx::query("SELECT sha256 FROM compiled_cache WHERE key = ?")
            .bind(key)
            .fetch_optional(&mut *self.sql)
            .await?;
        Ok(row.map(|row| row.get("sha256")))
    }

    /// Stores the digest of a file of the compiled cache.
    pub async fn record_compiled(&mut self, key: &str, sha256_hex: &str) -> Result<(), Error> {
        sqlx::query("INSERT OR REPLACE INTO compiled_cache (key, sha256) VALUES (?, ?)")
            .bind(key)
            .bind(sha256_hex)
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }
}
