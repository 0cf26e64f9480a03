//! The database and its transactions.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Sqlite;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::watch;

use super::Error;

/// The agent's memory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ledger {
    pool: SqlitePool,
    /// Counts commits that stored a message or appended a report, so that whoever acts on them wakes.
    arrivals: Arc<watch::Sender<Arrivals>>,
}

/// What has come into the ledger since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// Commits that stored messages.
    pub messages: u64,
    /// Commits that appended reports.
    pub reports: u64,
}

/// What is done together or not at all; dropped without a commit, it was not done.
#[derive(Debug)]
pub struct Transaction {
    pub(super) sql: sqlx::Transaction<'static, Sqlite>,
    pub(super) has_message: bool,
    pub(super) has_report: bool,
    arrivals: Arc<watch::Sender<Arrivals>>,
}

impl Ledger {
    /// Opens the ledger at a path, making it if it is not there.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What is committed must survive a power cut: inbox and effects rest on it.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .pragma("cache_size", "-512")
            .statement_cache_capacity(32);
        // One connection: a second costs memory, and SQLite has one writer anyway. It is never given up for idleness.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options)
            .await
            .map_err(|source| Error::Open { path: path.to_owned(), source })?;
        sqlx::migrate!("./migrations")
            .run(&pool)
            .await
            .map_err(|source| Error::Migrate { path: path.to_owned(), source })?;
        Ok(Self { pool, arrivals: Arc::new(watch::Sender::default()) })
    }

    /// Begins a transaction. There is one at a time: whoever holds one must not begin another.
    pub async fn begin(&self) -> Result<Transaction, Error> {
        Ok(Transaction {
            sql: self.pool.begin().await?,
            has_message: false,
            has_report: false,
            arrivals: self.arrivals.clone(),
        })
    }

    /// Returns a view of what comes in.
    pub fn arrivals(&self) -> watch::Receiver<Arrivals> {
        self.arrivals.subscribe()
    }

    /// Closes the database after everything running has ended.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

impl Transaction {
    /// Makes it so, durably. Once begun it goes on to its end, even if nobody waits for it any more: a session that ends just
    /// then must not leave something stored of which nobody is told.
    pub async fn commit(self) -> Result<(), Error> {
        let Self { sql, has_message, has_report, arrivals } = self;
        let committing = tokio::spawn(async move {
            sql.commit().await?;
            if has_message || has_report {
                arrivals.send_modify(|arrivals| {
                    arrivals.messages += u64::from(has_message);
                    arrivals.reports += u64::from(has_report);
                });
            }
            Ok(())
        });
        // It only fails to be joined when the runtime ends, and everybody with it.
        committing.await.unwrap_or(Err(Error::Database(sqlx::Error::WorkerCrashed)))
    }
}

pub(super) fn to_json(value: &impl Serialize, what: &'static str) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::malformed(what)(error.into()))
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::malformed(what)(error.into()))
}

pub(super) fn time_to_text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

pub(super) fn time_from_text(text: &str) -> Result<DateTime<Utc>, Error> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.with_timezone(&Utc))
        .map_err(|error| Error::malformed("a time")(error.into()))
}

/// SQLite counts in `i64`; sequences and generations never get that far.
pub(super) fn to_integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn from_integer(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
impl Ledger {
    /// A fresh ledger in a directory that lives as long as the second value.
    pub(crate) async fn fresh() -> (Self, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let ledger = Self::open(&directory.path().join("ledger.db")).await.unwrap();
        (ledger, directory)
    }

    /// Makes every write fail, as a full disk does, until it is called again.
    pub(crate) async fn make_writable(&self, is_writable: bool) {
        let pragma = if is_writable { "PRAGMA query_only = OFF" } else { "PRAGMA query_only = ON" };
        sqlx::query(pragma).execute(&self.pool).await.unwrap();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    use hostwright_protocol::messages::{Facts, ToOrchestrator};

    use super::*;

    /// Gives a future up when it has been polled so often; returns whether it was ready before.
    async fn is_ready_after<T>(polls: u64, future: impl Future<Output = T>) -> bool {
        let mut future = pin!(future);
        let mut left = polls;
        poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(false);
            }
            left -= 1;
            future.as_mut().poll(context).map(|_| true)
        })
        .await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_stored_is_told_even_if_nobody_waits_for_it() {
        let (ledger, _directory) = Ledger::fresh().await;
        let mut arrivals = ledger.arrivals();
        for polls in 1_u64.. {
            let beginnings_are_over = is_ready_after(polls, ledger.begin()).await;
            let mut tx = ledger.begin().await.unwrap();
            tx.report(&ToOrchestrator::Facts(Facts::default())).await.unwrap();
            let is_over = is_ready_after(polls, tx.commit()).await;
            let told = arrivals.wait_for(|arrivals| arrivals.reports == polls);
            tokio::time::timeout(Duration::from_secs(30), told).await.expect("it is told").unwrap();
            assert_eq!(ledger.begin().await.unwrap().report_count().await.unwrap(), polls);
            if beginnings_are_over && is_over {
                return;
            }
        }
    }
}
