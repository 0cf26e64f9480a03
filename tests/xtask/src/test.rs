//! `cargo xtask test` and `cargo xtask check`.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::lab::base::Base;
use crate::lab::repository::Repository;
use crate::programs::Program;
use crate::setup::{Missing, Purpose, is_root};
use crate::workspace::Workspace;
use crate::{build, setup, up};

/// Where the time of a run went.
#[derive(Debug, Default)]
struct Times {
    steps: Vec<(&'static str, Duration)>,
}

impl Times {
    fn step<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        println(&format!("==> {name}"));
        let begun = Instant::now();
        let result = work();
        self.steps.push((name, begun.elapsed()));
        result
    }

    fn report(&self) {
        println("where the time went:");
        for (name, time) in &self.steps {
            println(&format!("{:>8.1} s  {name}", time.as_secs_f64()));
        }
    }
}

/// Which tests are run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Those that take long, too; each has a short form among the others.
    pub long: bool,
    /// Only those whose names contain one of these.
    pub filters: Vec<String>,
}

/// Runs tests, installing and building what they need first. Returns whether all passed.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let nextest = || nextest(workspace, options.long);
    let mut times = Times::default();
    times.step("set-up", || prepare(workspace))?;
    times.step("build: binaries", || build::binaries(workspace))?;
    times.step("build: plugins", || build::plugins(workspace))?;
    times.step("build: tests", || nextest().arg("--no-run").run())?;
    let tests = || Ok(nextest().arg("--no-fail-fast").args(&options.filters).run().is_ok());
    let passed = times.step("tests", tests)?;
    report_skips(workspace, options.long)?;
    times.report();
    Ok(passed)
}

/// What has to hold before a change is pushed: format, lints, tests.
pub fn check(workspace: &Workspace) -> Result<bool> {
    let cargo =
        |arguments: &[&str]| Program::new("cargo").args(arguments).current_dir(workspace.root()).run();
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "--deny", "warnings"])?;
    run(workspace, &Options::default())
}

/// Installs what is missing for building and testing.
pub fn set_up() -> Result<()> {
    let missing = Missing::find(Purpose::Test)?;
    for line in missing.describe() {
        println(&format!("installing {line}"));
    }
    missing.install(&mut |line| println(&line))
}

/// Installs what is missing and makes what the lab needs.
fn prepare(workspace: &Workspace) -> Result<()> {
    set_up()?;
    if setup::is_root() {
        let base = Base::prepare(&workspace.lab())?;
        Repository::prepare(&workspace.lab(), &base, up::EXAMPLE_PACKAGES)?;
    }
    Ok(())
}

fn nextest(workspace: &Workspace, long: bool) -> Program {
    Program::new("cargo")
        .args(["nextest", "run", "--workspace", "--all-features"])
        // Tests that take long are ignored by default, which is what nextest then calls skipped.
        .args(if long { &["--profile", "long", "--run-ignored", "all"][..] } else { &[] })
        // Each property is tried with so many inputs.
        .env("PROPTEST_CASES", if long { "20000" } else { "256" })
        .current_dir(workspace.root())
}

/// Counts what tests said they left out, so that nobody takes a skipped part for a tested one.
fn report_skips(workspace: &Workspace, long: bool) -> Result<()> {
    let profile = if long { "long" } else { "default" };
    let report = workspace.root().join(format!("target/nextest/{profile}/junit.xml"));
    let text = fs::read_to_string(&report).with_context(|| format!("read {}", report.display()))?;
    let skips: Vec<&str> =
        text.lines().filter_map(|line| line.split_once("SKIPPED:")).map(|(_, why)| why.trim()).collect();
    println(&format!("parts skipped: {}", skips.len()));
    for why in &skips {
        println(&format!("  SKIPPED: {why}"));
    }
    if !is_root() {
        println("  SKIPPED: everything on real hosts, because that needs root");
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "people watch this command")]
fn println(line: &str) {
    println!("{line}");
}
