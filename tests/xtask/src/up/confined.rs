//! A directory that an agent keeps as if it were a machine's root, for people who are not root.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Child;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};

use super::command_line::CommandLine;
use crate::lab::managed::AgentPrograms;
use crate::programs::Program;

/// The agent of a confined directory; killed when dropped.
#[derive(Debug)]
pub(super) struct ConfinedHost {
    agent: Child,
}

impl ConfinedHost {
    /// Starts the agent of `directory`, enrolling it first if it is new.
    pub(super) fn start(
        directory: &Path,
        programs: &AgentPrograms,
        orchestrator: SocketAddr,
        command_line: &CommandLine<'_>,
    ) -> Result<Self> {
        fs::create_dir_all(directory).with_context(|| format!("create {}", directory.display()))?;
        let state = directory.with_extension("agent");
        let configuration = directory.with_extension("toml");
        fs::write(
            &configuration,
            format!(
                "root = {:?}\nstate_directory = {:?}\ncompiler = {:?}\nbus = \"ws://{orchestrator}/bus/v1\"\n",
                directory.display().to_string(),
                state.display().to_string(),
                programs.compiler.display().to_string()
            ),
        )
        .context("write the agent's configuration")?;
        let agent =
            |command: &str| Program::new(&programs.agent).arg("--config").arg(&configuration).arg(command);
        if !state.join("ledger.db").exists() {
            agent("enrol").arg("-").feed(command_line.token()?.as_bytes()).context("enrol the agent")?;
        }
        let agent = agent("run").start(&directory.with_extension("log"))?;
        Ok(Self { agent })
    }

    /// The agent's process.
    pub(super) fn pid(&self) -> u32 {
        self.agent.id()
    }

    /// Asks the agent to end and waits for that.
    pub(super) fn stop(mut self) -> Result<()> {
        let pid = i32::try_from(self.agent.id()).ok().and_then(Pid::from_raw).context("a process id")?;
        kill_process(pid, Signal::TERM).context("stop the agent")?;
        self.agent.wait().context("wait for the agent")?;
        Ok(())
    }
}

impl Drop for ConfinedHost {
    fn drop(&mut self) {
        let _ = self.agent.kill();
        let _ = self.agent.wait();
    }
}
