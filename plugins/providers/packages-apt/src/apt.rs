//! Runs apt and dpkg. Every command line here has its pattern in `plugin.toml`.

use std::collections::BTreeMap;

use hostwright_sdk::Error;
use hostwright_sdk::host::exec::{Command, Output};

use crate::dependencies::Dependencies;
use crate::dpkg::{self, Record};
use crate::policy::{self, Policy};
use crate::simulation::Simulation;

const APT_GET: &str = "/usr/bin/apt-get";
const APT_CACHE: &str = "/usr/bin/apt-cache";
const APT_MARK: &str = "/usr/bin/apt-mark";
const DPKG: &str = "/usr/bin/dpkg";
const DPKG_QUERY: &str = "/usr/bin/dpkg-query";
const RECORD: &str =
    r"--showformat=${Package}:${Architecture} ${db:Status-Want} ${db:Status-Status} ${Version}\n";
/// What the maintainer changed and the administrator too stays as the administrator left it.
const KEEP_CONFIGURATION: [&str; 2] =
    ["--option=Dpkg::Options::=--force-confdef", "--option=Dpkg::Options::=--force-confold"];
const WAIT_FOR_LOCK: &str = "--option=DPkg::Lock::Timeout=60";

/// A package with the version that is to be installed.
pub(crate) type Pinned = (String, String);

/// Returns what dpkg knows of these packages; nothing of those it never heard of.
pub(crate) fn records(ids: &[String]) -> Result<Vec<Record>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let output = Command::new(DPKG_QUERY).arguments(["-W", RECORD, "--"]).arguments(ids).run()?;
    // 1 says that some are unknown.
    if !matches!(output.status, 0 | 1) {
        return Err(failed(&output, "the package database was not read"));
    }
    Ok(dpkg::parse(&output.text()))
}

/// Returns what dpkg knows of all packages.
pub(crate) fn all_records() -> Result<Vec<Record>, Error> {
    let output = Command::new(DPKG_QUERY).arguments(["-W", RECORD]).run()?;
    if !output.succeeded() {
        return Err(failed(&output, "the package database was not read"));
    }
    Ok(dpkg::parse(&output.text()))
}

/// Returns what the repositories offer of these packages.
pub(crate) fn policies(ids: &[String]) -> Result<BTreeMap<String, Policy>, Error> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let output = Command::new(APT_CACHE).arguments(["policy", "--"]).arguments(ids).run()?;
    if !output.succeeded() {
        return Err(failed(&output, "the versions on offer were not read"));
    }
    Ok(policy::parse(&output.text()))
}

/// Asks the repositories what they offer.
pub(crate) fn update() -> Result<(), Error> {
    // Without the option apt succeeds although a repository was not reached.
    let output = Command::new(APT_GET).arguments(["update", "--option=APT::Update::Error-Mode=any"]).run()?;
    if output.succeeded() { Ok(()) } else { Err(failed(&output, "the package lists were not updated")) }
}

/// Returns what these packages need.
pub(crate) fn dependencies(ids: &[String]) -> Result<Dependencies, Error> {
    let arguments = ["depends", "--recurse", "--important", "--"];
    let output = Command::new(APT_CACHE).arguments(arguments).arguments(ids).run()?;
    if !output.succeeded() || output.truncated {
        return Err(failed(&output, "the dependencies were not read"));
    }
    Ok(Dependencies::parse(&output.text()))
}

/// Returns what an installation would do.
pub(crate) fn simulate_installation(packages: &[Pinned]) -> Result<Simulation, Error> {
    let options = ["-s", "install", "-y", "--no-install-recommends", "--allow-downgrades"];
    let options = options.into_iter().chain(["--allow-change-held-packages", "--"]);
    simulate(
        Command::new(APT_GET).arguments(options).arguments(pins(packages)),
        "the packages cannot be installed",
    )
}

/// Returns what a removal would do.
pub(crate) fn simulate_removal(ids: &[String]) -> Result<Simulation, Error> {
    let options = ["-s", "remove", "-y", "--allow-change-held-packages", "--"];
    simulate(Command::new(APT_GET).arguments(options).arguments(ids), "the packages cannot be removed")
}

fn simulate(command: Command, doing: &str) -> Result<Simulation, Error> {
    let output = command.run()?;
    if !output.succeeded() || output.truncated {
        return Err(failed(&output, doing));
    }
    Ok(Simulation::parse(&output.text()))
}

