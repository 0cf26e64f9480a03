//! `wright` as people run it.

use anyhow::Result;
use xtask::programs::Program;
use xtask::workspace::Workspace;

/// The command line with one login.
#[derive(Clone, Debug)]
pub struct CommandLine {
    workspace: Workspace,
    api: String,
    password: String,
}

/// What a call wrote and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit status.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl CommandLine {
    pub(crate) fn new(workspace: &Workspace, api: &str, password: &str) -> Self {
        Self { workspace: workspace.clone(), api: api.to_owned(), password: password.to_owned() }
    }

    /// Runs it without a terminal.
    pub fn run(&self, arguments: &[&str]) -> Result<Ended> {
        let output = Program::new(self.workspace.binary("wright"))
            .env("HOSTWRIGHT_API", &self.api)
            .env("HOSTWRIGHT_USER", "admin")
            .env("HOSTWRIGHT_PASSWORD", &self.password)
            .args(arguments)
            .output()?;
        Ok(Ended {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}
