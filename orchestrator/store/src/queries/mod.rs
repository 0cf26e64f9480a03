//! Every query, once. This module is compiled for each database, as `super` says.

mod agents;
mod alerts;
mod applications;
mod blobs;
mod changes;
mod contexts;
mod desired;
mod enrolment_tokens;
mod environments;
mod events;
mod hosts;
mod idempotency;
mod instances;
mod organizations;
mod outbox;
mod platforms;
mod plugins;
mod reports;
mod settings;
mod users;

use std::sync::Arc;

use async_trait::async_trait;
use hostwright_model::event::NewEvent;
use sqlx::FromRow;
use tokio::sync::watch;

use super::{Database, dialect};
use crate::transaction::to_its_end;
use crate::{Error, Transaction};

type Row = <Database as sqlx::Database>::Row;
type Arguments<'q> = <Database as sqlx::Database>::Arguments<'q>;
type Query<'q> = sqlx::query::Query<'q, Database, Arguments<'q>>;
type QueryAs<'q, R> = sqlx::query::QueryAs<'q, Database, R, Arguments<'q>>;

/// One unit of work on this database.
pub(crate) struct SqlTransaction {
    tx: sqlx::Transaction<'static, Database>,
    events: Vec<NewEvent>,
    wakes: bool,
    commits: Arc<watch::Sender<u64>>,
}

impl SqlTransaction {
    pub(crate) fn new(tx: sqlx::Transaction<'static, Database>, commits: Arc<watch::Sender<u64>>) -> Self {
        Self { tx, events: Vec::new(), wakes: false, commits }
    }

    /// Runs a query and returns how many rows it touched.
    async fn run(&mut self, what: &'static str, query: Query<'_>) -> Result<u64, Error> {
        let done = query.execute(&mut *self.tx).await.map_err(Error::of(what))?;
        Ok(done.rows_affected())
    }

    /// Runs a query that touches one row or none.
    async fn touch(&mut self, what: &'static str, query: Query<'_>) -> Result<bool, Error> {
        Ok(self.run(what, query).await? > 0)
    }

    /// Runs a query that touches the row of one version, and raises the version.
    async fn raise(&mut self, what: &'static str, version: &mut u64, query: Query<'_>) -> Result<(), Error> {
        if !self.touch(what, query).await? {
            return Err(Error::Stale { what });
        }
        *version += 1;
        Ok(())
    }

    /// Reads a row, if there is one.
    async fn find<R, T>(&mut self, what: &'static str, query: QueryAs<'_, R>) -> Result<Option<T>, Error>
    where
        R: for<'r> FromRow<'r, Row> + Send + Unpin,
        T: TryFrom<R, Error = Error>,
    {
        self.row(what, query).await?.map(T::try_from).transpose()
    }

    /// Reads all rows.
    async fn list<R, T>(&mut self, what: &'static str, query: QueryAs<'_, R>) -> Result<Vec<T>, Error>
    where
        R: for<'r> FromRow<'r, Row> + Send + Unpin,
        T: TryFrom<R, Error = Error>,
    {
        self.rows(what, query).await?.into_iter().map(T::try_from).collect()
    }

    async fn row<R>(&mut self, what: &'static str, query: QueryAs<'_, R>) -> Result<Option<R>, Error>
    where
        R: for<'r> FromRow<'r, Row> + Send + Unpin,
    {
        query.fetch_optional(&mut *self.tx).await.map_err(Error::of(what))
    }

    async fn rows<R>(&mut self, what: &'static str, query: QueryAs<'_, R>) -> Result<Vec<R>, Error>
    where
        R: for<'r> FromRow<'r, Row> + Send + Unpin,
    {
        query.fetch_all(&mut *self.tx).await.map_err(Error::of(what))
    }
}

#[async_trait]
impl Transaction for SqlTransaction {
    async fn commit(mut self: Box<Self>) -> Result<(), Error> {
        to_its_end(async move {
            let events = std::mem::take(&mut self.events);
            let wakes = self.wakes || !events.is_empty();
            self.write_events(events).await?;
            self.tx.commit().await.map_err(Error::of("transaction"))?;
            if wakes {
                self.commits.send_modify(|count| *count += 1);
            }
            Ok(())
        })
        .await
    }

    async fn rollback(self: Box<Self>) -> Result<(), Error> {
        to_its_end(async move { self.tx.rollback().await.map_err(Error::of("transaction")) }).await
    }
}
