//! The database, whichever it is.

use std::sync::Arc;

use tokio::sync::watch;

use crate::transaction::to_its_end;
use crate::{Error, Transaction, postgres, sqlite};

/// The database, whichever it is. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pools: Pools,
    commits: Arc<watch::Sender<u64>>,
}

#[derive(Clone, Debug)]
enum Pools {
    Sqlite(sqlite::Pools),
    Postgres(postgres::Pools),
}

impl Store {
    /// Connects to `sqlite://PATH` or `postgres://…`, and brings the tables up to date.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        let pools = if url.starts_with("sqlite:") {
            Pools::Sqlite(sqlite::Pools::connect(url).await?)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Pools::Postgres(postgres::Pools::connect(url).await?)
        } else {
            return Err(Error::UnknownDatabase { url: without_secrets(url) });
        };
        Ok(Self { pools, commits: Arc::new(watch::Sender::new(0)) })
    }

    /// Begins a unit of work that may write.
    pub async fn begin(&self) -> Result<Box<dyn Transaction>, Error> {
        let Self { pools, commits } = self.clone();
        to_its_end(async move {
            Ok(match pools {
                Pools::Sqlite(pools) => boxed(sqlite::SqlTransaction::new(pools.begin().await?, commits)),
                Pools::Postgres(pools) => boxed(postgres::SqlTransaction::new(pools.begin().await?, commits)),
            })
        })
        .await
    }

    /// Begins a unit of work that only reads, all of it of one moment; it waits for no writer. Writing in it is refused.
    pub async fn read(&self) -> Result<Box<dyn Transaction>, Error> {
        let Self { pools, commits } = self.clone();
        to_its_end(async move {
            Ok(match pools {
                Pools::Sqlite(pools) => boxed(sqlite::SqlTransaction::new(pools.read().await?, commits)),
                Pools::Postgres(pools) => boxed(postgres::SqlTransaction::new(pools.read().await?, commits)),
            })
        })
        .await
    }

    /// Returns a number that rises with each commit of this process that recorded an event or put something into the
    /// outbox: those who wait for either look again when it does. Other processes on the same database are not seen, so
    /// look now and then all the same.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// Closes all connections, once what is open has ended.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite(pools) => pools.close().await,
            Pools::Postgres(pools) => pools.close().await,
        }
    }
}

fn boxed(tx: impl Transaction + 'static) -> Box<dyn Transaction> {
    Box::new(tx)
}

fn without_secrets(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://…"),
        None => url.chars().take(40).collect(),
    }
}
