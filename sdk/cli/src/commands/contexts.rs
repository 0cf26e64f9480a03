//! Applications on hosts.

use clap::{Args, Subcommand};
use hostwright_api_types::ApplicationContext;
use hostwright_client::host::HostHandle;
use serde_json::{Value as Json, json};

use super::hosts::HostNames;
use super::settings;
use crate::failure::Failure;
use crate::place::Word;
use crate::session::Session;
use crate::view::Table;
use crate::waiting::Wait;

/// The words that lead to an application on a host.
const CONTEXT: [Word; 4] =
    [Word::Organization, Word::Environment, Word::Name("HOST"), Word::Name("APPLICATION")];

/// The names that lead to an application on a host.
#[derive(Clone, Debug, Args)]
pub(crate) struct ContextNames {
    /// [ORGANIZATION] [ENVIRONMENT] HOST APPLICATION
    #[arg(value_name = "NAMES", required = true, num_args = 2..=4)]
    names: Vec<String>,
}

/// What can be done with applications on a host.
#[derive(Debug, Subcommand)]
pub(crate) enum ContextsCommand {
    /// Show all
    List(HostNames),
    /// Show one with all its fields
    Show(ContextNames),
    /// Install one
    Install {
        #[command(flatten)]
        context: ContextNames,
        /// A setting for this application on this host
        #[arg(long = "set", value_name = "KEY=VALUE")]
        settings: Vec<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Uninstall one
    Uninstall {
        #[command(flatten)]
        context: ContextNames,
        #[command(flatten)]
        wait: Wait,
    },
    /// Run a named handler
    Run {
        /// [ORGANIZATION] [ENVIRONMENT] HOST APPLICATION HANDLER
        #[arg(value_name = "NAMES", required = true, num_args = 3..=5)]
        names: Vec<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Render a file again and send it
    UpdateFile {
        /// [ORGANIZATION] [ENVIRONMENT] HOST APPLICATION FILE
        #[arg(value_name = "NAMES", required = true, num_args = 3..=5)]
        names: Vec<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Restart a service
    RestartService {
        /// [ORGANIZATION] [ENVIRONMENT] HOST APPLICATION SERVICE
        #[arg(value_name = "NAMES", required = true, num_args = 3..=5)]
        names: Vec<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Make a service as it is declared
    UpdateService {
        /// [ORGANIZATION] [ENVIRONMENT] HOST APPLICATION SERVICE
        #[arg(value_name = "NAMES", required = true, num_args = 3..=5)]
        names: Vec<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Have a service start with the machine
    EnableService {
        /// [ORGANIZATION] [ENVIRONMENT] HOST APPLICATION SERVICE
        #[arg(value_name = "NAMES", required = true, num_args = 3..=5)]
        names: Vec<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Have a service not start with the machine
    DisableService {
        /// [ORGANIZATION] [ENVIRONMENT] HOST APPLICATION SERVICE
        #[arg(value_name = "NAMES", required = true, num_args = 3..=5)]
        names: Vec<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Make a package as it is declared
    InstallPackage {
        /// [ORGANIZATION] [ENVIRONMENT] HOST APPLICATION PACKAGE
        #[arg(value_name = "NAMES", required = true, num_args = 3..=5)]
        names: Vec<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Bring a package to a version, or as it is declared
    UpdatePackage {
        /// [ORGANIZATION] [ENVIRONMENT] HOST APPLICATION PACKAGE
        #[arg(value_name = "NAMES", required = true, num_args = 3..=5)]
        names: Vec<String>,
        /// The version
        #[arg(long, value_name = "VERSION")]
        release: Option<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Its settings: list, set KEY VALUE, unset KEY
    #[command(subcommand)]
    Settings(settings::LevelCommand),
}

/// Does it.
pub(crate) async fn run(command: ContextsCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        ContextsCommand::List(host) => {
            let (_, _, handle) = host.find(session)?;
            let path = handle.applications().path().clone();
            session
                .list(&path, "no applications", |items: &[ApplicationContext]| {
                    Table::of(["APPLICATION", "SETTINGS"], items, |context| {
                        let keys: Vec<&str> =
                            context.settings.iter().map(|setting| setting.key.as_str()).collect();
                        [context.application.clone(), keys.join(", ")]
                    })
                })
                .await
        }
        ContextsCommand::Show(context) => {
            let [organization, environment, host, application] =
                session.place.fill(CONTEXT, &context.names)?;
            let handle = session.client.organization(&organization).environment(&environment).host(&host);
            let path = handle.applications().entity(&application).path().clone();
            session.show(&path).await
        }
        ContextsCommand::Install { context, settings, wait } => {
            install(session, &context, &settings, wait).await
        }
        ContextsCommand::Uninstall { context, wait } => uninstall(session, &context, wait).await,
        ContextsCommand::Run { names, wait } => {
            let (handle, application, handler) = action(session, &names, "HANDLER")?;
            let written = handle.run_handler(&application, &handler).await?;
            session.done(&format!("handler `{handler}` of `{application}` runs"), None);
            wait.follow(session, &written.changes).await
        }
        ContextsCommand::UpdateFile { names, wait } => {
            let (handle, application, file) = action(session, &names, "FILE")?;
            let written = handle.update_file(&application, &file).await?;
            session.done(&format!("file `{file}` of `{application}` is rendered and sent"), None);
            wait.follow(session, &written.changes).await
        }
        ContextsCommand::RestartService { names, wait } => {
            let (handle, application, service) = action(session, &names, "SERVICE")?;
            let written = handle.restart_service(&application, &service).await?;
            session.done(&format!("service `{service}` of `{application}` is restarted"), None);
            wait.follow(session, &written.changes).await
        }
        ContextsCommand::UpdateService { names, wait } => {
            let (handle, application, service) = action(session, &names, "SERVICE")?;
            let written = handle.update_service(&application, &service).await?;
            session.done(&format!("service `{service}` of `{application}` is made as it is declared"), None);
            wait.follow(session, &written.changes).await
        }
        ContextsCommand::EnableService { names, wait } => {
            let (handle, application, service) = action(session, &names, "SERVICE")?;
            let written = handle.enable_service(&application, &service).await?;
            session.done(&format!("service `{service}` of `{application}` is enabled"), None);
            wait.follow(session, &written.changes).await
        }
        ContextsCommand::DisableService { names, wait } => {
            let (handle, application, service) = action(session, &names, "SERVICE")?;
            let written = handle.disable_service(&application, &service).await?;
            session.done(&format!("service `{service}` of `{application}` is disabled"), None);
            wait.follow(session, &written.changes).await
        }
        ContextsCommand::InstallPackage { names, wait } => {
            let (handle, application, package) = action(session, &names, "PACKAGE")?;
            let written = handle.install_package(&application, &package).await?;
            session.done(&format!("package `{package}` of `{application}` is made as it is declared"), None);
            wait.follow(session, &written.changes).await
        }
        ContextsCommand::UpdatePackage { names, release, wait } => {
            let (handle, application, package) = action(session, &names, "PACKAGE")?;
            let written = handle.update_package(&application, &package, release.as_deref()).await?;
            session.done(&format!("package `{package}` of `{application}` is updated"), None);
            wait.follow(session, &written.changes).await
        }
        ContextsCommand::Settings(command) => {
            settings::run_level(
                command,
                session,
                CONTEXT,
                |[organization, environment, host, application]| settings::Level::Context {
                    organization,
                    environment,
                    host,
                    application,
                },
            )
            .await
        }
    }
}

/// Installs an application.
pub(crate) async fn install(
    session: &mut Session<'_>,
    context: &ContextNames,
    settings: &[String],
    wait: Wait,
) -> Result<(), Failure> {
    let [organization, environment, host, application] = session.place.fill(CONTEXT, &context.names)?;
    let handle = session.client.organization(&organization).environment(&environment).host(&host);
    let body = json!({ "application": application, "settings": pairs(settings)? });
    let path = handle.applications().path().clone();
    let written = session.client.post::<Json>(&path, &body).await?;
    let text = if written.changes.is_empty() {
        format!(
            "application `{application}` is recorded for host `{host}`; it is installed once its machine is there"
        )
    } else {
        format!("application `{application}` goes to host `{host}`")
    };
    session.done(&text, Some(&written.entity));
    wait.follow(session, &written.changes).await
}

/// Uninstalls an application.
pub(crate) async fn uninstall(
    session: &mut Session<'_>,
    context: &ContextNames,
    wait: Wait,
) -> Result<(), Failure> {
    let [organization, environment, host, application] = session.place.fill(CONTEXT, &context.names)?;
    let handle = session.client.organization(&organization).environment(&environment).host(&host);
    let written = handle.uninstall(&application).await?;
    session.done(&format!("application `{application}` leaves host `{host}`"), None);
    wait.follow(session, &written.changes).await
}

fn action(
    session: &Session<'_>,
    names: &[String],
    last: &'static str,
) -> Result<(HostHandle, String, String), Failure> {
    let words = [
        Word::Organization,
        Word::Environment,
        Word::Name("HOST"),
        Word::Name("APPLICATION"),
        Word::Name(last),
    ];
    let [organization, environment, host, application, resource] = session.place.fill(words, names)?;
    let handle = session.client.organization(&organization).environment(&environment).host(&host);
    Ok((handle, application, resource))
}

/// Reads `KEY=VALUE`.
pub(crate) fn pairs(settings: &[String]) -> Result<Vec<Json>, Failure> {
    let pair = |text: &String| {
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("`{text}` is not a setting: write it as KEY=VALUE")))?;
        Ok(json!({ "key": key, "value": settings::read_value(value) }))
    };
    settings.iter().map(pair).collect()
}
