//! Hosts and what is on them.

use clap::{Args, Subcommand};
use hostwright_api_types::{Host, Plan, PluginPermission};
use hostwright_client::host::HostHandle;
use serde_json::{Value as Json, json};

use super::changes::ChangesCommand;
use super::compliance::ComplianceCommand;
use super::contexts::{ContextNames, ContextsCommand, pairs};
use super::instance::InstanceCommand;
use super::{changes, compliance, contexts, entity, instance, settings};
use crate::body::BodySource;
use crate::failure::Failure;
use crate::output::{BOLD, DIM, RED, YELLOW};
use crate::place::Word;
use crate::session::{Session, decode};
use crate::view::{self, Table};
use crate::waiting::Wait;

/// The words that lead to a host.
pub(crate) const HOST: [Word; 3] = [Word::Organization, Word::Environment, Word::Name("HOST")];

/// The names that lead to a host.
#[derive(Clone, Debug, Args)]
pub(crate) struct HostNames {
    /// [ORGANIZATION] [ENVIRONMENT] HOST
    #[arg(value_name = "NAMES", required = true, num_args = 1..=3)]
    names: Vec<String>,
}

impl HostNames {
    /// Returns the environment's name, the host's name and the host.
    pub(crate) fn find(&self, session: &Session<'_>) -> Result<(String, String, HostHandle), Failure> {
        let [organization, environment, host] = session.place.fill(HOST, &self.names)?;
        let handle = session.client.organization(&organization).environment(&environment).host(&host);
        Ok((environment, host, handle))
    }
}

/// What can be done with hosts.
#[derive(Debug, Subcommand)]
pub(crate) enum HostsCommand {
    /// Show all of an environment
    List {
        /// [ORGANIZATION] [ENVIRONMENT]
        #[arg(value_name = "NAMES", num_args = 0..=2)]
        names: Vec<String>,
    },
    /// Show one with all its fields
    Show(HostNames),
    /// Create one
    Add {
        #[command(flatten)]
        host: HostNames,
        /// For people
        #[arg(long, default_value = "")]
        description: String,
        /// The platform that its machine is on
        #[arg(long, value_name = "NAME", default_value = "Manual")]
        platform: String,
        #[command(flatten)]
        body: BodySource,
    },
    /// Replace one, in $EDITOR if no JSON is given
    Update {
        #[command(flatten)]
        host: HostNames,
        #[command(flatten)]
        body: BodySource,
        #[command(flatten)]
        wait: Wait,
    },
    /// Delete one
    Delete(HostNames),
    /// Show what would change on the machine, without changing anything
    Plan(PlanArguments),
    /// Install an application
    Install {
        #[command(flatten)]
        context: ContextNames,
        /// A setting for this application on this host
        #[arg(long = "set", value_name = "KEY=VALUE")]
        settings: Vec<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Uninstall an application
    Uninstall {
        #[command(flatten)]
        context: ContextNames,
        #[command(flatten)]
        wait: Wait,
    },
    /// Show what plugins may do on the machine, and what that amounts to
    Permissions(HostNames),
    /// Show a file of an application as it would be sent
    Render {
        /// [ORGANIZATION] [ENVIRONMENT] HOST APPLICATION FILE
        #[arg(value_name = "NAMES", required = true, num_args = 3..=5)]
        names: Vec<String>,
    },
    /// Its applications
    #[command(subcommand)]
    Applications(ContextsCommand),
    /// Its settings: list, set KEY VALUE, unset KEY
    #[command(subcommand)]
    Settings(settings::LevelCommand),
    /// Its machine
    #[command(subcommand)]
    Instance(InstanceCommand),
    /// What was sent to it
    #[command(subcommand)]
    Changes(ChangesCommand),
    /// Its resources that are not as they should be
    #[command(subcommand, visible_alias = "alerts")]
    Compliance(ComplianceCommand),
}

/// What to plan; with nothing said, everything that waits.
#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    host: HostNames,
    /// As if this application was installed
    #[arg(long, value_name = "APPLICATION")]
    install: Vec<String>,
    /// As if this application was uninstalled
    #[arg(long, value_name = "APPLICATION")]
    uninstall: Vec<String>,
    /// As if this was set on the host, or on the application that `--application` names
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// The application whose settings `--set` means
    #[arg(long, visible_alias = "app", value_name = "APPLICATION", requires = "settings")]
    application: Option<String>,
}

