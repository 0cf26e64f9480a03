//! The queries, compiled for SQLite.

#[path = "queries/mod.rs"]
mod queries;

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

pub(crate) use self::queries::SqlTransaction;
use crate::Error;

pub(crate) type Database = sqlx::Sqlite;

/// What is other than in PostgreSQL.
pub(crate) mod dialect {
    /// There is one writer at a time; nothing needs to be locked.
    pub(crate) const FOR_UPDATE: &str = "";
}

const BUSY: Duration = Duration::from_secs(30);
const READERS: u32 = 4;

/// One connection that writes and some that read.
#[derive(Clone, Debug)]
pub(crate) struct Pools {
    writer: sqlx::SqlitePool,
    readers: sqlx::SqlitePool,
}

impl Pools {
    pub(crate) async fn connect(url: &str) -> Result<Self, Error> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(Error::of("database address"))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        create_private(options.get_filename())?;
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(BUSY)
            .connect_with(options.clone())
            .await
            .map_err(Error::of("database"))?;
        sqlx::migrate!("migrations/sqlite")
            .run(&writer)
            .await
            .map_err(|error| Error::Migration { source: Box::new(error) })?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(BUSY)
            .connect_with(options.pragma("query_only", "ON"))
            .await
            .map_err(Error::of("database"))?;
        Ok(Self { writer, readers })
    }

    /// Takes the right to write at once: a transaction that begins by reading could not get it later, when somebody else
    /// has written in between.
    pub(crate) async fn begin(&self) -> Result<sqlx::Transaction<'static, Database>, Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(Error::of("transaction"))
    }

    pub(crate) async fn read(&self) -> Result<sqlx::Transaction<'static, Database>, Error> {
        self.readers.begin().await.map_err(Error::of("transaction"))
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Makes the file before SQLite does, so that nobody else can read it.
fn create_private(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let created = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match created {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Error::Unavailable { source: Box::new(error) }),
    }
}