/// Installs packages at these versions, in one run.
pub(crate) fn install(packages: &[Pinned], allow_downgrades: bool) -> Result<(), Error> {
    let command = Command::new(APT_GET)
        .arguments(["install", "-y", "--no-install-recommends", "--no-remove"])
        .arguments(allow_downgrades.then_some("--allow-downgrades"))
        .arguments(KEEP_CONFIGURATION)
        .arguments([WAIT_FOR_LOCK, "--"])
        .arguments(pins(packages));
    change(&command, "the packages were not installed")
}

/// Removes packages, in one run. Their configuration stays.
pub(crate) fn remove(ids: &[String]) -> Result<(), Error> {
    let command = Command::new(APT_GET)
        .arguments(["remove", "-y"])
        .arguments(KEEP_CONFIGURATION)
        .arguments([WAIT_FOR_LOCK, "--"])
        .arguments(ids);
    change(&command, "the packages were not removed")
}

/// Keeps packages at their version, or lets them go.
pub(crate) fn mark(ids: &[String], hold: bool) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    let verb = if hold { "hold" } else { "unhold" };
    let command = Command::new(APT_MARK).arguments([verb, "--"]).arguments(ids);
    change(&command, if hold { "the packages were not held" } else { "the packages are still held" })
}

/// Runs a program that changes packages; once more after finishing what an earlier one left half done.
fn change(command: &Command, doing: &str) -> Result<(), Error> {
    let mut output = command.clone().run()?;
    if is_interrupted(&output) {
        let recovery =
            Command::new(DPKG).arguments(["--configure", "-a", "--force-confdef", "--force-confold"]);
        let recovered = recovery.run()?;
        if !recovered.succeeded() {
            return Err(failed(&recovered, "what an interrupted installation left was not finished"));
        }
        output = command.clone().run()?;
    }
    if output.succeeded() { Ok(()) } else { Err(failed(&output, doing)) }
}

fn pins(packages: &[Pinned]) -> impl Iterator<Item = String> {
    packages.iter().map(|(package, version)| format!("{package}={version}"))
}

fn is_interrupted(output: &Output) -> bool {
    !output.succeeded() && output.error_text().contains("dpkg was interrupted")
}

/// Tells who holds a lock apart from what failed.
fn failed(output: &Output, message: &str) -> Error {
    match lock_holder(&output.error_text()) {
        Some(holder) => Error::Busy(format!("{message}: {holder}")),
        None => output.failed(message),
    }
}

/// Returns the line in which apt or dpkg says who holds a lock.
fn lock_holder(written: &str) -> Option<String> {
    let says = |line: &&str| {
        line.contains("Could not get lock") || line.contains("lock was locked by another process")
    };
    let line = written.lines().find(says)?;
    Some(line.trim_start_matches("E: ").trim_start_matches("dpkg: error: ").to_owned())
}

#[cfg(test)]
mod tests {
    use hostwright_sdk::Error;
    use hostwright_sdk::host::exec::Output;

    use super::{failed, is_interrupted};

    fn ended(stderr: &str) -> Output {
        Output {
            command_line: "/usr/bin/apt-get install".into(),
            status: 100,
            stdout: Vec::new(),
            stderr: stderr.into(),
            truncated: false,
        }
    }

    #[test]
    fn a_lock_is_told_with_its_holder() {
        let output = ended(
            "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4711 (unattended-upgr)\n\
             E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?\n",
        );
        let Error::Busy(told) = failed(&output, "the packages were not installed") else {
            panic!("{output:?}")
        };
        assert_eq!(
            told,
            "the packages were not installed: Could not get lock /var/lib/dpkg/lock-frontend. \
             It is held by process 4711 (unattended-upgr)"
        );
        let output = ended("dpkg: error: dpkg frontend lock was locked by another process with pid 9\n");
        assert!(matches!(failed(&output, "x"), Error::Busy(told) if told.ends_with("with pid 9")));
    }

    #[test]
    fn what_failed_otherwise_is_told_whole() {
        let error = failed(&ended("E: Unable to locate package x\n"), "the packages cannot be installed");
        assert!(error.to_string().ends_with("E: Unable to locate package x"), "{error}");
    }

    #[test]
    fn an_interrupted_dpkg_is_recognised() {
        let interrupted =
            "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.\n";
        assert!(is_interrupted(&ended(interrupted)));
        assert!(!is_interrupted(&ended("E: Unable to locate package x\n")));
    }
}
