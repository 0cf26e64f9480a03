//! What is to reach agents.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hostwright_model::ids::{AgentId, ChangeId, EnvelopeId, OrganizationId};
use hostwright_protocol::messages::{HighWater, ToAgent};
use uuid::Uuid;

use crate::Error;

/// An ordered message that is to reach an agent.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMessage {
    /// Of the envelope; the same each time it is sent.
    pub id: EnvelopeId,
    /// What it says. It is signed and sealed afresh each time it is sent.
    pub content: ToAgent,
    /// The change that it belongs to, if any.
    pub change: Option<ChangeId>,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// On bus time: refused after this.
    pub expires_at: DateTime<Utc>,
}

/// A message in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxEntry {
    /// Whose.
    pub organization: OrganizationId,
    /// For whom.
    pub agent: AgentId,
    /// Epoch and sequence.
    pub place: HighWater,
    /// The sequence of the one before it in the same epoch; 0 if it is the first.
    pub previous: u64,
    /// The message.
    pub message: NewMessage,
    /// When it was first handed to the bus.
    pub sent_at: Option<DateTime<Utc>>,
}

/// The right to send to one agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// To whom.
    pub agent: AgentId,
    /// Rises with each lease: who holds a lower one holds none.
    pub fence: u64,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// What is to reach agents: one lane for each, in order, until receipted.
#[async_trait]
pub trait Outbox {
    /// Puts a message at the end of an agent's lane; its place is taken from the agent's row, which stays locked until the
    /// end of the transaction. [`Error::InUse`] if there is no such agent in the organization.
    async fn append_message(
        &mut self,
        organization: OrganizationId,
        agent: AgentId,
        message: NewMessage,
    ) -> Result<HighWater, Error>;

    /// Lists messages of an agent after a place, in order.
    async fn messages_after(
        &mut self,
        agent: AgentId,
        after: HighWater,
        limit: u32,
    ) -> Result<Vec<OutboxEntry>, Error>;

    /// Notes that a message was handed to the bus; the first time counts.
    async fn mark_sent(&mut self, agent: AgentId, place: HighWater, at: DateTime<Utc>) -> Result<(), Error>;

    /// Notes that the agent has stored everything up to a place, and drops it here; says how many messages that were. A
    /// receipt for more than was ever sent, or for less than before, changes nothing.
    async fn receipt_messages(&mut self, agent: AgentId, stored: HighWater) -> Result<u64, Error>;

    /// Takes back a message of a change that was not handed to the bus yet; says whether it could be. The one after it
    /// then names the one before it.
    async fn withdraw_message(
        &mut self,
        organization: OrganizationId,
        change: ChangeId,
    ) -> Result<bool, Error>;

    /// Changes what a message of a change says that was not handed to the bus yet; says whether it could be.
    async fn amend_message(
        &mut self,
        organization: OrganizationId,
        change: ChangeId,
        content: &ToAgent,
    ) -> Result<bool, Error>;

    /// Begins a new epoch of an agent's lane: what was not receipted moves there in its order, from sequence 1.
    async fn begin_epoch(&mut self, agent: AgentId, above: u64) -> Result<HighWater, Error>;

    /// Lists agents with messages that were not receipted, of all organizations: the relay has none.
    async fn agents_with_messages(&mut self, limit: u32) -> Result<Vec<AgentId>, Error>;

    /// Takes the right to send to an agent, from whomever has it: the newest session wins.
    async fn lease_lane(
        &mut self,
        agent: AgentId,
        holder: Uuid,
        until: DateTime<Utc>,
    ) -> Result<Option<Lease>, Error>;

    /// Takes the right to send to an agent if nobody else has it.
    async fn lease_free_lane(
        &mut self,
        agent: AgentId,
        holder: Uuid,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Option<Lease>, Error>;

    /// Prolongs all leases of a holder, also those that have run out if nobody else took them, and returns them. Their fences
    /// stay what they are.
    async fn prolong_leases(&mut self, holder: Uuid, until: DateTime<Utc>) -> Result<Vec<Lease>, Error>;

    /// Returns whether a lease is still the newest and in time.
    async fn holds_lease(&mut self, lease: &Lease, now: DateTime<Utc>) -> Result<bool, Error>;
}
