//! What a machine is.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Ordered: sent after enrolment and whenever something of it changed. The agent's word, not to be trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// By dotted name: `hostname`, `ip.eth0`, `mac.eth0`, `os.name`, `os.id`, `os.version`, `kernel`, `architecture`,
    /// `memory` (bytes), `cpus`, `boot-time`, `machine-id`.
    pub properties: IndexMap<String, String>,
}
