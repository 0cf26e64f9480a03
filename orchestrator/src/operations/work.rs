//! The unit of work that every operation is done in.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use hostwright_model::clock::Clock;
use hostwright_model::event::{Actor, NewEvent, Occurrence};
use hostwright_model::ids::{AgentId, Id, OrganizationId, fresh};
use hostwright_store::Transaction;

use super::OperationError;
use crate::app::App;

/// One unit of work: a transaction, who wants it, and what time it is.
///
/// What was done in it happens at [`commit`](Work::commit), all of it; dropped without, it leaves nothing. Whoever waits
/// for what happened (the relay, event streams, long polls) is woken after the commit, never before.
pub struct Work {
    pub(crate) app: App,
    pub(crate) tx: Box<dyn Transaction>,
    pub(crate) actor: Actor,
    now: DateTime<Utc>,
    to_wake: Vec<AgentId>,
    to_dismiss: Vec<AgentId>,
}

impl Work {
    pub(crate) async fn begin(app: App, actor: Actor) -> Result<Self, OperationError> {
        let tx = app.store().begin().await?;
        Ok(Self::on(tx, app, actor))
    }

    pub(crate) async fn look(app: App, actor: Actor) -> Result<Self, OperationError> {
        let tx = app.store().read().await?;
        Ok(Self::on(tx, app, actor))
    }

    fn on(tx: Box<dyn Transaction>, app: App, actor: Actor) -> Self {
        let now = app.clock().now();
        Self { app, tx, actor, now, to_wake: Vec::new(), to_dismiss: Vec::new() }
    }

    /// Returns the transaction, for reading what no operation reads.
    pub fn tx(&mut self) -> &mut dyn Transaction {
        &mut *self.tx
    }

    /// Returns who wants it.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Returns the clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.app.clock().clone()
    }

    /// Returns the time of the whole unit: what is done together, is done at one time.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Makes everything in it happen, and wakes who waits for it, even if nobody waits for this any more.
    pub async fn commit(self) -> Result<(), OperationError> {
        let Self { app, tx, to_wake, to_dismiss, .. } = self;
        let committing = tokio::spawn(async move {
            tx.commit().await?;
            app.committed(&to_wake, &to_dismiss);
            Ok(())
        });
        committing.await.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(OperationError::internal(error)),
        })
    }

    /// Makes nothing in it happen; done when this returns.
    pub async fn abandon(self) -> Result<(), OperationError> {
        Ok(self.tx.rollback().await?)
    }

    pub(crate) fn fresh<I: Id>(&self) -> I {
        fresh(&**self.app.clock())
    }

    /// Records what happened.
    pub(crate) fn record(&mut self, organization: impl Into<Option<OrganizationId>>, occurrence: Occurrence) {
        let actor = self.actor.clone();
        let event = NewEvent { organization: organization.into(), actor, occurrence, at: self.now };
        self.tx.append_event(event);
    }

    /// Wakes the relay for an agent once this is committed.
    pub(crate) fn wake(&mut self, agent: AgentId) {
        self.to_wake.push(agent);
    }

    /// Ends the session of an agent once this is committed.
    pub(crate) fn dismiss(&mut self, agent: AgentId) {
        self.to_dismiss.push(agent);
    }
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work").field("actor", &self.actor).field("now", &self.now).finish_non_exhaustive()
    }
}
