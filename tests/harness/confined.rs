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
        Self::start_configured(directory, programs, token, "")
    }

    /// The same, with further lines of its configuration.
    pub fn start_configured(
        directory: &Path,
        programs: AgentPrograms,
        token: &str,
        more: &str,
    ) -> Result<Self> {
        let root = directory.join("root");
        fs::create_dir_all(&root).with_context(|| format!("create {}", root.display()))?;
        let configuration = directory.join("agent.toml");
        let text = format!(
            "root = {:?}\nstate_directory = {:?}\ncompiler = {:?}\n{more}\n",
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

    /// What it says of itself, for programs.
    pub fn status_document(&self) -> Result<serde_json::Value> {
        let text = self.program("status").arg("--json").capture()?;
        serde_json::from_str(&text).context("the agent's status is JSON")
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

    /// Where it keeps its ledger.
    pub fn state_directory(&self) -> PathBuf {
        self.configuration.with_file_name("state")
    }

    /// Its process.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// One of its commands.
    pub fn program(&self, command: &str) -> Program {
        Program::new(&self.programs.agent).arg("--config").arg(&self.configuration).arg(command)
    }
}

impl Drop for ConfinedAgent {
    fn drop(&mut self) {
        self.kill();
    }
}
