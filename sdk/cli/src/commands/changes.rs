//! Changes of a host.

use clap::{Args, Subcommand};
use hostwright_api_types::{Change, TaskStatus};
use hostwright_client::ChangeLink;
use serde_json::Value as Json;

use super::hosts::HostNames;
use crate::failure::Failure;
use crate::place::Word;
use crate::session::{Session, decode};
use crate::view::{self, Table};
use crate::waiting::Wait;

/// What can be done with changes.
#[derive(Debug, Subcommand)]
pub(crate) enum ChangesCommand {
    /// Show those that have not ended
    List {
        #[command(flatten)]
        host: HostNames,
        /// Also those that ended
        #[arg(long, short = 'a')]
        all: bool,
    },
    /// Show one with its tasks
    Show(ChangeNames),
    /// Follow one, or all that have not ended, to the end
    Watch {
        #[command(flatten)]
        host: HostNames,
        /// Only this one
        #[arg(long, value_name = "NUMBER")]
        number: Option<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Take note of those that ended, so that a host in error is ready again
    #[command(visible_alias = "delete-all")]
    Clear {
        #[command(flatten)]
        host: HostNames,
        /// Also cancel those that wait
        #[arg(long)]
        pending: bool,
    },
    /// Cancel one that waits, or take note of one that ended
    Delete(ChangeNames),
}

/// The names that lead to a change.
#[derive(Debug, Args)]
pub(crate) struct ChangeNames {
    /// [ORGANIZATION] [ENVIRONMENT] HOST NUMBER
    #[arg(value_name = "NAMES", required = true, num_args = 2..=4)]
    names: Vec<String>,
}

const CHANGE: [Word; 4] = [Word::Organization, Word::Environment, Word::Name("HOST"), Word::Name("NUMBER")];

/// Does it.
pub(crate) async fn run(command: ChangesCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        ChangesCommand::List { host, all } => {
            let (_, _, handle) = host.find(session)?;
            let path = handle.path().join("changes").with("show_processed", all);
            let nothing =
                if all { "no changes" } else { "no change is on its way; `--all` shows those that ended" };
            session
                .list(&path, nothing, |items: &[Change]| {
                    Table::of(["NUMBER", "STATE", "TASKS", "DESCRIPTION"], items, |change| {
                        let ended =
                            change.tasks.iter().filter(|task| task.status != TaskStatus::Pending).count();
                        [
                            change.order_num.to_string(),
                            change.state.to_string(),
                            format!("{ended}/{}", change.tasks.len()),
                            change.description.clone(),
                        ]
                    })
                })
                .await
        }
        ChangesCommand::Show(change) => {
            let [organization, environment, host, number] = session.place.fill(CHANGE, &change.names)?;
            let handle = session.client.organization(&organization).environment(&environment).host(&host);
            let answer: Json = session.client.get(handle.change(&number).path()).await?;
            if session.output.is_json() {
                session.output.json(&answer);
                return Ok(());
            }
            let change: Change = decode(answer)?;
            let mut lines = view::change_lines(&format!("{environment}/{host}"), &change, false);
            lines.push(view::verdict(&change));
            session.output.text(&lines.join("\n"));
            Ok(())
        }
        ChangesCommand::Watch { host, number, wait } => {
            let (_, name, handle) = host.find(session)?;
            let numbers = match number {
                Some(number) => vec![number],
                None => {
                    handle.changes(false).await?.iter().map(|change| change.order_num.to_string()).collect()
                }
            };
            if numbers.is_empty() {
                session.output.text(&format!("no change is on its way to host `{name}`"));
                return Ok(());
            }
            let links: Vec<ChangeLink> =
                numbers.iter().map(|number| ChangeLink::to(handle.change(number).path())).collect();
            wait.follow_all(session, &links).await
        }
        ChangesCommand::Clear { host, pending } => {
            let (_, name, handle) = host.find(session)?;
            handle.clear_changes(pending).await?;
            session.done(&format!("changes of host `{name}` were cleared"), None);
            Ok(())
        }
        ChangesCommand::Delete(change) => {
            let [organization, environment, host, number] = session.place.fill(CHANGE, &change.names)?;
            let handle = session.client.organization(&organization).environment(&environment).host(&host);
            handle.change(&number).delete().await?;
            session.done(&format!("change {number} of host `{host}` was cleared"), None);
            Ok(())
        }
    }
}
