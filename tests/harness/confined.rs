//! An agent of this machine that keeps a directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;

use anyhow::{Context as _, Result};
use xtask::lab::managed::AgentPrograms;
use xtask::programs::Program;

/// An enrolled agent and its directory; killed when dropped.
#[derive(Debug)]
pub struct ConfinedAgent {
    programs: AgentPrograms,
    configuration: PathBuf,
    root: PathBuf,
    log: PathBuf,
    process: Option<Child>,
}

impl ConfinedAgent {
    /// Enrols an agent that keeps `directory/root`, and starts it.
    pub fn start(directory: &Path, programs: AgentPrograms, token: &str) -> Result<Self> {
        Self::start_with(directory, programs, token, "")
    }

    /// As [`start`](Self::start), for an agent with a login of its own at a broker.
    pub fn start_on_broker(
        directory: &Path,
        programs: AgentPrograms,
        token: &str,
        address: &str,
    ) -> Result<Self> {
        Self::start_with(directory, programs, token, &format!("bus = {address:?}\n"))
    }

    fn start_with(directory: &Path, programs: AgentPrograms, token: &str, configured: &str) -> Result<Self> {
        let root = directory.join("root");
        fs::create_dir_all(&root).with_context(|| format!("create {}", root.display()))?;
        let configuration = directory.join("agent.toml");
        let text = format!(
            "root = {:?}\nstate_directory = {:?}\ncompiler = {:?}\n{configured}",
            root.display().to_string(),
            directory.join("state").display().to_string(),
            programs.compiler.display().to_string()
        );
        fs::write(&configuration, text).context("write the agent's configuration")?;
        let mut agent =
            Self { programs, configuration, root, log: directory.join("agent.log"), process: None };
        agent.program("enrol").arg("-").feed(token.as_bytes())?;
        agent.start_again()?;
        Ok(agent)
    }

    /// The directory that it keeps.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What it says of itself.
    pub fn status(&self) -> Result<String> {
        self.program("status").capture()
    }

    /// Its log.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Kills it as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts it on what it has kept.
    pub fn start_again(&mut self) -> Result<()> {
        self.process = Some(self.program("run").start(&self.log)?);
        Ok(())
    }

    /// Its process.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    fn program(&self, command: &str) -> Program {
        Program::new(&self.programs.agent).arg("--config").arg(&self.configuration).arg(command)
    }
}

impl Drop for ConfinedAgent {
    fn drop(&mut self) {
        self.kill();
    }
}