/// Does it.
pub(crate) async fn run(command: HostsCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        HostsCommand::List { names } => list(session, &names).await,
        HostsCommand::Show(host) => {
            let (_, _, handle) = host.find(session)?;
            session.show(handle.path()).await
        }
        HostsCommand::Add { host, description, platform, body } => {
            let [organization, environment, name] = session.place.fill(HOST, &host.names)?;
            let path =
                session.client.organization(&organization).environment(&environment).hosts().path().clone();
            let template = json!({ "name": name, "description": description, "platform": platform });
            entity::add(session, &path, body, &template, &format!("host `{name}`")).await?;
            Ok(())
        }
        HostsCommand::Update { host, body, wait } => {
            let (_, name, handle) = host.find(session)?;
            let changes = entity::update(session, handle.path(), body, &format!("host `{name}`")).await?;
            wait.follow(session, &changes).await
        }
        HostsCommand::Delete(host) => {
            let (_, name, handle) = host.find(session)?;
            entity::delete(session, handle.path(), &format!("host `{name}`")).await?;
            Ok(())
        }
        HostsCommand::Plan(arguments) => plan(session, arguments).await,
        HostsCommand::Install { context, settings, wait } => {
            contexts::install(session, &context, &settings, wait).await
        }
        HostsCommand::Uninstall { context, wait } => contexts::uninstall(session, &context, wait).await,
        HostsCommand::Permissions(host) => permissions(session, &host).await,
        HostsCommand::Render { names } => {
            let words = [
                Word::Organization,
                Word::Environment,
                Word::Name("HOST"),
                Word::Name("APPLICATION"),
                Word::Name("FILE"),
            ];
            let [organization, environment, host, application, file] = session.place.fill(words, &names)?;
            let handle = session.client.organization(&organization).environment(&environment).host(&host);
            let content = handle.render(&application, &file).await?;
            session.output.raw(&content);
            Ok(())
        }
        HostsCommand::Applications(command) => contexts::run(command, session).await,
        HostsCommand::Settings(command) => {
            settings::run_level(command, session, HOST, |[organization, environment, host]| {
                settings::Level::Host { organization, environment, host }
            })
            .await
        }
        HostsCommand::Instance(command) => instance::run(command, session).await,
        HostsCommand::Changes(command) => changes::run(command, session).await,
        HostsCommand::Compliance(command) => compliance::run(command, session).await,
    }
}

async fn list(session: &mut Session<'_>, names: &[String]) -> Result<(), Failure> {
    let [organization, environment] = session.place.fill([Word::Organization, Word::Environment], names)?;
    let path = session.client.organization(&organization).environment(&environment).hosts().path().clone();
    session
        .list(&path, "no hosts", |items: &[Host]| {
            Table::of(["NAME", "STATE", "PLATFORM", "APPLICATIONS", "DESCRIPTION"], items, |host| {
                [
                    host.name.clone(),
                    host.state.clone(),
                    host.platform.clone().unwrap_or_else(|| "-".into()),
                    host.applications.join(", "),
                    host.description.clone(),
                ]
            })
        })
        .await
}

async fn plan(session: &mut Session<'_>, arguments: PlanArguments) -> Result<(), Failure> {
    let PlanArguments { host, install, uninstall, settings, application } = arguments;
    let (_, name, handle) = host.find(session)?;
    let mut wanted = Vec::with_capacity(settings.len());
    for setting in pairs(&settings)? {
        let mut setting = setting;
        if let (Json::Object(fields), Some(application)) = (&mut setting, &application) {
            fields.insert("application".into(), json!(application));
        }
        wanted.push(setting);
    }
    let body = json!({ "install": install, "uninstall": uninstall, "settings": wanted });
    let answer: Json = session.client.post::<Json>(&handle.path().join("_plan"), &body).await?.entity;
    let planned: Plan = decode(answer.clone())?;
    if session.output.is_json() {
        session.output.json(&answer);
    } else {
        session.output.text(&view::plan(&name, &planned));
    }
    if planned.tasks.iter().any(|task| task.error.is_some()) { Err(Failure::Change) } else { Ok(()) }
}

async fn permissions(session: &mut Session<'_>, host: &HostNames) -> Result<(), Failure> {
    let (_, name, handle) = host.find(session)?;
    let items: Vec<Json> = session.client.list(&handle.path().join("permissions")).await?;
    if session.output.is_json() {
        session.output.json(&items);
        return Ok(());
    }
    if items.is_empty() {
        session.output.text(&format!("no plugin may do anything on host `{name}`"));
    }
    for item in items {
        let plugin: PluginPermission = decode(item)?;
        session.output.text(&permission_text(&plugin));
    }
    Ok(())
}

/// Shows what one plugin may do.
pub(crate) fn permission_text(plugin: &PluginPermission) -> String {
    let mut text = format!(
        "{BOLD}{}{BOLD:#} {}  {}  {}\n",
        plugin.plugin,
        plugin.version,
        plugin.collection,
        class_text(&plugin.class)
    );
    for capability in &plugin.capabilities {
        text.push_str(&format!("  {:<8} {}", capability.capability, capability.allows));
        if capability.class == "root-equivalent" {
            text.push_str(&format!("  {}", class_text(&capability.class)));
        }
        text.push('\n');
        if let Some(reason) = &capability.reason {
            text.push_str(&format!("           {DIM}{reason}{DIM:#}\n"));
        }
    }
    text
}

/// Shows what grants amount to; the dangerous one stands out.
pub(crate) fn class_text(class: &str) -> String {
    match class {
        "root-equivalent" => format!("{RED}{class}{RED:#}"),
        "delegated" => format!("{YELLOW}{class}{YELLOW:#}"),
        other => other.to_owned(),
    }
}
