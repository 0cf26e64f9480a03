//! `--wait`: following changes to their end.

use std::time::Duration;

use clap::Args;
use hostwright_api_types::{Change, ChangeState};
use hostwright_client::ChangeLink;

use crate::failure::Failure;
use crate::session::Session;
use crate::view::{change_lines, verdict};

/// Whether to wait for what a command sets in motion.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Wait {
    /// Wait for the changes on hosts and show their tasks as they end
    #[arg(long)]
    wait: bool,
    /// Give up waiting after this many seconds; 0 waits for ever
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
}

impl Wait {
    fn limit(self) -> Duration {
        if self.timeout == 0 { Duration::from_hours(24 * 365) } else { Duration::from_secs(self.timeout) }
    }

    /// Follows changes to their end if that is wanted, else says how to.
    pub(crate) async fn follow(
        self,
        session: &mut Session<'_>,
        changes: &[ChangeLink],
    ) -> Result<(), Failure> {
        if changes.is_empty() {
            if self.wait {
                session.output.text("no host is changed by this");
            }
            return Ok(());
        }
        if !self.wait {
            let changes = if changes.len() == 1 {
                "a change was".to_owned()
            } else {
                format!("{} changes were", changes.len())
            };
            session.output.text(&format!("{changes} sent; `--wait` shows how it goes"));
            return Ok(());
        }
        self.follow_all(session, changes).await
    }

    /// Follows changes to their end.
    pub(crate) async fn follow_all(
        self,
        session: &mut Session<'_>,
        changes: &[ChangeLink],
    ) -> Result<(), Failure> {
        let mut ended = Vec::with_capacity(changes.len());
        for link in changes {
            ended.push(follow(session, link, self.limit()).await?);
        }
        if session.output.is_json() {
            session.output.json(&ended);
        }
        if ended.iter().all(|change| change.state == ChangeState::Done) {
            Ok(())
        } else {
            Err(Failure::Change)
        }
    }
}

async fn follow(session: &mut Session<'_>, link: &ChangeLink, limit: Duration) -> Result<Change, Failure> {
    let host = host_of(link);
    let client = session.client.clone();
    let output = &mut *session.output;
    let mut shown = 0;
    let change = client
        .follow_change(link, limit, |change| {
            let lines = change_lines(&host, change, !output.is_live());
            output.live(&lines, shown);
            shown = lines.len();
        })
        .await?;
    output.end_live();
    output.text(&verdict(&change));
    Ok(change)
}

/// Returns `environment/host` of a change's address.
fn host_of(link: &ChangeLink) -> String {
    // /organizations/O/environments/E/hosts/H/changes/N
    let segments: Vec<String> = link.as_str().split('/').map(decoded).collect();
    match (segments.get(4), segments.get(6)) {
        (Some(environment), Some(host)) => format!("{environment}/{host}"),
        _ => link.as_str().to_owned(),
    }
}

fn decoded(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}
