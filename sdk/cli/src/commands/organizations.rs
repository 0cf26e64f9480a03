//! Organizations.

use clap::Subcommand;
use hostwright_api_types::Organization;
use serde_json::json;

use super::{entity, settings};
use crate::body::BodySource;
use crate::failure::Failure;
use crate::place::Word;
use crate::session::Session;
use crate::view::Table;

/// What can be done with organizations.
#[derive(Debug, Subcommand)]
pub(crate) enum OrganizationsCommand {
    /// Show all
    List,
    /// Show one with all its fields
    Show {
        /// Which
        #[arg(value_name = "ORGANIZATION", num_args = 0..=1)]
        names: Vec<String>,
    },
    /// Create one
    Add {
        /// What to call it
        organization: String,
        /// For people
        #[arg(long, default_value = "")]
        description: String,
        #[command(flatten)]
        body: BodySource,
    },
    /// Replace one, in $EDITOR if no JSON is given
    Update {
        /// Which
        organization: String,
        #[command(flatten)]
        body: BodySource,
    },
    /// Delete one with all that is in it
    Delete {
        /// Which
        organization: String,
    },
    /// Its settings: list, set KEY VALUE, unset KEY
    #[command(subcommand)]
    Settings(settings::LevelCommand),
}

/// Does it.
pub(crate) async fn run(command: OrganizationsCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    let all = session.client.organizations().path().clone();
    match command {
        OrganizationsCommand::List => {
            session
                .list(&all, "no organizations", |items: &[Organization]| {
                    Table::of(["NAME", "DESCRIPTION", "ENVIRONMENTS"], items, |organization| {
                        [
                            organization.name.clone(),
                            organization.description.clone(),
                            organization.environments.join(", "),
                        ]
                    })
                })
                .await
        }
        OrganizationsCommand::Show { names } => {
            let [organization] = session.place.fill([Word::Organization], &names)?;
            session.show(&all.join(organization)).await
        }
        OrganizationsCommand::Add { organization, description, body } => {
            let template = json!({ "name": organization, "description": description });
            entity::add(session, &all, body, &template, &format!("organization `{organization}`")).await?;
            Ok(())
        }
        OrganizationsCommand::Update { organization, body } => {
            let path = all.join(&organization);
            entity::update(session, &path, body, &format!("organization `{organization}`")).await?;
            Ok(())
        }
        OrganizationsCommand::Delete { organization } => {
            let path = all.join(&organization);
            entity::delete(session, &path, &format!("organization `{organization}`")).await?;
            Ok(())
        }
        OrganizationsCommand::Settings(command) => {
            settings::run_level(command, session, [Word::Organization], |[organization]| {
                settings::Level::Organization { organization }
            })
            .await
        }
    }
}
