//! `packages`: software from the machine's repositories. The id is the name, where needed with `:architecture`.

use hostwright_sdk::{Error, JsonSchema};
use serde::{Deserialize, Serialize};

/// Name of the collection.
pub const COLLECTION: &str = "packages";
/// Version of its attributes.
pub const VERSION: u32 = 1;
/// Its generated schema.
pub const SCHEMA: &str = include_str!("../schemas/packages.schema.json");

/// A package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attributes {
    /// Exactly this version; any if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z0-9][A-Za-z0-9.+~:_-]*$"))]
    pub version: Option<String>,
    /// Whether the package manager keeps it at its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<bool>,
}

/// Checks what the types cannot say.
pub fn validate(id: &str, attributes: &Attributes) -> Result<(), Error> {
    let (name, architecture) = id.split_once(':').map_or((id, None), |(name, rest)| (name, Some(rest)));
    let named = name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-_".contains(&byte))
        && !name.ends_with('-');
    let built_for = architecture.is_none_or(|architecture| {
        !architecture.is_empty()
            && architecture.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    });
    if id.len() > 200 || !named || !built_for {
        return Err(Error::invalid(
            "",
            format!("`{id}` is no name of a package, such as `nginx` or `libc6:amd64`"),
        ));
    }
    let Some(version) = &attributes.version else { return Ok(()) };
    let begins = version.starts_with(|first: char| first.is_ascii_alphanumeric());
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".+~:_-".contains(&byte);
    if version.len() > 200 || !begins || !version.bytes().all(allowed) {
        return Err(Error::invalid(
            "/version",
            "a version begins with a letter or digit and has only letters, digits and `.+~:_-`",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use hostwright_sdk::Error;

    use super::{Attributes, validate};

    #[test]
    fn what_a_package_manager_would_read_as_something_else_is_no_name() {
        for good in ["nginx", "g++", "libc6:amd64", "0ad", "python3.11", "java-1.8.0-openjdk"] {
            assert_eq!(validate(good, &Attributes::default()), Ok(()), "{good}");
        }
        for bad in ["", "-y", "curl-", "./x.deb", "pyth*", "a b", "nginx=1", "nginx/sid", "nginx:", "ng;rm"] {
            assert!(validate(bad, &Attributes::default()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_bad_version_is_pointed_at() {
        let of = |version: &str| validate("nginx", &Attributes { version: Some(version.into()), hold: None });
        assert_eq!(of("1:1.22.1-9+deb12u1~bpo"), Ok(()));
        for bad in ["", "-1", "1 2", "1.*", "$(x)"] {
            assert!(matches!(of(bad), Err(Error::Invalid { pointer, .. }) if pointer == "/version"), "{bad}");
        }
    }
}
