//! Changes and their tasks.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Difference;

/// Ordered tasks that were sent to one host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Its id.
    pub key: String,
    /// Its number on the host.
    pub order_num: u64,
    /// For people, e.g. `Install Web Server`.
    pub description: String,
    /// How far it is.
    pub state: ChangeState,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it ended.
    #[serde(default)]
    pub ended: Option<DateTime<Utc>>,
    /// Why it ended as it did, where no task says so.
    #[serde(default)]
    pub error: Option<String>,
    /// In the order in which they run.
    pub tasks: Vec<Task>,
}

/// How far a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ChangeState {
    /// It waits for the agent, or for an earlier change.
    Pending,
    /// The agent has it.
    Running,
    /// Every task is done.
    Done,
    /// A task failed.
    Failed,
    /// An action was begun and nobody knows whether it ran.
    Interrupted,
    /// It was taken back before it began.
    Cancelled,
    /// A later change made it unnecessary.
    Superseded,
    /// It came after its time.
    Expired,
}

impl ChangeState {
    /// Returns whether nothing more will happen.
    pub fn is_ended(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    /// Returns the state as it is written in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Done => "DONE",
            Self::Failed => "FAILED",
            Self::Interrupted => "INTERRUPTED",
            Self::Cancelled => "CANCELLED",
            Self::Superseded => "SUPERSEDED",
            Self::Expired => "EXPIRED",
        }
    }
}

impl fmt::Display for ChangeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One task of a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Its place in the change, from 0.
    pub order_num: u64,
    /// For people, e.g. `add package nginx`.
    pub description: String,
    /// How it went.
    pub status: TaskStatus,
    /// What went wrong.
    pub error: Option<String>,
    /// The collection of its resource.
    pub collection: String,
    /// The id of its resource.
    pub id: String,
    /// `changed`, `unchanged`, `failed`, `interrupted` or `skipped`, once it ended.
    #[serde(default)]
    pub outcome: Option<String>,
    /// What was changed.
    #[serde(default)]
    pub differences: Vec<Difference>,
    /// What a person should know.
    #[serde(default)]
    pub message: Option<String>,
}

/// How a task went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TaskStatus {
    /// It has not ended.
    Pending,
    /// It is done.
    Ok,
    /// It is not, see its error.
    Error,
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pending => "PENDING",
            Self::Ok => "OK",
            Self::Error => "ERROR",
        })
    }
}
