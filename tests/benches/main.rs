//! Every figure that Hostwright is proud of or should be: `cargo bench -p hostwright-tests`.
//!
//! Builds the agent and the plugins as they are shipped, measures them and prints one table; words after `--` choose
//! sections. What depends on the machine is told as a ratio to the same work done without Hostwright, in the same run and
//! in turn with it. The orchestrator is that of development: it stands at the other end, and can only make times longer.
//! A gate that is missed ends the command with an error. With `--as-built` nothing is built before.

mod changes;
mod checking;
mod drift;
mod figure;
mod loading;
mod managed;
mod plugins;
mod presence;
mod process;
mod sizes;
mod starting;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use hostwright_tests::Programs;
use xtask::build;
use xtask::workspace::Workspace;

use crate::checking::Sweep;
use crate::figure::Figure;

const SECTIONS: &[&str] = &["sizes", "loading", "checking", "presence", "starting", "changes", "drift"];
const IDLE_TIME: Duration = Duration::from_mins(2);
const SWEEPS: &[Sweep] =
    &[Sweep { file_count: 100, most: 2.0, rounds: 300 }, Sweep { file_count: 5_000, most: 1.5, rounds: 40 }];

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            say("a gate is missed");
            ExitCode::FAILURE
        }
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Returns whether every gate is kept.
fn run() -> Result<bool> {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let programs = programs(std::env::args().any(|word| word == "--as-built"))?;
    let mut is_kept = true;
    say(&format!("| {:<56} | {:<60} | gate", "figure", "measured"));
    for section in SECTIONS.iter().filter(|name| chosen.is_empty() || chosen.iter().any(|word| word == *name))
    {
        let load = load_average()?;
        for figure in measure(section, &programs).with_context(|| format!("measure {section}"))? {
            is_kept &= figure.share_of_gate().is_none_or(|share| share <= 1.0);
            say(&row(&figure));
        }
        say(&format!("| {section}: load average before {load}, after {}", load_average()?));
    }
    Ok(is_kept)
}

/// What is measured; built first, unless it is there already.
fn programs(is_built: bool) -> Result<Programs> {
    let workspace = Workspace::locate();
    if !is_built {
        say("building what is measured");
        build::shipped(&workspace)?;
        build::binaries(&workspace)?;
        build::plugins(&workspace)?;
    }
    let mut programs = Programs::of_development();
    programs.agent.agent = workspace.target().join("agent/hostwright-agent");
    programs.agent.compiler = workspace.target().join("release/hostwright-compiler");
    Ok(programs)
}

fn measure(section: &str, programs: &Programs) -> Result<Vec<Figure>> {
    let compiler = &programs.agent.compiler;
    let event_loop = tokio::runtime::Runtime::new().context("start an event loop")?;
    match section {
        "sizes" => {
            let mut figures = sizes::plugins()?;
            figures.push(sizes::program(&programs.agent.agent)?);
            figures.push(sizes::program(compiler)?);
            Ok(figures)
        }
        "loading" => loading::measure(compiler),
        "checking" => checking::measure(compiler, SWEEPS),
        "presence" => event_loop.block_on(presence::measure(programs.clone(), IDLE_TIME)),
        "starting" => event_loop.block_on(starting::measure(programs.clone())),
        "changes" => event_loop.block_on(changes::measure(programs.clone())),
        _ => event_loop.block_on(drift::measure(programs.clone())),
    }
}

fn row(figure: &Figure) -> String {
    let gate = match figure.gate {
        None => String::new(),
        Some(gate) if gate.value <= gate.most => format!("{} kept", gate.most),
        Some(gate) => format!("{} MISSED", gate.most),
    };
    format!("| {:<56} | {:<60} | {gate}", figure.name, figure.measured)
}

fn load_average() -> Result<String> {
    let text = std::fs::read_to_string("/proc/loadavg").context("read the load average")?;
    Ok(text.split(' ').take(2).collect::<Vec<_>>().join(" "))
}

#[expect(clippy::print_stdout, reason = "this is what was asked for")]
fn say(line: &str) {
    println!("{line}");
}
