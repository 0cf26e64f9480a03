//! Handlers: what is done when a setting changes, at installation, or by name.

use std::fmt;
use std::str::FromStr;

use crate::names::{InvalidName, ResourceName, SettingKey};

/// Actions and what sets them off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handler {
    /// By which it can be run by hand; nothing: it cannot.
    pub name: Option<ResourceName>,
    /// Any of these sets it off.
    pub on: Vec<Trigger>,
    /// In this order.
    pub actions: Vec<Action>,
}

/// What sets a handler off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The application was installed; written `_install`.
    Install,
    /// The application is about to be uninstalled; written `_uninstall`.
    Uninstall,
    /// The effective value of this key changed; no parameter needs to have it.
    Setting(SettingKey),
}

impl FromStr for Trigger {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "_install" => Ok(Self::Install),
            "_uninstall" => Ok(Self::Uninstall),
            key => key.parse().map(Self::Setting),
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Install => f.write_str("_install"),
            Self::Uninstall => f.write_str("_uninstall"),
            Self::Setting(key) => fmt::Display::fmt(key, f),
        }
    }
}

/// One thing that a handler does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Renders a file and sends it.
    Update(ResourceName),
    /// Runs a file on the host.
    Execute(ResourceName),
    /// Restarts a service.
    Restart(ResourceName),
    /// Lets a service read its configuration again.
    Reload(ResourceName),
    /// What comes after this is done even if what came before failed.
    Continue,
}

/// An action and its resource do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAction {
    /// No such action.
    #[error("`{0}` is no action: there are update, execute, restart, reload and continue")]
    Unknown(String),
    /// The action needs a resource of another kind.
    #[error("action `{action}` needs a resource `{scheme}://NAME`")]
    Resource {
        /// The action.
        action: String,
        /// What its resource begins with.
        scheme: &'static str,
    },
    /// The resource's name cannot be one.
    #[error("the resource of action `{action}` has no valid name")]
    Name {
        /// The action.
        action: String,
        /// Why.
        #[source]
        source: InvalidName,
    },
}

impl Action {
    /// Reads an action as it is written: `update` and `file://site.conf`.
    pub fn parse(action: &str, resource: Option<&str>) -> Result<Self, InvalidAction> {
        type Make = fn(ResourceName) -> Action;
        let (scheme, make): (_, Make) = match action {
            "update" => ("file", Self::Update),
            "execute" => ("file", Self::Execute),
            "restart" => ("service", Self::Restart),
            "reload" => ("service", Self::Reload),
            "continue" => return Ok(Self::Continue),
            other => return Err(InvalidAction::Unknown(other.to_owned())),
        };
        let name = resource
            .and_then(|resource| resource.strip_prefix(scheme))
            .and_then(|rest| rest.strip_prefix("://"))
            .ok_or_else(|| InvalidAction::Resource { action: action.to_owned(), scheme })?;
        let name =
            name.parse().map_err(|source| InvalidAction::Name { action: action.to_owned(), source })?;
        Ok(make(name))
    }

    /// Returns how the action is written.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Update(_) => "update",
            Self::Execute(_) => "execute",
            Self::Restart(_) => "restart",
            Self::Reload(_) => "reload",
            Self::Continue => "continue",
        }
    }

    /// Returns how its resource is written.
    pub fn resource(&self) -> Option<String> {
        match self {
            Self::Update(name) | Self::Execute(name) => Some(format!("file://{name}")),
            Self::Restart(name) | Self::Reload(name) => Some(format!("service://{name}")),
            Self::Continue => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_read_as_they_are_written() {
        for (verb, resource) in
            [("update", "file://a.conf"), ("execute", "file://run me"), ("restart", "service://nginx")]
        {
            let action = Action::parse(verb, Some(resource)).unwrap();
            assert_eq!((action.verb(), action.resource().as_deref()), (verb, Some(resource)));
        }
        assert_eq!(Action::parse("continue", None).unwrap(), Action::Continue);
    }

    #[test]
    fn actions_that_do_not_fit_say_how_they_would() {
        let error = Action::parse("restart", Some("file://a.conf")).unwrap_err();
        assert_eq!(error.to_string(), "action `restart` needs a resource `service://NAME`");
        let error = Action::parse("explode", None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`explode` is no action: there are update, execute, restart, reload and continue"
        );
        assert!(Action::parse("update", Some("file://a/b")).is_err());
    }

    #[test]
    fn reserved_triggers_are_not_keys() {
        assert_eq!("_install".parse::<Trigger>().unwrap(), Trigger::Install);
        assert_eq!("_uninstall".parse::<Trigger>().unwrap().to_string(), "_uninstall");
        assert_eq!("port".parse::<Trigger>().unwrap(), Trigger::Setting("port".parse().unwrap()));
        assert!("_other".parse::<Trigger>().is_err());
    }
}
