//! Changes: ordered tasks for one host, and how they went.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::Difference;
use crate::ids::ChangeId;

/// Names one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResourceRef {
    /// e.g. `files`.
    pub collection: String,
    /// e.g. `/etc/motd`.
    pub id: String,
}

/// Ordered: one change. At most one is in flight for an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Its id.
    pub id: ChangeId,
    /// For people, e.g. `Install Web Server`.
    pub description: String,
    /// The host's generation after this change; rises with every one.
    pub generation: u64,
    /// The generation that this change was compiled against. The agent asks for a resync if it is at another one.
    pub follows: u64,
    /// Hex SHA-256 over the whole desired set after this change, see [`crate::desired_set`].
    pub desired_digest: String,
    /// What a failed task does to the rest.
    pub on_error: OnError,
    /// In the order in which they are to be done.
    pub tasks: Vec<Task>,
    /// On bus time: a change not begun by then ends expired.
    pub expires: DateTime<Utc>,
}

/// What a failed task does to the rest of its change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// The tasks after it are not begun.
    #[default]
    Stop,
    /// They are done all the same.
    Continue,
}

/// One operation on one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Position in the change, from 0.
    pub number: u32,
    /// For people, e.g. `add file site.conf`.
    pub description: String,
    /// On what.
    #[serde(flatten)]
    pub resource: ResourceRef,
    /// What.
    pub operation: Operation,
    /// Numbers of earlier tasks without which this one makes no sense; skipped when one of them failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<u32>,
}

/// What a task does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
pub enum Operation {
    /// Brings the resource into the desired state and remembers it.
    Apply {
        /// Only what is given is compared and set.
        attributes: Json,
        /// Whether and how it is watched afterwards.
        monitor: Monitor,
        /// Who declares it.
        membership: Membership,
        /// Its content or attributes come from secrets: nothing of them is shown anywhere.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        sensitive: bool,
        /// An action owed if earlier tasks changed something and the resource was there and active before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refresh: Option<Refresh>,
    },
    /// Removes the resource, or gives it back as it was found, and forgets it.
    Remove {
        /// Also removes what existed before it was adopted.
        #[serde(default)]
        even_if_adopted: bool,
    },
    /// Forgets the resource and leaves it as it is.
    Release,
    /// Does something that is not a state; begun at most once.
    Perform {
        /// e.g. `restart`.
        action: String,
        /// The collection's action attributes.
        #[serde(default)]
        attributes: Json,
        /// Owed by a handler: if the change fails before, the debt stays until it is paid.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        owed: bool,
    },
}

/// Whether a resource is watched after it was applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Monitor {
    /// As before; on for a new resource.
    #[default]
    Keep,
    /// Watched.
    On,
    /// Remembered, not watched.
    Off,
}

/// The applications that declare a resource; it leaves with the last of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Names of applications.
    pub applications: Vec<String>,
}

/// An action on a resource that was already active, owed to what changed earlier in the same change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refresh {
    /// `restart` or `reload`.
    pub action: String,
    /// Task numbers; one of them that changed something suffices.
    pub when_changed: Vec<u32>,
}

/// Ordered: gives up a change if it has not begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    /// Which.
    pub change: ChangeId,
}

/// Ordered: everything that is desired of this host. What the agent knows and is not listed is removed, if
/// `remove_others`, else released. Pending triggers run, no other action does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resync {
    /// As a change: id, generation, digest and one apply task for each resource.
    pub change: Change,
    /// Resources that are to be removed.
    pub remove: Vec<ResourceRef>,
}

/// Ordered: a task is being worked on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskBegan {
    /// Whose.
    pub change: ChangeId,
    /// Which.
    pub number: u32,
    /// When, on the machine's clock.
    pub at: DateTime<Utc>,
}

/// Ordered: a task has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskEnded {
    /// Whose.
    pub change: ChangeId,
    /// Which.
    pub number: u32,
    /// How.
    pub outcome: TaskOutcome,
    /// When, on the machine's clock.
    pub at: DateTime<Utc>,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum TaskOutcome {
    /// It is as desired.
    Done {
        /// Whether anything had to be changed for it.
        changed: bool,
        /// What a person should know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// What was changed; nothing of a sensitive resource.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        differences: Vec<Difference>,
    },
    /// It is not.
    Failed {
        /// The reason in full: plugin, command, end of its output.
        error: String,
    },
    /// An action was begun and nobody knows whether it ran.
    Interrupted {
        /// What is known.
        error: String,
    },
    /// Not begun, because an earlier one failed.
    Skipped {
        /// Which.
        because: u32,
    },
}

/// Ordered: a change has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeEnded {
    /// Which.
    pub change: ChangeId,
    /// How.
    pub outcome: ChangeOutcome,
    /// The agent's generation and digest after it.
    pub generation: u64,
    /// Hex SHA-256 over the agent's whole desired set.
    pub desired_digest: String,
}

/// How a change ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum ChangeOutcome {
    /// Every task is done.
    Done,
    /// A task failed.
    Failed,
    /// A task was interrupted.
    Interrupted,
    /// It was cancelled before it began.
    Cancelled,
    /// It came after its time.
    Expired {
        /// Both clocks.
        error: String,
    },
    /// It does not follow what the agent has; a resync is needed.
    OutOfStep {
        /// Both generations or digests.
        error: String,
    },
}
