//! The ledger's outbox as the bus's lane sees it.

use std::sync::Arc;

use async_trait::async_trait;
use hostwright_bus::lane::{Backlog, BacklogError, Outgoing};
use hostwright_protocol::envelope::{Identity, Meta, seal_to_orchestrator};
use hostwright_protocol::keys::AgentKeys;
use hostwright_protocol::messages::HighWater;

use crate::ledger::{Ledger, Report};

/// Reports, sealed when they are sent.
pub(super) struct Outbox {
    pub(super) ledger: Ledger,
    pub(super) identity: Identity,
    pub(super) keys: Arc<AgentKeys>,
}

#[async_trait]
impl Backlog for Outbox {
    async fn next_after(&self, place: HighWater) -> Result<Option<Outgoing>, BacklogError> {
        let report = self.ledger.begin().await?.report_after(place).await?;
        let Some(Report { at, envelope, time, message }) = report else { return Ok(None) };
        // Within an epoch the outbox has no holes.
        let meta = Meta::ordered(self.identity, envelope, at, at.sequence - 1, time);
        let frame = seal_to_orchestrator(&self.keys, &meta, &message)?;
        Ok(Some(Outgoing { place: at, frame }))
    }

    async fn receipted(&self, place: HighWater) -> Result<(), BacklogError> {
        let mut tx = self.ledger.begin().await?;
        tx.receipted(place).await?;
        tx.commit().await?;
        Ok(())
    }
}
