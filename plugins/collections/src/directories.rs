//! `directories`: directories themselves, not what lies in them. The id is the absolute path.

use hostwright_sdk::types::Mode;
use hostwright_sdk::{Error, JsonSchema};
use serde::{Deserialize, Serialize};

use crate::paths::check_path;

/// Name of the collection.
pub const COLLECTION: &str = "directories";
/// Version of its attributes.
pub const VERSION: u32 = 1;
/// Its generated schema.
pub const SCHEMA: &str = include_str!("../schemas/directories.schema.json");
/// Attributes that say how to apply, not what is to be.
pub const INSTRUCTIONS: &[&str] = &["parents"];

/// A directory. One that is not empty is never removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attributes {
    /// Name or number of the user that owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Name or number of its group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Permission bits as octal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Whether missing parents are made too (0755, root); true if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parents: Option<bool>,
}

/// Checks what the types cannot say.
pub fn validate(id: &str, _: &Attributes) -> Result<(), Error> {
    check_path(id)
}
