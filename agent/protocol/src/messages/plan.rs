//! Dry runs.

use serde::{Deserialize, Serialize};

use super::{Difference, Task};
use crate::ids::PlanId;

/// Transient: what would these tasks do? Changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Comes back in the result.
    pub id: PlanId,
    /// As they would be sent.
    pub tasks: Vec<Task>,
}

/// Transient: the answer to a [`Plan`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanResult {
    /// Of the plan.
    pub id: PlanId,
    /// How it went.
    pub planning: Planning,
}

/// How planning went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Planning {
    /// In the order of the tasks.
    Planned {
        /// One for each task.
        tasks: Vec<PlannedTask>,
    },
    /// The machine cannot plan now.
    Refused {
        /// Why.
        error: String,
    },
}

/// What one task would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedTask {
    /// Which.
    pub number: u32,
    /// Nothing if it is as desired already.
    pub differences: Vec<Difference>,
    /// Actions that would run, e.g. `restart`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
    /// What a person should know, e.g. which other packages come along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// It cannot be planned, and applying would fail so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
