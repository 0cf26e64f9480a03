//! How soon a file that is gone is told.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use futures_util::StreamExt as _;
use hostwright_client::events::StreamItem;
use hostwright_tests::Programs;
use inotify::{Inotify, WatchMask};
use tokio::time::timeout;

use crate::figure::{Figure, Times};
use crate::managed::{Managed, path};

const DELETIONS: usize = 250;
const PATIENCE: Duration = Duration::from_secs(30);
/// What is still under way between agent and orchestrator of one deletion is not to be taken for the next.
const REST: Duration = Duration::from_millis(150);

/// Removes files one by one: from the removal until the agent's report is on its disk, and until it is an event of the
/// orchestrator's stream.
pub(crate) async fn measure(programs: Programs) -> Result<Vec<Figure>> {
    let managed = Managed::start(programs, DELETIONS, "").await?;
    let mut events = managed.system.organization().events(None).await?;
    let inotify = Inotify::init().context("watch the ledger")?;
    let log = managed.agent.state_directory().join("ledger.db-wal");
    inotify.watches().add(&log, WatchMask::MODIFY).context("watch the ledger")?;
    let mut writes = inotify.into_event_stream(vec![0; 4096]).context("watch the ledger")?;
    let (mut written, mut visible) = (Times::default(), Times::default());
    for number in 0..DELETIONS {
        tokio::time::sleep(REST).await;
        while timeout(Duration::ZERO, writes.next()).await.is_ok() {}
        let file = managed.agent.root().join(path(number));
        let begun = Instant::now();
        fs::remove_file(&file).with_context(|| format!("remove {}", file.display()))?;
        let report = async {
            writes.next().await.context("the ledger is watched")??;
            anyhow::Ok(begun.elapsed())
        };
        let alert = async {
            loop {
                match events.next().await? {
                    Some(StreamItem::Event(event)) if event.kind == "compliance.drifted" => {
                        return anyhow::Ok(begun.elapsed());
                    }
                    Some(_) => {}
                    None => bail!("the stream of events ended"),
                }
            }
        };
        let (report, alert) = timeout(PATIENCE, async { tokio::try_join!(report, alert) })
            .await
            .with_context(|| format!("nobody noticed that {} is gone", file.display()))??;
        written.push(report);
        visible.push(alert);
    }
    let alerts = managed.host().compliance().list().await?.len();
    if alerts != DELETIONS {
        bail!("{DELETIONS} files are gone and there are {alerts} alerts");
    }
    Ok(vec![
        Figure::told("deleted file until the agent's report is written", written.to_string()),
        Figure::told("deleted file until the alert is an event of the API", visible.to_string()),
    ])
}
