//! Everything of an envelope but the message.

use chrono::{DateTime, TimeDelta, Utc};

use crate::ids::{AgentId, EnvelopeId, OrganizationId};
use crate::keys::VerifyingKey;
use crate::messages::HighWater;

/// How long ordered messages are good, unless the sender has a reason.
pub const ORDERED_EXPIRY: TimeDelta = TimeDelta::days(30);

/// How long transient messages are good: they answer what is asked now.
pub const TRANSIENT_EXPIRY: TimeDelta = TimeDelta::minutes(5);

/// A message that was opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope<M> {
    /// Who, in which order, until when.
    pub meta: Meta,
    /// What.
    pub message: M,
}

/// Who, in which order, until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Its own.
    pub id: EnvelopeId,
    /// Of the agent.
    pub organization: OrganizationId,
    /// To or from whom.
    pub agent: AgentId,
    /// Rises when one end had to begin anew.
    pub epoch: u64,
    /// Rises by each ordered message of an epoch, from 1; 0 for a transient one.
    pub sequence: u64,
    /// The sequence of the ordered message before this one, 0 for the first of an epoch and for transient ones.
    pub previous: u64,
    /// The sender's clock.
    pub time: DateTime<Utc>,
    /// Not good after this, on bus time.
    pub expires: DateTime<Utc>,
}

impl Meta {
    /// Addresses a message that may be lost.
    pub fn transient(identity: Identity, id: EnvelopeId, time: DateTime<Utc>) -> Self {
        let Identity { organization, agent } = identity;
        let expires = time + TRANSIENT_EXPIRY;
        Self { id, organization, agent, epoch: 0, sequence: 0, previous: 0, time, expires }
    }

    /// Addresses a message that has its place in the lane, after the one with the sequence `previous`.
    pub fn ordered(
        identity: Identity,
        id: EnvelopeId,
        place: HighWater,
        previous: u64,
        time: DateTime<Utc>,
    ) -> Self {
        let Identity { organization, agent } = identity;
        let HighWater { epoch, sequence } = place;
        Self { id, organization, agent, epoch, sequence, previous, time, expires: time + ORDERED_EXPIRY }
    }

    /// Returns whether the message may be lost, because somebody will ask again.
    pub const fn is_transient(&self) -> bool {
        self.sequence == 0
    }

    /// Returns the message's place in the lane.
    pub const fn place(&self) -> HighWater {
        HighWater { epoch: self.epoch, sequence: self.sequence }
    }
}

/// An agent and the organization that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The wall of isolation.
    pub organization: OrganizationId,
    /// The machine's enrolment.
    pub agent: AgentId,
}

/// What the orchestrator checks an agent's frames against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownAgent {
    /// Who.
    pub identity: Identity,
    /// The key that signs for it.
    pub signing: VerifyingKey,
}
