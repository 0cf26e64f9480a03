//! Plugins for a machine.

use hostwright_manifest::grants::Grants;
use serde::{Deserialize, Serialize};

/// Ordered: the whole set of plugins that serve this machine from now on. Those not listed are put away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activation {
    /// Rises with each activation; a lower one than the last is refused. A rollback is a new generation.
    pub generation: u64,
    /// All of them.
    pub plugins: Vec<ActivePlugin>,
}

/// One plugin of an activation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivePlugin {
    /// `publisher/name`.
    pub plugin: String,
    /// For people; the digest decides.
    pub version: String,
    /// `sha256:` and hex of the component's bytes.
    pub digest: String,
    /// Of the component, in bytes.
    pub size: u64,
    /// The collection that it serves.
    pub collection: String,
    /// Bound to the digest.
    pub grants: Grants,
    /// The publisher's Ed25519 public key, in base64.
    pub publisher_key: String,
    /// The publisher's detached signature over the component's bytes, in base64.
    pub signature: String,
}

/// Ordered: how an activation went for one plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginReport {
    /// Of the activation.
    pub generation: u64,
    /// `publisher/name`.
    pub plugin: String,
    /// Of the component.
    pub digest: String,
    /// How it stands.
    pub state: PluginState,
}

/// How a plugin stands on one machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum PluginState {
    /// Loaded and proven; serves its collection.
    Active,
    /// Loaded and proven; another provider of the collection serves this machine, or none can.
    Idle {
        /// Why.
        reason: String,
    },
    /// Not loaded. What served before goes on serving.
    Refused {
        /// Why.
        error: String,
    },
}
