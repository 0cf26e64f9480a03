//! Units as systemd tells of them.

use std::collections::BTreeMap;

use hostwright_collections::services::Attributes;
use hostwright_sdk::Error;
use hostwright_sdk::types::Observation;

/// Kinds of units besides services.
const KINDS: [&str; 11] = [
    ".service",
    ".socket",
    ".timer",
    ".target",
    ".path",
    ".mount",
    ".automount",
    ".swap",
    ".slice",
    ".scope",
    ".device",
];

/// Returns the name of the unit that an id means: `.service` is implied.
pub(crate) fn name(id: &str) -> String {
    if KINDS.iter().any(|kind| id.ends_with(kind)) { id.to_owned() } else { format!("{id}.service") }
}

/// One unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unit {
    /// As it was asked for.
    pub(crate) name: String,
    /// Whether there is such a unit.
    pub(crate) load: Load,
    /// `active`, `inactive`, `failed`...
    pub(crate) active: String,
    /// More precisely, e.g. `auto-restart`.
    pub(crate) sub: String,
    /// Whether it starts with the machine.
    pub(crate) enablement: Enablement,
    /// Whether its file changed since systemd read it.
    pub(crate) needs_reload: bool,
    /// Where its processes are, e.g. `/system.slice/nginx.service`; empty while it does not run.
    pub(crate) control_group: String,
    /// Units that want it when they start.
    pub(crate) wanted_by: Vec<String>,
}

/// Whether there is such a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Load {
    /// There is none.
    #[default]
    Missing,
    /// There is one.
    Loaded,
    /// An administrator made it impossible to start.
    Masked,
    /// Its file cannot be used.
    Broken(String),
}

/// Whether a unit starts with the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Enablement {
    /// It does.
    Enabled,
    /// It does not.
    Disabled,
    /// It cannot be switched: it has no `[Install]`, or a program makes it at each start.
    Fixed,
    /// It comes from an init script; `is-enabled` knows.
    Generated,
    /// There is nothing that could.
    #[default]
    Unknown,
}

impl Unit {
    /// Returns whether it runs. One that is being started counts, one between two crashes does not.
    pub(crate) fn is_running(&self) -> bool {
        match self.active.as_str() {
            "active" | "reloading" | "refreshing" => true,
            "activating" => self.sub != "auto-restart",
            _ => false,
        }
    }

    /// Returns whether it starts with the machine, if that can be said.
    pub(crate) fn is_enabled(&self) -> Option<bool> {
        match self.enablement {
            Enablement::Enabled => Some(true),
            Enablement::Disabled => Some(false),
            Enablement::Fixed | Enablement::Generated | Enablement::Unknown => None,
        }
    }

    /// Returns what is observed of it.
    pub(crate) fn observation(&self) -> Observation<Attributes> {
        match &self.load {
            Load::Missing => Observation::Absent,
            Load::Broken(reason) => Observation::Unreadable(Error::failed(format!(
                "the unit `{}` cannot be used: {reason}",
                self.name
            ))),
            Load::Loaded | Load::Masked => Observation::Present(Attributes {
                running: Some(self.is_running()),
                enabled: self.is_enabled(),
            }),
        }
    }
}

/// Reads what `systemctl show` wrote of these units: one block each, in the order in which they were asked for.
pub(crate) fn parse(names: &[String], text: &str) -> Result<Vec<Unit>, Error> {
    let blocks: Vec<&str> = text.split("\n\n").filter(|block| !block.trim().is_empty()).collect();
    if blocks.len() != names.len() {
        return Err(Error::failed(format!(
            "systemd told of {} units, {} were asked for",
            blocks.len(),
            names.len()
        )));
    }
    Ok(names.iter().zip(blocks).map(|(name, block)| parse_one(name, block)).collect())
}

fn parse_one(name: &str, block: &str) -> Unit {
    let properties: BTreeMap<&str, &str> = block.lines().filter_map(|line| line.split_once('=')).collect();
    let property = |name: &str| properties.get(name).copied().unwrap_or_default();
    let load = match property("LoadState") {
        "not-found" | "" | "stub" => Load::Missing,
        "loaded" | "merged" => Load::Loaded,
        "masked" => Load::Masked,
        state => Load::Broken(reason(state, property("LoadError"))),
    };
    let enablement = match property("UnitFileState") {
        "enabled" | "enabled-runtime" | "alias" => Enablement::Enabled,
        "disabled" | "masked" | "masked-runtime" | "linked" | "linked-runtime" => Enablement::Disabled,
        "static" | "indirect" | "transient" => Enablement::Fixed,
        "generated" => Enablement::Generated,
        _ => Enablement::Unknown,
    };
    Unit {
        name: name.to_owned(),
        load,
        active: property("ActiveState").to_owned(),
        sub: property("SubState").to_owned(),
        enablement,
        needs_reload: property("NeedDaemonReload") == "yes",
        control_group: property("ControlGroup").to_owned(),
        wanted_by: property("WantedBy").split_whitespace().map(str::to_owned).collect(),
    }
}

/// `LoadError` is the name of a D-Bus error and a text in quotes.
fn reason(state: &str, error: &str) -> String {
    let text = error.split_once(' ').map_or(error, |(_, text)| text).trim_matches('"');
    if text.is_empty() { state.to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use hostwright_sdk::types::Observation;

    use super::{Enablement, Load, name, parse};

    const SHOW: &str = "\
Id=nginx.service
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
NeedDaemonReload=yes
ControlGroup=/system.slice/nginx.service
WantedBy=multi-user.target

Id=nosuch.service
LoadState=not-found
LoadError=org.freedesktop.systemd1.NoSuchUnit \"Unit nosuch.service not found.\"
ActiveState=inactive
SubState=dead
UnitFileState=
NeedDaemonReload=no
ControlGroup=

Id=bad.service
LoadState=bad-setting
LoadError=org.freedesktop.systemd1.BadUnitSetting \"Unit bad.service has a bad unit file setting.\"
ActiveState=inactive
SubState=dead
UnitFileState=disabled

Id=loop.service
LoadState=loaded
ActiveState=activating
SubState=auto-restart
UnitFileState=static
";

    fn names() -> Vec<String> {
        ["nginx.service", "nosuch.service", "bad.service", "loop.service"].map(str::to_owned).to_vec()
    }

    #[test]
    fn blocks_are_read_in_order() {
        let units = parse(&names(), SHOW).unwrap();
        assert!(units[0].is_running() && units[0].needs_reload);
        assert_eq!(units[0].is_enabled(), Some(true));
        assert_eq!(units[0].wanted_by, ["multi-user.target"]);
        assert_eq!(units[1].load, Load::Missing);
        assert_eq!(units[1].observation(), Observation::Absent);
        let Observation::Unreadable(error) = units[2].observation() else { panic!("{:?}", units[2]) };
        assert_eq!(
            error.to_string(),
            "the unit `bad.service` cannot be used: Unit bad.service has a bad unit file setting."
        );
        assert!(!units[3].is_running());
        assert_eq!((units[3].enablement, units[3].is_enabled()), (Enablement::Fixed, None));
    }

    #[test]
    fn a_missing_block_is_no_answer_for_another_unit() {
        assert!(parse(&names()[..3], SHOW).is_err());
    }

    #[test]
    fn a_service_is_meant_where_no_kind_is_said() {
        assert_eq!(name("nginx"), "nginx.service");
        assert_eq!(name("getty@tty1"), "getty@tty1.service");
        assert_eq!(name("apt-daily.timer"), "apt-daily.timer");
        assert_eq!(name("php8.2-fpm"), "php8.2-fpm.service");
    }
}
