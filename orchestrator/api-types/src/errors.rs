//! The one body of every error.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What every answer of 400 and above carries: the reference's list of texts and the members of RFC 9457.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// What went wrong, one text for each problem.
    pub error: Vec<String>,
    /// Which kind of problem it is; stable.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This problem in words.
    pub detail: String,
    /// The single problems with their places in the request's body.
    #[serde(default)]
    pub errors: Vec<ErrorItem>,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorItem {
    /// JSON pointer into the body of the request; not given when the problem is elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What is wrong and how to mend it.
    pub detail: String,
}
