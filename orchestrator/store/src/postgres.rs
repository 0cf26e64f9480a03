//! The queries, compiled for PostgreSQL.

#[path = "queries/mod.rs"]
mod queries;

use std::time::Duration;

use sqlx::postgres::PgPoolOptions;

pub(crate) use self::queries::SqlTransaction;
use crate::Error;

pub(crate) type Database = sqlx::Postgres;

/// What is other than in SQLite.
pub(crate) mod dialect {
    /// Keeps others from changing what was read until the end of the transaction.
    pub(crate) const FOR_UPDATE: &str = " FOR UPDATE";
}

const ACQUIRE: Duration = Duration::from_secs(30);
const CONNECTIONS: u32 = 10;

/// Connections that read and write.
#[derive(Clone, Debug)]
pub(crate) struct Pools(sqlx::PgPool);

impl Pools {
    pub(crate) async fn connect(url: &str) -> Result<Self, Error> {
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(ACQUIRE)
            .connect(url)
            .await
            .map_err(Error::of("database"))?;
        sqlx::migrate!("migrations/postgres")
            .run(&pool)
            .await
            .map_err(|error| Error::Migration { source: Box::new(error) })?;
        Ok(Self(pool))
    }

    pub(crate) async fn begin(&self) -> Result<sqlx::Transaction<'static, Database>, Error> {
        self.0.begin().await.map_err(Error::of("transaction"))
    }

    /// Everything read in it is of one moment.
    pub(crate) async fn read(&self) -> Result<sqlx::Transaction<'static, Database>, Error> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        self.0.begin_with(begin).await.map_err(Error::of("transaction"))
    }

    pub(crate) async fn close(&self) {
        self.0.close().await;
    }
}
