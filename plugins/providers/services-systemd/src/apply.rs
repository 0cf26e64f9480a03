//! Changes units.

use hostwright_collections::services;
use hostwright_sdk::Error;
use hostwright_sdk::host::exec::Output;
use hostwright_sdk::types::{Failed, Outcome};

use crate::systemctl;
use crate::unit::{Load, Unit};

/// What is to be reached for one unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal<'a> {
    /// The service.
    pub(crate) id: &'a str,
    /// Whether it is to run.
    pub(crate) running: Option<bool>,
    /// Whether it is to start with the machine.
    pub(crate) enabled: Option<bool>,
    /// Whether it is an error that there is no such unit.
    pub(crate) must_exist: bool,
}

/// Reaches the goals of a batch. An error is that of all.
pub(crate) fn reach(goals: &[Goal<'_>]) -> Result<Vec<Result<Outcome, Error>>, Error> {
    let ids: Vec<String> = goals.iter().map(|goal| goal.id.to_owned()).collect();
    let mut units = systemctl::show(&ids)?;
    // A unit file that was just written is not seen, or seen as it was.
    let is_stale = |(goal, unit): (&Goal<'_>, &Unit)| {
        unit.needs_reload || (goal.must_exist && matches!(unit.load, Load::Missing | Load::Broken(_)))
    };
    if goals.iter().zip(&units).any(is_stale) {
        systemctl::daemon_reload()?;
        units = systemctl::show(&ids)?;
    }
    let done: Vec<Result<bool, Error>> =
        goals.iter().zip(&units).map(|(goal, unit)| change(goal, unit)).collect();
    if !done.iter().any(|done| matches!(done, Ok(true))) {
        return Ok(done.into_iter().map(|done| done.map(|_| Outcome::unchanged())).collect());
    }
    let after = systemctl::show(&ids)?;
    let outcome = |((goal, done), unit): ((&Goal<'_>, Result<bool, Error>), &Unit)| {
        if !done? {
            return Ok(Outcome::unchanged());
        }
        verify(goal, unit)
    };
    Ok(goals.iter().zip(done).zip(&after).map(outcome).collect())
}

/// Does what is missing and returns whether there was anything to do.
fn change(goal: &Goal<'_>, unit: &Unit) -> Result<bool, Error> {
    let name = unit.name.as_str();
    match &unit.load {
        Load::Missing if goal.must_exist => {
            return Err(Error::failed(format!(
                "there is no unit `{name}` on this machine; declare the package or the file that it comes with"
            )));
        }
        Load::Missing => return Ok(false),
        Load::Broken(reason) => {
            return Err(Error::failed(format!("the unit `{name}` cannot be used: {reason}")));
        }
        Load::Masked if goal.running == Some(true) || goal.enabled == Some(true) => {
            return Err(Error::failed(format!(
                "the unit `{name}` is masked: an administrator made it impossible to start (`systemctl unmask {name}` undoes that)"
            )));
        }
        Load::Loaded | Load::Masked => {}
    }
    let mut changed = false;
    if let Some(enabled) = goal.enabled
        && unit.is_enabled() != Some(enabled)
    {
        changed |= enable(goal, unit, enabled)?;
    }
    if let Some(running) = goal.running
        && unit.is_running() != running
    {
        let output = systemctl::change(if running { "start" } else { "stop" }, name)?;
        if !output.succeeded() {
            let doing = if running { "did not start" } else { "did not stop" };
            return Err(with_journal(&output, name, doing));
        }
        changed = true;
    }
    Ok(changed)
}

fn enable(goal: &Goal<'_>, unit: &Unit, enabled: bool) -> Result<bool, Error> {
    let name = unit.name.as_str();
    if unit.is_enabled().is_none() {
        if !enabled || !goal.must_exist {
            // It does not start with the machine by itself, and nothing can be switched off.
            return Ok(false);
        }
        return Err(Error::failed(format!(
            "the unit `{name}` cannot be enabled: it has no `[Install]` section and is started by others; leave `enabled` out"
        )));
    }
    let output = systemctl::change(if enabled { "enable" } else { "disable" }, name)?;
    if output.succeeded() {
        return Ok(true);
    }
    Err(output.failed(format!("the unit `{name}` was not {}", if enabled { "enabled" } else { "disabled" })))
}

/// Holds the unit against its goal once more: systemctl succeeds with a service that ends at once.
fn verify(goal: &Goal<'_>, unit: &Unit) -> Result<Outcome, Error> {
    let name = unit.name.as_str();
    if let Some(running) = goal.running
        && unit.is_running() != running
    {
        let ended = if running {
            "does not run although it was started"
        } else {
            "still runs although it was stopped"
        };
        return Err(Error::Failed(Failed {
            message: format!("the unit `{name}` {ended}: it is {} ({})", unit.active, unit.sub),
            output: Some(systemctl::journal(name)),
            ..Failed::default()
        }));
    }
    Ok(Outcome::changed())
}

/// Restarts or reloads a service.
pub(crate) fn perform(id: &str, action: &str) -> Result<Outcome, Error> {
    let ids = [id.to_owned()];
    let mut units = systemctl::show(&ids)?;
    if units.iter().any(|unit| unit.needs_reload) {
        systemctl::daemon_reload()?;
        units = systemctl::show(&ids)?;
    }
    let Some(unit) = units.pop() else { return Err(Error::failed("systemd gave no answer")) };
    let name = unit.name.as_str();
    if unit.load == Load::Missing {
        return Err(Error::failed(format!("there is no unit `{name}` on this machine")));
    }
    let verb = match action {
        services::RESTART => "restart",
        services::RELOAD if !unit.is_running() => {
            return Ok(Outcome::unchanged()
                .with_message(format!("`{name}` does not run, there is nothing to reload")));
        }
        services::RELOAD => "reload-or-restart",
        other => return Err(Error::unsupported(format!("a service cannot `{other}`"))),
    };
    let output = systemctl::change(verb, name)?;
    if !output.succeeded() {
        return Err(with_journal(&output, name, &format!("did not {action}")));
    }
    let goal = Goal { id, running: Some(true), enabled: None, must_exist: true };
    match systemctl::show(&ids)?.pop() {
        Some(after) => verify(&goal, &after),
        None => Err(Error::failed("systemd gave no answer")),
    }
}

/// What systemctl says of a failure sends people to the journal: its end is told at once.
fn with_journal(output: &Output, name: &str, doing: &str) -> Error {
    let journal = systemctl::journal(name);
    match output.failed(format!("the unit `{name}` {doing}")) {
        Error::Failed(failed) if !journal.is_empty() => {
            let said = failed.output.unwrap_or_default();
            Error::Failed(Failed { output: Some(format!("{said}\n{journal}")), ..failed })
        }
        other => other,
    }
}
