//! `executables`: scripts that a signed change delivered. The id is the absolute path. They have no state, they are run.

use hostwright_sdk::{Error, JsonSchema};
use serde::{Deserialize, Serialize};

use crate::paths::check_path;

/// Name of the collection.
pub const COLLECTION: &str = "executables";
/// Version of its attributes.
pub const VERSION: u32 = 1;
/// Its generated schema.
pub const SCHEMA: &str = include_str!("../schemas/executables.schema.json");
/// Runs the script.
pub const EXECUTE: &str = "execute";
/// What can be done with an executable.
pub const ACTIONS: &[&str] = &[EXECUTE];

/// Longest time that a script may ask for.
const TIMEOUT_MAXIMUM_MS: u32 = 6 * 60 * 60 * 1000;
/// Most output that a script may ask to keep.
const OUTPUT_MAXIMUM: u32 = 1 << 20;

/// How a script is run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attributes {
    /// The account that runs it; root if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Vec<String>>,
    /// What it reads from standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// How long it may run, in milliseconds; five minutes if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 21_600_000))]
    pub timeout_ms: Option<u32>,
    /// How much of standard output and of standard error is kept, in bytes; 64 KiB if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_048_576))]
    pub output_limit: Option<u32>,
}

/// Checks what the types cannot say.
pub fn validate(id: &str, attributes: &Attributes) -> Result<(), Error> {
    check_path(id)?;
    if attributes.user.as_deref() == Some("") {
        return Err(Error::invalid("/user", "the name of the user is empty; leave it out for root"));
    }
    if let Some(at) = attributes.arguments.iter().flatten().position(|argument| argument.contains('\0')) {
        return Err(Error::invalid(format!("/arguments/{at}"), "an argument must not contain a NUL"));
    }
    if attributes.timeout_ms.is_some_and(|timeout| !(1..=TIMEOUT_MAXIMUM_MS).contains(&timeout)) {
        return Err(Error::invalid("/timeout_ms", format!("must be between 1 and {TIMEOUT_MAXIMUM_MS}")));
    }
    if attributes.output_limit.is_some_and(|limit| limit > OUTPUT_MAXIMUM) {
        return Err(Error::invalid("/output_limit", format!("must be at most {OUTPUT_MAXIMUM}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use hostwright_sdk::Error;

    use super::{Attributes, validate};

    #[test]
    fn what_is_out_of_bounds_is_pointed_at() {
        let refused = |attributes: Attributes| match validate("/srv/run", &attributes) {
            Err(Error::Invalid { pointer, .. }) => pointer,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(Attributes { timeout_ms: Some(0), ..Attributes::default() }), "/timeout_ms");
        assert_eq!(
            refused(Attributes { output_limit: Some(u32::MAX), ..Attributes::default() }),
            "/output_limit"
        );
        assert_eq!(refused(Attributes { user: Some(String::new()), ..Attributes::default() }), "/user");
        let arguments = Some(vec!["a".to_owned(), "b\0c".to_owned()]);
        assert_eq!(refused(Attributes { arguments, ..Attributes::default() }), "/arguments/1");
    }
}
