//! Environments.

use clap::Subcommand;
use hostwright_api_types::Environment;
use serde_json::json;

use super::{entity, settings};
use crate::body::BodySource;
use crate::failure::Failure;
use crate::place::Word;
use crate::session::Session;
use crate::view::Table;
use crate::waiting::Wait;

/// What can be done with environments.
#[derive(Debug, Subcommand)]
pub(crate) enum EnvironmentsCommand {
    /// Show all of an organization
    List {
        /// [ORGANIZATION]
        #[arg(value_name = "NAMES", num_args = 0..=1)]
        names: Vec<String>,
    },
    /// Show one with all its fields
    Show {
        /// [ORGANIZATION] ENVIRONMENT
        #[arg(value_name = "NAMES", num_args = 0..=2)]
        names: Vec<String>,
    },
    /// Create one
    Add {
        /// [ORGANIZATION] ENVIRONMENT
        #[arg(value_name = "NAMES", required = true, num_args = 1..=2)]
        names: Vec<String>,
        /// For people
        #[arg(long, default_value = "")]
        description: String,
        #[command(flatten)]
        body: BodySource,
    },
    /// Replace one, in $EDITOR if no JSON is given
    Update {
        /// [ORGANIZATION] ENVIRONMENT
        #[arg(value_name = "NAMES", required = true, num_args = 1..=2)]
        names: Vec<String>,
        #[command(flatten)]
        body: BodySource,
        #[command(flatten)]
        wait: Wait,
    },
    /// Delete one that has no hosts
    Delete {
        /// [ORGANIZATION] ENVIRONMENT
        #[arg(value_name = "NAMES", required = true, num_args = 1..=2)]
        names: Vec<String>,
    },
    /// Its settings: list, set KEY VALUE, unset KEY
    #[command(subcommand)]
    Settings(settings::LevelCommand),
}

/// Does it.
pub(crate) async fn run(command: EnvironmentsCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    const NEW: [Word; 2] = [Word::Organization, Word::Name("ENVIRONMENT")];
    match command {
        EnvironmentsCommand::List { names } => {
            let [organization] = session.place.fill([Word::Organization], &names)?;
            let path = session.client.organization(&organization).environments().path().clone();
            session
                .list(&path, "no environments", |items: &[Environment]| {
                    Table::of(["NAME", "DESCRIPTION", "HOSTS"], items, |environment| {
                        [
                            environment.name.clone(),
                            environment.description.clone(),
                            environment.hosts.join(", "),
                        ]
                    })
                })
                .await
        }
        EnvironmentsCommand::Show { names } => {
            let [organization, environment] =
                session.place.fill([Word::Organization, Word::Environment], &names)?;
            let path =
                session.client.organization(&organization).environment(&environment).entity().path().clone();
            session.show(&path).await
        }
        EnvironmentsCommand::Add { names, description, body } => {
            let [organization, environment] = session.place.fill(NEW, &names)?;
            let path = session.client.organization(&organization).environments().path().clone();
            let template = json!({ "name": environment, "description": description });
            entity::add(session, &path, body, &template, &format!("environment `{environment}`")).await?;
            Ok(())
        }
        EnvironmentsCommand::Update { names, body, wait } => {
            let [organization, environment] = session.place.fill(NEW, &names)?;
            let path =
                session.client.organization(&organization).environment(&environment).entity().path().clone();
            let changes =
                entity::update(session, &path, body, &format!("environment `{environment}`")).await?;
            wait.follow(session, &changes).await
        }
        EnvironmentsCommand::Delete { names } => {
            let [organization, environment] = session.place.fill(NEW, &names)?;
            let path =
                session.client.organization(&organization).environment(&environment).entity().path().clone();
            entity::delete(session, &path, &format!("environment `{environment}`")).await?;
            Ok(())
        }
        EnvironmentsCommand::Settings(command) => {
            let words = [Word::Organization, Word::Environment];
            settings::run_level(command, session, words, |[organization, environment]| {
                settings::Level::Environment { organization, environment }
            })
            .await
        }
    }
}
