//! Handlers of applications.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::input::{Fields, Request};

/// What is done when settings change, or by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Handler {
    /// By which it can be run by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Keys of settings, or `_install`, `_uninstall`.
    #[serde(default)]
    pub on: Vec<String>,
    /// What is done, in this order.
    #[serde(rename = "do", default)]
    pub actions: Vec<HandlerAction>,
}

/// One action of a handler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HandlerAction {
    /// `update`, `execute`, `restart`, `reload` or `continue`.
    pub action: String,
    /// `file://NAME` or `service://NAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
}

impl Request for Handler {
    fn read(fields: &mut Fields<'_>) -> Self {
        let handler = Self {
            name: fields.optional_text("name").filter(|name| !name.is_empty()),
            on: fields.texts("on").unwrap_or_default(),
            actions: fields.list("do").unwrap_or_default(),
        };
        fields.read_only(&["uuid", "version"]);
        handler
    }
}

impl Request for HandlerAction {
    fn read(fields: &mut Fields<'_>) -> Self {
        let action = Self { action: fields.text("action"), resource: fields.optional_text("resource") };
        fields.read_only(&["uuid", "version"]);
        action
    }
}
