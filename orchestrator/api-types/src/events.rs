//! Events: what happened in an organization, as it happens.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

/// One thing that happened. In the stream of server-sent events `id` is the event's id and `type` its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Rises with every event.
    pub id: i64,
    /// What happened, e.g. `change.state`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When.
    pub time: DateTime<Utc>,
    /// Who made it happen: a user's name, an API key's or an agent's; nothing if nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What it is about: a path below the organization, e.g. `environments/prod/hosts/web1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What happened, in a sentence.
    pub message: String,
    /// What happened, field by field.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub data: Json,
}
