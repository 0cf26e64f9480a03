//! Alerts: resources that are not as desired.

use chrono::{DateTime, Utc};
use hostwright_protocol::messages::{Difference, ResourceRef};
use serde_json::Value as Json;

use crate::ids::{HostId, OrganizationId};

/// A resource of a host that is not as desired. One is open for a resource at most.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Whose it is.
    pub organization: OrganizationId,
    /// On which host.
    pub host: HostId,
    /// Which.
    pub resource: ResourceRef,
    /// What is known of it.
    pub finding: Finding,
    /// When it left its desired state, on the machine's clock.
    pub since: DateTime<Utc>,
    /// When it was last reported, on the orchestrator's clock.
    pub reported_at: DateTime<Utc>,
}

/// What is known of a resource that is not as desired.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// It differs.
    Drifted {
        /// Desired attributes, `null` if it is to be absent.
        expected: Json,
        /// Observed attributes, `null` if it is absent.
        observed: Json,
        /// The attributes that differ.
        differences: Vec<Difference>,
    },
    /// It cannot be told.
    Unreadable {
        /// Why.
        error: String,
    },
}
