//! What signed changes delivered to which path: only that may be run as a script.

use sqlx::Row;

use super::{Error, Transaction};

impl Transaction {
    /// Stores the digest of the content that was delivered to a path.
    pub async fn delivered(&mut self, path: &str, sha256: [u8; 32]) -> Result<(), Error> {
        sqlx::query("INSERT OR REPLACE INTO delivered_files (path, sha256) VALUES (?, ?)")
            .bind(path)
            .bind(sha256.as_slice())
            .execute(&mut *self.sql)
            .await?;
        Ok(())
    }

    /// Forgets what was delivered to a path.
    pub async fn forget_delivered(&mut self, path: &str) -> Result<(), Error> {
        sqlx::query("DELETE FROM delivered_files WHERE path = ?").bind(path).execute(&mut *self.sql).await?;
        Ok(())
    }

    /// Returns everything that was delivered.
    pub async fn delivered_files(&mut self) -> Result<Vec<(String, [u8; 32])>, Error> {
        let rows = sqlx::query("SELECT path, sha256 FROM delivered_files").fetch_all(&mut *self.sql).await?;
        Ok(rows
            .iter()
            .filter_map(|row| Some((row.get("path"), row.get::<Vec<u8>, _>("sha256").try_into().ok()?)))
            .collect())
    }
}
