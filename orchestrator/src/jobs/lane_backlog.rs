//! The outbox as the backlog of one agent's lane.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use hostwright_bus::lane::{Backlog, BacklogError, Outgoing};
use hostwright_model::blob::Blob;
use hostwright_protocol::envelope::Identity;
use hostwright_protocol::messages::{HighWater, LargeChange, ToAgent};
use hostwright_store::{Lease, OutboxEntry, Transaction};

use crate::app::App;

/// The messages of one agent, as long as this orchestrator may send them.
///
/// At most one change is in flight: a change is held back while an earlier one of the host has not ended, and what is
/// behind it with it. There it can still be taken back, or give way to a newer one.
pub(super) struct LaneBacklog {
    app: App,
    agent: Identity,
    lease: Mutex<Lease>,
}

/// Somebody else sends to this agent now.
#[derive(Debug, thiserror::Error)]
#[error("another session of the agent, or another orchestrator, sends to it now")]
pub(super) struct LeaseLost;

impl LaneBacklog {
    pub(super) fn new(app: App, agent: Identity, lease: Lease) -> Self {
        Self { app, agent, lease: Mutex::new(lease) }
    }

    pub(super) fn lease(&self) -> Lease {
        *self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn renew(&self, lease: Lease) {
        *self.lease.lock().unwrap_or_else(PoisonError::into_inner) = lease;
    }

    async fn next(
        &self,
        tx: &mut dyn Transaction,
        place: HighWater,
    ) -> Result<Option<OutboxEntry>, BacklogError> {
        let now = self.app.clock().now();
        if !tx.holds_lease(&self.lease(), now).await? {
            return Err(LeaseLost.into());
        }
        let Some(entry) = tx.messages_after(self.agent.agent, place, 1).await?.pop() else { return Ok(None) };
        let is_held_back = entry.sent_at.is_none() && self.waits_for_another(tx, &entry).await?;
        Ok((!is_held_back).then_some(entry))
    }

    /// Stores a change as content that the agent may fetch, before it hears of it.
    async fn lay_ready(&self, content: Vec<u8>) -> Result<(), BacklogError> {
        let (blob, Identity { organization, agent }) = (Blob::new(content), self.agent);
        let mut tx = self.app.store().begin().await?;
        tx.put_blob(organization, &blob, self.app.clock().now()).await?;
        tx.allow_blob(organization, agent, blob.digest()).await?;
        Ok(tx.commit().await?)
    }

    /// As every write does first: whoever takes a change back, or amends it, is either done or waits until this is.
    async fn lock_host(&self, tx: &mut dyn Transaction) -> Result<(), BacklogError> {
        let Identity { organization, agent } = self.agent;
        let agent = tx.agent(organization, agent).await?;
        if let Some(host) = agent.and_then(|agent| agent.host) {
            tx.lock_hosts(organization, &[host]).await?;
        }
        Ok(())
    }

    async fn waits_for_another(
        &self,
        tx: &mut dyn Transaction,
        entry: &OutboxEntry,
    ) -> Result<bool, BacklogError> {
        let Some(id) = entry.message.change else { return Ok(false) };
        let Some(change) = tx.change_alone(entry.organization, id).await? else { return Ok(false) };
        let open = tx.open_changes(entry.organization, change.host).await?;
        // Order numbers are those of making; what was put back behind a resync has a higher generation than it.
        Ok(open.iter().any(|other| other.generation < change.generation))
    }
}

#[async_trait]
impl Backlog for LaneBacklog {
    async fn next_after(&self, place: HighWater) -> Result<Option<Outgoing>, BacklogError> {
        let mut look = self.app.store().read().await?;
        let Some(mut entry) = self.next(&mut *look, place).await? else { return Ok(None) };
        drop(look);
        if entry.sent_at.is_none() {
            // From here on it is out of hand: noted before it is handed over, not after.
            let mut tx = self.app.store().begin().await?;
            self.lock_host(&mut *tx).await?;
            let Some(again) = self.next(&mut *tx, place).await? else { return Ok(None) };
            tx.mark_sent(self.agent.agent, again.place, self.app.clock().now()).await?;
            tx.commit().await?;
            entry = again;
        }
        let frame = match LargeChange::standing_for(&entry.message.content)? {
            None => self.app.publisher().seal(&entry, &entry.message.content)?,
            Some((announced, content)) => {
                self.lay_ready(content).await?;
                self.app.publisher().seal(&entry, &ToAgent::LargeChange(announced))?
            }
        };
        Ok(Some(Outgoing { place: entry.place, frame }))
    }

    async fn receipted(&self, place: HighWater) -> Result<(), BacklogError> {
        let mut tx = self.app.store().begin().await?;
        tx.receipt_messages(self.agent.agent, place).await?;
        Ok(tx.commit().await?)
    }
}
