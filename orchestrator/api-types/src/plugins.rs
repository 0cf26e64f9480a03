//! Plugins: what the site has, and what an organization uses.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::input::{Fields, Request};

/// A plugin in the site's registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plugin {
    /// Its id, `publisher/name`.
    pub plugin: String,
    /// For people.
    pub summary: String,
    /// `provider` or `driver`.
    pub kind: String,
    /// What it realises or controls.
    pub collection: String,
    /// Its versions, newest first.
    pub versions: Vec<String>,
}

/// One version of a plugin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginVersion {
    /// Its id, `publisher/name`.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// `provider` or `driver`.
    pub kind: String,
    /// What it realises or controls.
    pub collection: String,
    /// For people.
    pub summary: String,
    /// `sha256:…` of the component.
    pub digest: String,
    /// Its size in bytes.
    pub size: u64,
    /// Whether a publisher that the site trusts signed it.
    pub signed: bool,
    /// The least that its grants amount to: `bounded`, `delegated` or `root-equivalent`.
    pub class: String,
    /// What it asks for, as in its manifest.
    #[schema(value_type = Object)]
    pub grants: Json,
    /// What it asks for in words, with the reasons that its author gives.
    pub capabilities: Vec<crate::CapabilityPermission>,
    /// Licence, authors and systems as in its manifest.
    #[schema(value_type = Object)]
    pub manifest: Json,
}

/// A plugin that an organization uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivePlugin {
    /// Its id, `publisher/name`.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// What it realises.
    pub collection: String,
    /// `sha256:…` of the component.
    pub digest: String,
    /// What its grants amount to: `bounded`, `delegated` or `root-equivalent`.
    pub class: String,
    /// What it may do.
    #[schema(value_type = Object)]
    pub grants: Json,
    /// Rises with every activation in the organization.
    pub generation: u64,
}

/// A plugin as it is activated for an organization.
#[derive(Clone, Debug, PartialEq, ToSchema)]
pub struct ActivationInput {
    /// Its id, `publisher/name`.
    pub plugin: String,
    /// Its version; the newest if not given.
    pub version: Option<String>,
    /// What it may do; what it asks for if not given.
    #[schema(value_type = Option<Object>)]
    pub grants: Option<Json>,
}

impl Request for ActivationInput {
    fn read(fields: &mut Fields<'_>) -> Self {
        let input = Self {
            plugin: fields.text("plugin"),
            version: fields.optional_text("version"),
            grants: fields.document("grants"),
        };
        fields.read_only(&["uuid", "collection", "digest", "class", "generation", "organization"]);
        input
    }
}
