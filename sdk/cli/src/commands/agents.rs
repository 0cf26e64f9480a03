//! Agents.

use clap::Subcommand;
use hostwright_api_types::Agent;

use crate::failure::Failure;
use crate::place::Word;
use crate::session::Session;
use crate::view::Table;

const AGENT: [Word; 2] = [Word::Organization, Word::Name("UUID")];

/// What can be done with agents.
#[derive(Debug, Subcommand)]
pub(crate) enum AgentsCommand {
    /// Show all of an organization
    List {
        /// [ORGANIZATION]
        #[arg(value_name = "NAMES", num_args = 0..=1)]
        names: Vec<String>,
    },
    /// Show one with its plugins
    Show {
        /// [ORGANIZATION] UUID
        #[arg(value_name = "NAMES", required = true, num_args = 1..=2)]
        names: Vec<String>,
    },
    /// Trust one no longer
    Revoke {
        /// [ORGANIZATION] UUID
        #[arg(value_name = "NAMES", required = true, num_args = 1..=2)]
        names: Vec<String>,
    },
}

/// Does it.
pub(crate) async fn run(command: AgentsCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        AgentsCommand::List { names } => {
            let [organization] = session.place.fill([Word::Organization], &names)?;
            let path = session.client.organization(&organization).agents().path().clone();
            session
                .list(&path, "no agents", |items: &[Agent]| {
                    Table::of(["HOST", "STATE", "VERSION", "LAST SEEN", "UUID"], items, |agent| {
                        let seen = agent.last_seen.map(|time| time.format("%Y-%m-%d %H:%M:%S").to_string());
                        let part = |name: &Option<String>| name.clone().unwrap_or_else(|| "?".into());
                        [
                            format!("{}/{}", part(&agent.environment), part(&agent.host)),
                            agent.state.clone(),
                            agent.version.clone().unwrap_or_else(|| "-".into()),
                            seen.unwrap_or_else(|| "never".into()),
                            agent.uuid.clone(),
                        ]
                    })
                })
                .await
        }
        AgentsCommand::Show { names } => {
            let [organization, uuid] = session.place.fill(AGENT, &names)?;
            let agents = session.client.organization(&organization).agents();
            session.show(agents.entity(&uuid).path()).await
        }
        AgentsCommand::Revoke { names } => {
            let [organization, uuid] = session.place.fill(AGENT, &names)?;
            session.client.organization(&organization).agents().entity(&uuid).delete().await?;
            session.done(&format!("agent {uuid} is trusted no longer"), None);
            Ok(())
        }
    }
}
