//! The bodies of envelopes.
//!
//! [`ToAgent`] and [`ToOrchestrator`] are the two closed sets. On the wire the name of the variant is the envelope's
//! `kind` and the content its `body`; the envelope does that, so that an unknown kind can be refused by name.

mod activation;
mod blob;
mod change;
mod compliance;
mod difference;
mod facts;
mod large_change;
mod plan;
mod session;

use serde::{Deserialize, Serialize};

pub use activation::{Activation, ActivePlugin, PluginReport, PluginState};
pub use blob::{CHUNK_BYTES, Chunk, Fetch, NoSuchBlob};
pub use change::{
    Cancel, Change, ChangeEnded, ChangeOutcome, Membership, Monitor, OnError, Operation, Refresh,
    ResourceRef, Resync, Task, TaskBegan, TaskEnded, TaskOutcome,
};
pub use compliance::{Alert, Compliance, ResourceState};
pub use difference::{Difference, Value};
pub use facts::Facts;
pub use large_change::{LargeChange, LargeChangeError};
pub use plan::{Plan, PlanResult, PlannedTask, Planning};
pub use session::{Hello, HighWater, Receipt, Welcome};

/// What the orchestrator says to an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "kebab-case")]
pub enum ToAgent {
    /// Transient: the answer to a greeting.
    Welcome(Welcome),
    /// Transient: everything up to here is stored.
    Receipt(Receipt),
    /// Transient: a part of a blob.
    Chunk(Chunk),
    /// Transient: the blob asked for is not to be had.
    NoSuchBlob(NoSuchBlob),
    /// Transient: what would this change do?
    Plan(Plan),
    /// Ordered: bring resources into a state.
    Change(Change),
    /// Ordered: give up the change if it has not begun.
    Cancel(Cancel),
    /// Ordered: this is everything that is desired.
    Resync(Resync),
    /// Ordered: a change or a resync that no frame carries.
    LargeChange(LargeChange),
    /// Ordered: these plugins serve this machine from now on.
    Activation(Activation),
}

/// What an agent says to the orchestrator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "kebab-case")]
pub enum ToOrchestrator {
    /// Transient: the first message of a session.
    Hello(Hello),
    /// Transient: everything up to here is stored.
    Receipt(Receipt),
    /// Transient: asks for a part of a blob.
    Fetch(Fetch),
    /// Transient: the result of a dry run.
    PlanResult(PlanResult),
    /// Ordered: a task is being worked on.
    TaskBegan(TaskBegan),
    /// Ordered: a task has ended.
    TaskEnded(TaskEnded),
    /// Ordered: a change has ended; nothing of it will be reported after this.
    ChangeEnded(ChangeEnded),
    /// Ordered: what the machine is.
    Facts(Facts),
    /// Ordered: a resource left or regained its desired state.
    Compliance(Compliance),
    /// Ordered: how an activation went.
    PluginReport(PluginReport),
}

impl ToAgent {
    /// Returns whether the message may be lost, because somebody will ask again.
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Welcome(_) | Self::Receipt(_) | Self::Chunk(_) | Self::NoSuchBlob(_) | Self::Plan(_)
        )
    }
}

impl ToOrchestrator {
    /// Returns whether the message may be lost, because somebody will ask again.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Hello(_) | Self::Receipt(_) | Self::Fetch(_) | Self::PlanResult(_))
    }
}
