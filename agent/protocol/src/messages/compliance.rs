//! Drift and its end.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Difference, ResourceRef};

/// Ordered: a resource left its desired state, changed while away from it, or came back.
///
/// One alert is open for a resource at most; it is reported again only when what was observed changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compliance {
    /// Which.
    #[serde(flatten)]
    pub resource: ResourceRef,
    /// How it stands.
    pub state: ResourceState,
    /// When it was seen, on the machine's clock.
    pub at: DateTime<Utc>,
}

/// How a resource stands to what is desired of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum ResourceState {
    /// As desired; an open alert closes.
    Compliant,
    /// Not as desired.
    Drifted(Alert),
    /// It cannot be told.
    Unreadable {
        /// Why.
        error: String,
    },
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Desired attributes, `null` if it is to be absent; nothing secret.
    pub expected: Json,
    /// Observed attributes, `null` if it is absent; nothing secret.
    pub observed: Json,
    /// The attributes that differ.
    pub differences: Vec<Difference>,
    /// Since when.
    pub since: DateTime<Utc>,
}
