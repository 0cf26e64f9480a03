//! The grammar: a noun, a verb, names.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::apply::ApplyArguments;
use crate::commands::agents::AgentsCommand;
use crate::commands::applications::ApplicationsCommand;
use crate::commands::changes::ChangesCommand;
use crate::commands::completions::CompletionsArguments;
use crate::commands::compliance::ComplianceCommand;
use crate::commands::environments::EnvironmentsCommand;
use crate::commands::events::EventsArguments;
use crate::commands::hosts::HostsCommand;
use crate::commands::instance::InstanceCommand;
use crate::commands::keys::KeysCommand;
use crate::commands::login::LoginArguments;
use crate::commands::organizations::OrganizationsCommand;
use crate::commands::platforms::{DistributionsCommand, PlatformsCommand};
use crate::commands::plugins::PluginsCommand;
use crate::commands::settings::SettingsCommand;
use crate::commands::tokens::TokensCommand;

/// Builds and keeps hosts from blueprints.
///
/// Commands are a noun and a verb, then names from the outside in: `wright hosts show ORGANIZATION ENVIRONMENT HOST`.
/// Names on the left may be left out when `--org`, `--env` or the profile say them: `wright hosts show web1`.
#[derive(Debug, Parser)]
#[command(
    name = "wright",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit status: 0 done; 1 a change did not end well; 2 the command line or a local file is not right; \
                  3 the API refused or did not answer."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) noun: Noun,
}

/// What every command takes.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Globals {
    /// Print JSON, as the API sends it
    #[arg(long, visible_alias = "raw", global = true, help_heading = "Everywhere")]
    pub(crate) json: bool,
    /// The organization that is meant
    #[arg(long = "org", value_name = "NAME", global = true, help_heading = "Everywhere")]
    pub(crate) organization: Option<String>,
    /// The environment that is meant
    #[arg(long = "env", value_name = "NAME", global = true, help_heading = "Everywhere")]
    pub(crate) environment: Option<String>,
    /// The profile to use
    #[arg(long, value_name = "NAME", global = true, help_heading = "Everywhere")]
    pub(crate) profile: Option<String>,
    /// The file of profiles [default: ~/.config/hostwright/wright.toml]
    #[arg(long, value_name = "FILE", global = true, help_heading = "Everywhere")]
    pub(crate) config: Option<PathBuf>,
    /// Base address of the API, ending in /api [env: HOSTWRIGHT_API]
    #[arg(long, value_name = "URL", global = true, help_heading = "Everywhere")]
    pub(crate) api: Option<String>,
    /// The user's name [env: HOSTWRIGHT_USER]
    #[arg(long, value_name = "NAME", global = true, help_heading = "Everywhere")]
    pub(crate) user: Option<String>,
    /// The user's password; others on this machine can see it here [env: HOSTWRIGHT_PASSWORD]
    #[arg(long = "pass", value_name = "PASSWORD", global = true, help_heading = "Everywhere")]
    pub(crate) password: Option<String>,
    /// An API key instead of a user [env: HOSTWRIGHT_TOKEN]
    #[arg(long, value_name = "KEY", global = true, help_heading = "Everywhere")]
    pub(crate) token: Option<String>,
}

/// What a command is about.
#[derive(Debug, Subcommand)]
pub(crate) enum Noun {
    /// Create or update everything that a folder describes
    Apply(ApplyArguments),
    /// Tenants
    #[command(subcommand)]
    Organizations(OrganizationsCommand),
    /// Groups of hosts
    #[command(subcommand)]
    Environments(EnvironmentsCommand),
    /// Blueprints of machines, and what is on them
    #[command(subcommand)]
    Hosts(HostsCommand),
    /// Templates of what is on a host
    #[command(subcommand)]
    Applications(ApplicationsCommand),
    /// Where machines are
    #[command(subcommand)]
    Platforms(PlatformsCommand),
    /// What machines are installed with
    #[command(subcommand)]
    Distributions(DistributionsCommand),
    /// The machine of a host
    #[command(subcommand)]
    Instance(InstanceCommand),
    /// Values of variables, at any level
    #[command(subcommand)]
    Settings(SettingsCommand),
    /// What was sent to a host
    #[command(subcommand)]
    Changes(ChangesCommand),
    /// Resources that are not as they should be
    #[command(subcommand, visible_alias = "alerts")]
    Compliance(ComplianceCommand),
    /// What lets agents in
    #[command(subcommand)]
    Tokens(TokensCommand),
    /// API keys of an organization
    #[command(subcommand)]
    Keys(KeysCommand),
    /// The daemons on machines
    #[command(subcommand)]
    Agents(AgentsCommand),
    /// What agents and drivers are made of
    #[command(subcommand)]
    Plugins(PluginsCommand),
    /// Show what happens, as it happens
    Events(EventsArguments),
    /// Store where the API is and who asks
    Login(LoginArguments),
    /// Print a script that completes commands in a shell
    Completions(CompletionsArguments),
}
