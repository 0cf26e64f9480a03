//! `cargo xtask shell`: enters a host of the lab.

use anyhow::{Context as _, Result};

use crate::programs::Program;
use crate::up::state::UpState;
use crate::workspace::Workspace;

/// Runs a command in the host that `up` booted, a shell if none is given. Returns its exit status.
pub fn run(workspace: &Workspace, host: Option<&str>, command: &[String]) -> Result<i32> {
    let state = UpState::load(workspace)?.context("nothing is up; start it with `cargo xtask up`")?;
    let leader = state.leader_of(host)?;
    let command: Vec<&str> = if command.is_empty() {
        vec!["/bin/bash", "-l"]
    } else {
        command.iter().map(String::as_str).collect()
    };
    Program::new("nsenter").args(["--target", &leader.to_string(), "--all", "--"]).args(command).interact()
}
