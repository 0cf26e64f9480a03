//! Platforms and distributions.

use clap::Subcommand;
use hostwright_api_types::{Distribution, Platform};

use super::settings;
use crate::failure::Failure;
use crate::place::Word;
use crate::session::Session;
use crate::view::Table;

const PLATFORM: [Word; 2] = [Word::Organization, Word::Name("PLATFORM")];
const DISTRIBUTION: [Word; 2] = [Word::Organization, Word::Name("DISTRIBUTION")];

/// What can be done with platforms.
#[derive(Debug, Subcommand)]
pub(crate) enum PlatformsCommand {
    /// Show all of an organization
    List {
        /// [ORGANIZATION]
        #[arg(value_name = "NAMES", num_args = 0..=1)]
        names: Vec<String>,
    },
    /// Show one with all its fields
    Show {
        /// [ORGANIZATION] PLATFORM
        #[arg(value_name = "NAMES", required = true, num_args = 1..=2)]
        names: Vec<String>,
    },
    /// Its settings: list, set KEY VALUE, unset KEY
    #[command(subcommand)]
    Settings(settings::LevelCommand),
}

/// What can be done with distributions.
#[derive(Debug, Subcommand)]
pub(crate) enum DistributionsCommand {
    /// Show all of an organization
    List {
        /// [ORGANIZATION]
        #[arg(value_name = "NAMES", num_args = 0..=1)]
        names: Vec<String>,
    },
    /// Show one with all its fields
    Show {
        /// [ORGANIZATION] DISTRIBUTION
        #[arg(value_name = "NAMES", required = true, num_args = 1..=2)]
        names: Vec<String>,
    },
}

/// Does it with platforms.
pub(crate) async fn run_platforms(
    command: PlatformsCommand,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    match command {
        PlatformsCommand::List { names } => {
            let [organization] = session.place.fill([Word::Organization], &names)?;
            let path = session.client.organization(&organization).platforms().path().clone();
            session
                .list(&path, "no platforms", |items: &[Platform]| {
                    Table::of(["NAME", "DRIVER", "DESCRIPTION"], items, |platform| {
                        [platform.name.clone(), platform.driver.name.clone(), platform.description.clone()]
                    })
                })
                .await
        }
        PlatformsCommand::Show { names } => {
            let [organization, platform] = session.place.fill(PLATFORM, &names)?;
            let platforms = session.client.organization(&organization).platforms();
            session.show(platforms.entity(&platform).path()).await
        }
        PlatformsCommand::Settings(command) => {
            settings::run_level(command, session, PLATFORM, |[organization, platform]| {
                settings::Level::Platform { organization, platform }
            })
            .await
        }
    }
}

/// Does it with distributions.
pub(crate) async fn run_distributions(
    command: DistributionsCommand,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    match command {
        DistributionsCommand::List { names } => {
            let [organization] = session.place.fill([Word::Organization], &names)?;
            let path = session.client.organization(&organization).distributions().path().clone();
            session
                .list(&path, "no distributions", |items: &[Distribution]| {
                    Table::of(["NAME", "DESCRIPTION"], items, |distribution| {
                        [distribution.name.clone(), distribution.description.clone()]
                    })
                })
                .await
        }
        DistributionsCommand::Show { names } => {
            let [organization, distribution] = session.place.fill(DISTRIBUTION, &names)?;
            let distributions = session.client.organization(&organization).distributions();
            session.show(distributions.entity(&distribution).path()).await
        }
    }
}
