//! One unit of work.

use std::panic::resume_unwind;

use async_trait::async_trait;

use crate::{
    Agents, Alerts, Applications, Blobs, Changes, Contexts, DesiredResources, EnrolmentTokens, Environments,
    Error, Events, Hosts, IdempotencyKeys, Organizations, Outbox, Platforms, Plugins, Reports, Settings,
    Users,
};

/// One unit of work: everything in it happens together, at [`commit`](Transaction::commit), or not at all.
///
/// Dropped without a commit it leaves nothing. On SQLite one writing transaction is open at a time, and others wait for
/// it: load, decide, save, commit, and wait for nothing else in between.
#[async_trait]
pub trait Transaction:
    Organizations
    + Environments
    + Hosts
    + Platforms
    + Applications
    + Contexts
    + Settings
    + DesiredResources
    + Changes
    + Outbox
    + Reports
    + Agents
    + EnrolmentTokens
    + Blobs
    + Alerts
    + Plugins
    + Users
    + Events
    + IdempotencyKeys
    + Send
{
    /// Makes everything in it happen.
    async fn commit(self: Box<Self>) -> Result<(), Error>;

    /// Makes nothing in it happen; the same as dropping it, and done when this returns.
    async fn rollback(self: Box<Self>) -> Result<(), Error>;
}

/// Runs the beginning or the end of a transaction to its end, even if nobody waits for it any more. One that is given up
/// half-way can leave its connection inside a transaction that nobody owns, and everyone who gets the connection later fails.
pub(crate) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(cancelled) => Err(Error::Unavailable { source: Box::new(cancelled) }),
        },
    }
}
