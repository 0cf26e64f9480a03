//! API keys of an organization.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::input::{Fields, Request};
use crate::tokens::read_time;

/// What lets a program act inside one organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKey {
    /// Its name, unique in the organization.
    pub name: String,
    /// Its id.
    pub uuid: String,
    /// Whose it is.
    pub organization: String,
    /// What it may do: `administrator`, `user`, `architect` or `auditor`.
    pub role: String,
    /// The key itself; only in the answer to its creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it ends; never if not given.
    #[serde(default)]
    pub expires: Option<DateTime<Utc>>,
}

/// An API key as it is created.
#[derive(Clone, Debug, PartialEq, Eq, ToSchema)]
pub struct ApiKeyInput {
    /// Its name, unique in the organization.
    pub name: String,
    /// What it may do; `administrator` if not given.
    pub role: Option<String>,
    /// When it ends; never if not given.
    pub expires: Option<DateTime<Utc>>,
}

impl Request for ApiKeyInput {
    fn read(fields: &mut Fields<'_>) -> Self {
        let input = Self {
            name: fields.text("name"),
            role: fields.optional_text("role"),
            expires: read_time(fields, "expires"),
        };
        fields.read_only(&["uuid", "organization", "token", "created"]);
        input
    }
}
