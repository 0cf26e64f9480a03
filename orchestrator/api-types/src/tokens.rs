//! Enrolment tokens.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::input::{Fields, Request};

/// What lets an agent in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrolmentToken {
    /// Its id.
    pub uuid: String,
    /// The token itself; only in the answer to its creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The environment of the host, or of hosts that are discovered.
    pub environment: String,
    /// The host that it is for; any new one if not given.
    #[serde(default)]
    pub host: Option<String>,
    /// How often it may still be used.
    pub uses: u64,
    /// When it ends.
    pub expires: DateTime<Utc>,
}

/// A token as it is created.
#[derive(Clone, Debug, PartialEq, Eq, ToSchema)]
pub struct EnrolmentTokenInput {
    /// The environment of the host, or of hosts that are discovered.
    pub environment: String,
    /// The host that it is for; any new one if not given.
    pub host: Option<String>,
    /// How often it may be used; once if not given.
    pub uses: u64,
    /// When it ends; in a week if not given.
    pub expires: Option<DateTime<Utc>>,
}

impl Request for EnrolmentTokenInput {
    fn read(fields: &mut Fields<'_>) -> Self {
        let input = Self {
            environment: fields.text("environment"),
            host: fields.optional_text("host").filter(|name| !name.is_empty()),
            uses: fields.count("uses").unwrap_or(1),
            expires: read_time(fields, "expires"),
        };
        if input.uses == 0 {
            fields.problem("uses", "`uses` must be at least 1");
        }
        fields.read_only(&["uuid", "token", "organization"]);
        input
    }
}

pub(crate) fn read_time(fields: &mut Fields<'_>, name: &'static str) -> Option<DateTime<Utc>> {
    let text = fields.optional_text(name)?;
    match DateTime::parse_from_rfc3339(&text) {
        Ok(time) => Some(time.to_utc()),
        Err(error) => {
            let detail = format!("`{name}` must be a time such as 2030-01-31T12:00:00Z: {error}");
            fields.problem(name, detail);
            None
        }
    }
}
