//! Names that people give: parsed once, at the edge.

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization as _;

/// How long a name may be, in characters.
pub const MAXIMUM_CHARACTERS: usize = 200;

/// A name breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} `{text}` {rule}")]
pub struct InvalidName {
    /// What was to be named, e.g. `host name`.
    pub what: &'static str,
    /// As given, shortened.
    pub text: String,
    /// The rule that it breaks.
    pub rule: NameRule,
}

/// What a name must keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameRule {
    /// Nothing was given.
    #[error("is empty: give it 1 to 200 characters")]
    Empty,
    /// It is too long.
    #[error("is longer than 200 characters")]
    TooLong,
    /// It contains a slash, which separates names in paths.
    #[error("contains `/`, which separates names in paths")]
    Slash,
    /// It contains a control character.
    #[error("contains a control character")]
    Control,
    /// Leading underscores are reserved for the system's own names.
    #[error("begins with `_`, which is reserved for the system's own names")]
    Reserved,
    /// It begins or ends with white space.
    #[error("begins or ends with a space")]
    OuterSpace,
    /// `.` and `..` mean something else in paths.
    #[error("means something else in paths")]
    Dots,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                parse($what, text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, text: &str) -> bool {
                self.0 == text
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, text: &&str) -> bool {
                self.0 == *text
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

name!(/** Unique in the site. */ OrganizationName, "organization name");
name!(/** Unique in its organization. */ EnvironmentName, "environment name");
name!(/** Unique in its environment. */ HostName, "host name");
name!(/** Unique in its organization. */ ApplicationName, "application name");
name!(/** Unique in its organization. */ PlatformName, "platform name");
name!(/** Unique in its organization. */ DistributionName, "distribution name");
name!(/** Of a file, package, service, directory or handler; unique among its like in its application. */ ResourceName, "name");
name!(/** Of a parameter and of the settings that give it a value. */ SettingKey, "setting key");
name!(/** Unique in the site. */ UserName, "user name");
name!(/** Unique in its organization. */ ApiKeyName, "API key name");

fn parse(what: &'static str, text: &str) -> Result<String, InvalidName> {
    let normal: String = text.nfc().take(MAXIMUM_CHARACTERS + 1).collect();
    let refuse = |rule| {
        let text = normal.chars().take(40).filter(|character| !character.is_control()).collect();
        Err(InvalidName { what, text, rule })
    };
    if normal.is_empty() {
        return refuse(NameRule::Empty);
    }
    if normal.chars().count() > MAXIMUM_CHARACTERS {
        return refuse(NameRule::TooLong);
    }
    if normal.chars().any(char::is_control) {
        return refuse(NameRule::Control);
    }
    if normal.contains('/') {
        return refuse(NameRule::Slash);
    }
    if normal.starts_with('_') {
        return refuse(NameRule::Reserved);
    }
    if normal.trim() != normal {
        return refuse(NameRule::OuterSpace);
    }
    if normal == "." || normal == ".." {
        return refuse(NameRule::Dots);
    }
    Ok(normal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> NameRule {
        text.parse::<HostName>().unwrap_err().rule
    }

    #[test]
    fn every_rule_is_kept() {
        assert_eq!(refused(""), NameRule::Empty);
        assert_eq!(refused(&"x".repeat(201)), NameRule::TooLong);
        assert_eq!(refused("a/b"), NameRule::Slash);
        assert_eq!(refused("a\nb"), NameRule::Control);
        assert_eq!(refused("_host"), NameRule::Reserved);
        assert_eq!(refused(" a"), NameRule::OuterSpace);
        assert_eq!(refused("a\u{a0}"), NameRule::OuterSpace);
        assert_eq!(refused("."), NameRule::Dots);
        assert_eq!(refused(".."), NameRule::Dots);
    }

    #[test]
    fn spaces_parentheses_and_two_hundred_characters_are_fine() {
        assert_eq!("my host (1)".parse::<HostName>().unwrap(), "my host (1)");
        assert!("ä".repeat(200).parse::<HostName>().is_ok());
    }

    #[test]
    fn composed_and_decomposed_spellings_are_one_name() {
        assert_eq!("u\u{308}".parse::<HostName>().unwrap(), "\u{fc}".parse::<HostName>().unwrap());
    }

    #[test]
    fn the_refusal_names_thing_text_and_rule() {
        let error = "_packages".parse::<SettingKey>().unwrap_err();
        insta::assert_snapshot!(error, @"setting key `_packages` begins with `_`, which is reserved for the system's own names");
    }

    proptest! {
        #[test]
        fn what_was_accepted_is_accepted_again_unchanged(text in ".{0,210}") {
            if let Ok(name) = text.parse::<HostName>() {
                prop_assert_eq!(name.as_str().parse::<HostName>().unwrap(), name.clone());
                prop_assert!(!name.as_str().contains('/'));
            }
        }
    }
}
