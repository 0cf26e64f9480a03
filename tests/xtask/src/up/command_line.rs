//! `wright`, with what it needs to reach the orchestrator.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::example::{ENVIRONMENT, HOST, ORGANIZATION};
use super::state::UpState;
use crate::build;
use crate::programs::Program;
use crate::workspace::Workspace;

/// The command line of one orchestrator's administrator.
#[derive(Debug)]
pub(super) struct CommandLine<'a> {
    workspace: &'a Workspace,
    api: String,
    user: String,
    password: String,
}

impl<'a> CommandLine<'a> {
    pub(super) fn new(workspace: &'a Workspace, api: &str, password: &str) -> Self {
        Self { workspace, api: api.to_owned(), user: "admin".to_owned(), password: password.to_owned() }
    }

    pub(super) fn of(workspace: &'a Workspace, state: &UpState) -> Self {
        Self { workspace, api: state.api.clone(), user: state.user.clone(), password: state.password.clone() }
    }

    /// The program, ready for arguments. The password goes through the environment, where other users cannot see it.
    pub(super) fn program(&self) -> Program {
        build::wright(self.workspace)
            .env("HOSTWRIGHT_API", &self.api)
            .env("HOSTWRIGHT_USER", &self.user)
            .env("HOSTWRIGHT_PASSWORD", &self.password)
    }

    /// Creates or updates the example's organization with everything in it.
    pub(super) fn apply(&self, folder: &Path) -> Result<()> {
        self.program().arg("apply").arg("-f").arg(folder).capture().context("apply the example")?;
        Ok(())
    }

    /// Whether the host is waiting for its machine.
    pub(super) fn host_state(&self) -> Result<String> {
        let host = self.json(&["hosts", "show", ORGANIZATION, ENVIRONMENT, HOST])?;
        Ok(host["state"].as_str().context("a host without a state")?.to_owned())
    }

    /// Begins provisioning.
    pub(super) fn provision(&self) -> Result<()> {
        self.program()
            .args(["instance", "provision", ORGANIZATION, ENVIRONMENT, HOST])
            .capture()
            .context("provision the host")?;
        Ok(())
    }

    /// A token with which the machine enrols as the host.
    pub(super) fn token(&self) -> Result<String> {
        let token = self.json(&["tokens", "create", ORGANIZATION, ENVIRONMENT, "--host", HOST])?;
        Ok(token["token"].as_str().context("an answer without a token")?.to_owned())
    }

    fn json(&self, arguments: &[&str]) -> Result<Value> {
        let answer = self.program().arg("--json").args(arguments).capture()?;
        serde_json::from_str(&answer)
            .with_context(|| format!("`wright {}` answers JSON", arguments.join(" ")))
    }
}
