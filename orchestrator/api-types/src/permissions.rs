//! What plugins may do on a host.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

/// What one plugin may do on a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PluginPermission {
    /// Its id, `publisher/name`.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// What it realises.
    pub collection: String,
    /// What its grants amount to: `bounded`, `delegated` or `root-equivalent`.
    pub class: String,
    /// Its grants in words.
    pub capabilities: Vec<CapabilityPermission>,
    /// Its grants as they are written in an activation.
    #[schema(value_type = Object)]
    pub grants: Json,
}

/// One capability in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CapabilityPermission {
    /// `files`, `exec`, `scripts`, `facts`, `log` or `secrets`.
    pub capability: String,
    /// What it allows, e.g. `change files below /etc`.
    pub allows: String,
    /// What it amounts to: `bounded`, `delegated` or `root-equivalent`.
    pub class: String,
    /// Why the plugin asks for it, or why it has this class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
