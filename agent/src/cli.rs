//! The command line: flags only; everything else is configuration.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::config::Overrides;

/// Keeps this machine in its desired state.
#[derive(Debug, Parser)]
#[command(name = "hostwright-agent", version)]
pub struct Cli {
    /// Configuration file [default: /etc/hostwright/agent.toml].
    #[arg(long, global = true, value_name = "FILE", env = "HOSTWRIGHT_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where keys and ledger are kept.
    #[arg(long, global = true, value_name = "DIRECTORY")]
    pub state_directory: Option<PathBuf>,
    /// Manage this directory instead of the whole machine: no programs, no owners.
    #[arg(long, global = true, value_name = "DIRECTORY")]
    pub root: Option<PathBuf>,
    /// What to do; `run` if nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the agent.
    Run {
        /// Enrol with the token in this file first, if this machine is not enrolled.
        #[arg(long, value_name = "FILE")]
        token_file: Option<PathBuf>,
    },
    /// Make this machine an agent of the organization that issued the token.
    Enrol {
        /// The token, `hw1_...`; `-` reads it from standard input, where no list of processes shows it.
        token: String,
        /// Forget the identity that this machine has.
        #[arg(long)]
        force: bool,
    },
    /// Say what the agent is doing, and why.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check the configuration and say every problem at once.
    CheckConfig,
}

impl Cli {
    /// Returns what the flags override.
    pub fn overrides(&self) -> Overrides {
        let token_file = match &self.command {
            Some(Command::Run { token_file }) => token_file.clone(),
            _ => None,
        };
        Overrides { state_directory: self.state_directory.clone(), root: self.root.clone(), token_file }
    }
}
