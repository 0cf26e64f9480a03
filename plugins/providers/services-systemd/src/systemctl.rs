//! Runs systemctl and journalctl. Every command line here has its pattern in `plugin.toml`.

use hostwright_sdk::Error;
use hostwright_sdk::host::exec::{self, Command, Output};

use crate::unit::{self, Enablement, Unit};

const SYSTEMCTL: &str = "/usr/bin/systemctl";
const JOURNALCTL: &str = "/usr/bin/journalctl";
const PROPERTIES: &str = "--property=Id,LoadState,LoadError,ActiveState,SubState,UnitFileState,NeedDaemonReload,ControlGroup,WantedBy";

/// Returns the units that these ids mean, in one run for all of them.
pub(crate) fn show(ids: &[String]) -> Result<Vec<Unit>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<String> = ids.iter().map(|id| unit::name(id)).collect();
    let output = Command::new(SYSTEMCTL)
        .arguments(["show", "--no-pager", PROPERTIES, "--"])
        .arguments(&names)
        .run_or_fail("the units were not read")?;
    let mut units = unit::parse(&names, &output.text())?;
    for unit in units.iter_mut().filter(|unit| unit.enablement == Enablement::Generated) {
        unit.enablement = init_script_enablement(&unit.name)?;
    }
    Ok(units)
}

/// Init scripts are enabled by links that `show` does not know of.
fn init_script_enablement(name: &str) -> Result<Enablement, Error> {
    let output = Command::new(SYSTEMCTL).arguments(["is-enabled", "--", name]).run()?;
    // Words about the init script go to standard error, and the status is 1 where it is disabled.
    Ok(match output.text().trim() {
        "enabled" | "enabled-runtime" => Enablement::Enabled,
        "disabled" => Enablement::Disabled,
        _ => Enablement::Fixed,
    })
}

/// Returns the names of all services.
pub(crate) fn list() -> Result<Vec<String>, Error> {
    let output = Command::new(SYSTEMCTL)
        .arguments(["list-unit-files", "--no-pager", "--no-legend", "--type=service"])
        .run_or_fail("the units were not listed")?;
    let text = output.text();
    let names = text.lines().filter_map(|line| line.split_whitespace().next());
    // A template is no service, its instances are.
    Ok(names.filter(|name| !name.contains("@.")).map(str::to_owned).collect())
}

/// Lets systemd read its unit files again.
pub(crate) fn daemon_reload() -> Result<(), Error> {
    Command::new(SYSTEMCTL)
        .argument("daemon-reload")
        .run_or_fail("systemd did not read its units again")
        .map(|_| ())
}

/// Does something with one unit.
pub(crate) fn change(verb: &str, name: &str) -> Result<Output, Error> {
    Command::new(SYSTEMCTL).arguments([verb, "--", name]).run()
}

/// Returns the end of the unit's journal, empty where it cannot be read.
pub(crate) fn journal(name: &str) -> String {
    let arguments = ["--no-pager", "--quiet", "--lines=20", "--output=short-iso", "--unit", name];
    match Command::new(JOURNALCTL).arguments(arguments).run() {
        Ok(output) => exec::tail(&output.stdout),
        Err(_) => String::new(),
    }
}
