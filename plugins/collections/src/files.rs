//! `files`: regular files. The id is the absolute path.

use hostwright_sdk::types::{Content, Mode};
use hostwright_sdk::{Error, JsonSchema};
use serde::{Deserialize, Serialize};

use crate::paths::check_path;

/// Name of the collection.
pub const COLLECTION: &str = "files";
/// Version of its attributes.
pub const VERSION: u32 = 1;
/// Its generated schema.
pub const SCHEMA: &str = include_str!("../schemas/files.schema.json");
/// Attributes that say how to apply, not what is to be.
pub const INSTRUCTIONS: &[&str] = &["validate"];

/// A regular file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attributes {
    /// What it contains: a text, or a reference to content that the host keeps. Missing parent directories are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Name or number of the user that owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Name or number of its group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Permission bits as octal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// A program with arguments that must accept the new content before it goes live; `{candidate}` stands for the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validate: Option<Vec<String>>,
}

/// Checks what the types cannot say.
pub fn validate(id: &str, attributes: &Attributes) -> Result<(), Error> {
    check_path(id)?;
    let Some(command) = &attributes.validate else { return Ok(()) };
    if !command.first().is_some_and(|program| program.starts_with('/')) {
        return Err(Error::invalid("/validate/0", "the program must be an absolute path"));
    }
    if !command.iter().any(|argument| argument == "{candidate}") {
        return Err(Error::invalid(
            "/validate",
            "one argument must be `{candidate}`, which stands for the file",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Attributes, validate};

    fn check(json: &str) -> Option<String> {
        let attributes: Attributes = serde_json::from_str(json).unwrap();
        validate("/etc/sudoers.d/web", &attributes).err().map(|error| error.to_string())
    }

    #[test]
    fn a_validation_names_its_program_and_the_candidate() {
        assert_eq!(check(r#"{"validate": ["/usr/sbin/visudo", "-c", "-f", "{candidate}"]}"#), None);
        refused(r#"{"validate": []}"#, "/validate/0: the program must be an absolute path");
        refused(
            r#"{"validate": ["visudo", "{candidate}"]}"#,
            "/validate/0: the program must be an absolute path",
        );
        refused(
            r#"{"validate": ["/usr/sbin/visudo", "-c"]}"#,
            "/validate: one argument must be `{candidate}`, which stands for the file",
        );
    }

    fn refused(json: &str, expected: &str) {
        assert_eq!(check(json).as_deref(), Some(expected));
    }
}
