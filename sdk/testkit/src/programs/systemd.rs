//! systemctl and journalctl, as far as the provider of services asks them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hostwright_runtime::machine::{Invocation, Output};

use super::{complained, wrote};
use crate::{FakeMachine, Tree};

/// One unit of a fake systemd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Whether it runs.
    pub is_active: bool,
    /// As `UnitFileState` says it, e.g. `enabled`.
    pub file_state: String,
    /// As `LoadState` says it.
    pub load_state: String,
    /// What happens when it is started.
    pub start: Start,
    /// Whether systemd knows it only after `daemon-reload`.
    pub is_new: bool,
}

/// What happens when a unit is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// It runs.
    Works,
    /// It fails.
    Fails,
    /// It runs, and ends at once.
    Ends,
}

impl Default for Unit {
    fn default() -> Self {
        Self {
            is_active: false,
            file_state: "disabled".to_owned(),
            load_state: "loaded".to_owned(),
            start: Start::Works,
            is_new: false,
        }
    }
}

/// Units of a fake host.
#[derive(Clone, Default)]
pub struct Systemd(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    units: BTreeMap<String, Unit>,
    commands: Vec<String>,
}

impl Systemd {
    /// Puts the programs on a machine.
    pub fn on(&self, machine: FakeMachine) -> FakeMachine {
        let systemd = self.clone();
        let machine =
            machine.with_program("/usr/bin/systemctl", move |invocation: &Invocation, _: &mut Tree| {
                let arguments: Vec<&str> = invocation.arguments.iter().map(String::as_str).collect();
                let mut state = systemd.state();
                state.commands.push(arguments.join(" "));
                state.control(&arguments)
            });
        machine.with_program("/usr/bin/journalctl", |invocation: &Invocation, _: &mut Tree| {
            let unit = invocation.arguments.last().cloned().unwrap_or_default();
            wrote(format!("2025-01-01T00:00:00+0000 host {unit}[1]: cannot bind to port 80\n"))
        })
    }

    /// Adds a unit.
    #[must_use]
    pub fn with_unit(self, name: &str, unit: Unit) -> Self {
        self.put(name, unit);
        self
    }

    /// Adds or replaces a unit behind the provider's back.
    pub fn put(&self, name: &str, unit: Unit) {
        self.state().units.insert(name.to_owned(), unit);
    }

    /// Returns a unit.
    pub fn unit(&self, name: &str) -> Option<Unit> {
        self.state().units.get(name).cloned()
    }

    /// Returns the arguments of systemctl since the last time.
    pub fn take_commands(&self) -> Vec<String> {
        std::mem::take(&mut self.state().commands)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn control(&mut self, arguments: &[&str]) -> Output {
        let names: Vec<&str> =
            arguments.iter().skip_while(|argument| **argument != "--").skip(1).copied().collect();
        match arguments.first().copied().unwrap_or_default() {
            "show" => wrote(names.iter().map(|name| self.show(name)).collect::<Vec<_>>().join("\n")),
            "daemon-reload" => {
                self.units.values_mut().for_each(|unit| unit.is_new = false);
                wrote("")
            }
            verb => match names.first().and_then(|name| self.units.get_mut(*name)) {
                Some(unit) => change(verb, unit),
                None => complained(5, format!("Unit {} not found.\n", names.join(" "))),
            },
        }
    }

    fn show(&self, name: &str) -> String {
        let mut text = format!("Id={name}\n");
        match self.units.get(name).filter(|unit| !unit.is_new) {
            None => {
                text.push_str("LoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\n");
            }
            Some(unit) => {
                let (active, sub) = if unit.is_active { ("active", "running") } else { ("inactive", "dead") };
                let _ = writeln!(text, "LoadState={}\nActiveState={active}\nSubState={sub}", unit.load_state);
                let _ = writeln!(text, "UnitFileState={}\nNeedDaemonReload=no", unit.file_state);
                if unit.is_active {
                    let _ = writeln!(text, "ControlGroup=/system.slice/{name}");
                }
            }
        }
        text
    }
}

fn change(verb: &str, unit: &mut Unit) -> Output {
    match verb {
        "start" | "restart" | "reload-or-restart" if unit.start == Start::Fails => {
            return complained(1, "Job failed because the control process exited with error code.\n");
        }
        "start" | "restart" | "reload-or-restart" => unit.is_active = unit.start == Start::Works,
        "stop" => unit.is_active = false,
        "enable" => "enabled".clone_into(&mut unit.file_state),
        "disable" => "disabled".clone_into(&mut unit.file_state),
        "is-enabled" => return wrote(format!("{}\n", unit.file_state)),
        other => return complained(1, format!("Unknown command verb {other}.\n")),
    }
    wrote("")
}
