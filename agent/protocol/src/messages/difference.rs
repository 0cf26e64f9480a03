//! What differs between desired and observed.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// One attribute that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// JSON pointer into the attributes; empty for presence itself.
    pub pointer: String,
    /// Nothing where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// Nothing where it is to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// A value as far as it can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", content = "value", rename_all = "kebab-case")]
pub enum Value {
    /// It.
    Known(Json),
    /// Only applying can tell.
    KnownAfterApply,
    /// Known, but not for showing.
    Opaque,
}
