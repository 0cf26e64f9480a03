//! What comes from agents.

use async_trait::async_trait;
use hostwright_model::ids::{AgentId, EnvelopeId};
use hostwright_protocol::messages::{HighWater, ToOrchestrator};

use crate::Error;

/// What is to be done with a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiving {
    /// It is the next: apply it in this transaction, which has counted it already.
    Next,
    /// It was applied before: acknowledge it and do nothing.
    Past,
    /// Something before it is missing: park it.
    Early,
}

/// A report that came early.
#[derive(Clone, Debug, PartialEq)]
pub struct ParkedReport {
    /// Epoch and sequence.
    pub place: HighWater,
    /// The sequence of the one before it in the same epoch; 0 if it is the first.
    pub previous: u64,
    /// Of the envelope.
    pub id: EnvelopeId,
    /// What it says.
    pub report: ToOrchestrator,
}

/// What comes from agents: applied in order, once.
#[async_trait]
pub trait Reports {
    /// Says what is to be done with a report in this place, which names the sequence before it, and counts it if it is
    /// the next. The agent's row stays locked until the end of the transaction. Nothing if there is no such agent.
    async fn receive_report(
        &mut self,
        agent: AgentId,
        place: HighWater,
        previous: u64,
    ) -> Result<Option<Receiving>, Error>;

    /// Keeps a report that is early; once more makes no difference.
    async fn park_report(&mut self, agent: AgentId, report: &ParkedReport) -> Result<(), Error>;

    /// Takes the parked report that is next now, if there is one, and counts it.
    async fn take_parked_report(&mut self, agent: AgentId) -> Result<Option<ParkedReport>, Error>;
}
