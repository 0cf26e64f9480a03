//! `services`: what the machine's service manager runs. The id is the name; for systemd a unit, `.service` if not said.

use hostwright_sdk::{Error, JsonSchema};
use serde::{Deserialize, Serialize};

/// Name of the collection.
pub const COLLECTION: &str = "services";
/// Version of its attributes.
pub const VERSION: u32 = 1;
/// Its generated schema.
pub const SCHEMA: &str = include_str!("../schemas/services.schema.json");
/// Stops what runs and starts it; starts what was stopped.
pub const RESTART: &str = "restart";
/// Lets what runs read its configuration again; a service that cannot is restarted, a stopped one left alone.
pub const RELOAD: &str = "reload";
/// What can be done with a service.
pub const ACTIONS: &[&str] = &[RESTART, RELOAD];

/// A service. To remove one is to stop and to disable it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attributes {
    /// Whether it runs now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
    /// Whether it starts with the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// Checks what the types cannot say.
pub fn validate(id: &str, _: &Attributes) -> Result<(), Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":-_.\\@".contains(&byte);
    let begins = id.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_');
    if id.len() > 255 || !begins || !id.bytes().all(allowed) {
        return Err(Error::invalid(
            "",
            format!("`{id}` is no name of a service, such as `nginx` or `getty@tty1`"),
        ));
    }
    if id.trim_end_matches(".service").ends_with('@') {
        return Err(Error::invalid("", format!("`{id}` is a template: name an instance, such as `{id}one`")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Attributes, validate};

    #[test]
    fn globs_paths_options_and_templates_are_no_services() {
        for good in ["nginx", "nginx.service", "getty@tty1", "apt-daily.timer", "dev-disk-by\\x2did.swap"] {
            assert_eq!(validate(good, &Attributes::default()), Ok(()), "{good}");
        }
        for bad in ["", "--now", "ng*", "/etc/x.service", "a b", "getty@", "getty@.service", ".."] {
            assert!(validate(bad, &Attributes::default()).is_err(), "{bad}");
        }
    }
}
