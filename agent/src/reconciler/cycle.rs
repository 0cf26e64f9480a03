//! The loop: wakes, takes what is next, judges it, does it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use hostwright_protocol::ids::ChangeId;
use hostwright_protocol::messages::{
    ChangeEnded, ChangeOutcome, HighWater, LargeChange, Operation, Resync, ToAgent, ToOrchestrator,
};
use tokio::sync::{Mutex, watch};
use tracing::{debug, error, info};

use super::acceptance::{Present, judge_change, judge_resync};
use super::change_run::{ChangeRun, Stop};
use super::effects::was_active;
use super::remove::forget;
use crate::blobs::{BlobStore, FetchBlobs};
use crate::clock::{self, BusTime};
use crate::delivered::DeliveredFiles;
use crate::ledger::{BegunChange, Ledger, Received, Resource};
use crate::lifecycle::Shutdown;
use crate::provider::ProviderSet;
use crate::runs::Runs;
use crate::status::{Activity, Board};
use crate::survey;

/// Timers take no more; a change that lasts longer is looked at again.
const LONGEST_WAIT: Duration = Duration::from_hours(24 * 365);

/// How long the reconciler waits for what may pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Pauses while somebody else holds a lock; after the last one the task fails.
    pub(crate) busy: &'static [Duration],
    /// Pause after the ledger failed.
    pub(crate) retry: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        const BUSY: &[Duration] = &[
            Duration::from_secs(1),
            Duration::from_secs(2),
            Duration::from_secs(4),
            Duration::from_secs(8),
            Duration::from_secs(15),
            Duration::from_secs(30),
        ];
        Self { busy: BUSY, retry: Duration::from_secs(10) }
    }
}

/// What the reconciler works with.
#[derive(Clone)]
pub(crate) struct Options {
    /// What must not be forgotten.
    pub(crate) ledger: Ledger,
    /// The providers that serve this machine now.
    pub(crate) providers: Arc<ArcSwap<ProviderSet>>,
    /// Changes when providers do.
    pub(crate) providers_changed: watch::Receiver<u64>,
    /// Content beside the ledger.
    pub(crate) blobs: Arc<BlobStore>,
    /// Gets content that is missing.
    pub(crate) fetch: Arc<dyn FetchBlobs>,
    /// Programs of earlier lives.
    pub(crate) runs: Arc<dyn Runs>,
    /// What may be run as a script.
    pub(crate) delivered: Arc<DeliveredFiles>,
    /// Where the status is shown.
    pub(crate) board: Board,
    /// On which expiry is judged.
    pub(crate) bus_time: Arc<BusTime>,
    /// Whoever acts on the machine or judges it holds this meanwhile.
    pub(crate) turn: Arc<Mutex<()>>,
    /// Told after each change, so that what it touched is watched and judged.
    pub(crate) settled: Arc<watch::Sender<u64>>,
    /// How long it waits for what may pass.
    pub(crate) pace: Pace,
}

/// Brings the machine into the desired state.
pub(crate) struct Reconciler {
    options: Options,
}

/// Why the loop woke.
#[derive(Clone, Copy, Debug)]
enum Cause {
    Start,
    Arrival,
    ProvidersChanged,
    Retry,
}

impl Reconciler {
    /// Builds the component; it does nothing until it runs.
    pub(crate) const fn new(options: Options) -> Self {
        Self { options }
    }

    /// Runs until it is asked to end. A change is left between two batches and taken up at the next start.
    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        let mut arrivals = self.options.ledger.arrivals();
        let mut cause = Cause::Start;
        loop {
            debug!(?cause, "looking for work");
            arrivals.mark_unchanged();
            self.options.providers_changed.mark_unchanged();
            let is_retrying = match self.work(&shutdown).await {
                Ok(()) => {
                    self.rest().await;
                    false
                }
                Err(Stop::ShuttingDown) => return,
                Err(Stop::Ledger(error)) => {
                    error!(
                        error = &error as &dyn std::error::Error,
                        "the ledger fails; nothing is begun until it works"
                    );
                    let error = error_chain(&error);
                    self.options.board.activity(Activity::LedgerFails { error, since: clock::now() });
                    true
                }
            };
            // Every arm is cancel-safe: each only waits.
            cause = tokio::select! {
                biased;
                () = shutdown.asked() => return,
                Ok(()) = arrivals.changed() => Cause::Arrival,
                Ok(()) = self.options.providers_changed.changed() => Cause::ProvidersChanged,
                () = tokio::time::sleep(self.options.pace.retry), if is_retrying => Cause::Retry,
            };
        }
    }

    /// Does everything there is to do.
    async fn work(&self, shutdown: &Shutdown) -> Result<(), Stop> {
        let running = self.options.ledger.begin().await?.running_change().await?;
        if let Some(mut change) = running {
            info!(change.id = %change.body.change.id, "taking up `{}` again", change.body.change.description);
            self.fetch_missing(&change.body, shutdown).await?;
            let mut tx = self.options.ledger.begin().await?;
            tx.take_up_again(change.body.change.id).await?;
            tx.commit().await?;
            change.attempt += 1;
            let turn = self.options.turn.lock().await;
            self.do_change(&change, shutdown).await?;
            drop(turn);
        }
        loop {
            let mut tx = self.options.ledger.begin().await?;
            let Some(received) = tx.next_for_reconciler().await? else { return Ok(()) };
            if tx.activation_waits_before(received.at).await? {
                // The plugins settle it; then the providers change.
                return Ok(());
            }
            drop(tx);
            self.take(received, shutdown).await?;
        }
    }

    async fn take(&self, received: Received, shutdown: &Shutdown) -> Result<(), Stop> {
        let Received { at, message } = received;
        let (body, is_resync) = match message {
            // What it stands for takes its place, and is the next again.
            ToAgent::LargeChange(large) => return self.unfold(&large, at, shutdown).await,
            ToAgent::Change(change) => (Resync { change, remove: Vec::new() }, false),
            ToAgent::Resync(resync) => (resync, true),
            // A cancellation has done its work when the change was judged; too late, it does none.
            _ => {
                let mut tx = self.options.ledger.begin().await?;
                tx.settle(at).await?;
                tx.commit().await?;
                return Ok(());
            }
        };
        if self.was_ended_before(&body, at).await? {
            return Ok(());
        }
        self.fetch_missing(&body, shutdown).await?;
        let turn = self.options.turn.lock().await;
        if let Some(change) = self.begin(body, is_resync, at).await? {
            self.do_change(&change, shutdown).await?;
        }
        drop(turn);
        Ok(())
    }

    /// Fetches the change that was too large for a frame. One that is not to be had is as good as one that was lost on the
    /// way: it does not follow, and the orchestrator says everything again.
    async fn unfold(&self, large: &LargeChange, at: HighWater, shutdown: &Shutdown) -> Result<(), Stop> {
        let ended = self.options.ledger.begin().await?.outcome_of_change(large.change).await?;
        if let Some(outcome) = ended {
            return self.pass_over(large.change, outcome, at).await;
        }
        let missing = self.options.blobs.path(&large.digest).is_none();
        let missing: BTreeMap<String, u64> =
            missing.then(|| (large.digest.clone(), large.size)).into_iter().collect();
        let LargeChange { change, description, expires, .. } = large;
        self.fetch(missing, (*change, description, *expires), shutdown).await?;
        let mut tx = self.options.ledger.begin().await?;
        if tx.is_cancelled(*change).await? {
            drop(tx);
            return self.pass_over(*change, ChangeOutcome::Cancelled, at).await;
        }
        let content = self.options.blobs.read(&large.digest).map_err(|error| error.to_string());
        match content.and_then(|content| large.open(&content).map_err(|error| error_chain(&error))) {
            Ok(message) => {
                tx.put_in_place(&Received { at, message }).await?;
                tx.commit().await?;
                Ok(())
            }
            Err(error) => {
                drop(tx);
                let error =
                    format!("the change, which is content {}, is not to be had: {error}", large.digest);
                let outcome = match self.options.bus_time.now() {
                    Some(now) if now > *expires => ChangeOutcome::Expired { error },
                    _ => ChangeOutcome::OutOfStep { error },
                };
                self.pass_over(*change, outcome, at).await
            }
        }
    }

    /// Reports the end of a change that is not begun.
    async fn pass_over(&self, change: ChangeId, outcome: ChangeOutcome, at: HighWater) -> Result<(), Stop> {
        let mut tx = self.options.ledger.begin().await?;
        tx.settle(at).await?;
        report_end(&mut tx, change, outcome).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A change that comes again under another sequence is not done again; its end is reported again.
    async fn was_ended_before(&self, body: &Resync, at: HighWater) -> Result<bool, Stop> {
        let id = body.change.id;
        let Some(outcome) = self.options.ledger.begin().await?.outcome_of_change(id).await? else {
            return Ok(false);
        };
        self.pass_over(id, outcome, at).await?;
        Ok(true)
    }

    /// Judges a change, and records either its beginning or its end.
    async fn begin(&self, body: Resync, is_resync: bool, at: HighWater) -> Result<Option<BegunChange>, Stop> {
        let active = self.active_before(&body).await;
        let mut tx = self.options.ledger.begin().await?;
        let known = tx.resources().await?;
        let present = Present {
            generation: tx.generation().await?,
            resources: &known,
            bus_time: self.options.bus_time.now(),
            machine_time: clock::now(),
            is_cancelled: tx.is_cancelled(body.change.id).await?,
        };
        let judged =
            if is_resync { judge_resync(&body, &present) } else { judge_change(&body.change, &present) };
        tx.settle(at).await?;
        let after = match judged {
            Ok(after) => after,
            Err(outcome) => {
                info!(change.id = %body.change.id, change.outcome = ?outcome, "`{}` is not begun", body.change.description);
                report_end(&mut tx, body.change.id, outcome).await?;
                tx.commit().await?;
                return Ok(None);
            }
        };
        let change = BegunChange { body, is_resync, active, attempt: 1 };
        tx.begin_change(&change).await?;
        tx.reach_generation(change.body.change.generation).await?;
        let mut left: BTreeMap<_, &Resource> = known.iter().map(|known| (&known.reference, known)).collect();
        for resource in &after {
            if left.remove(&resource.reference) != Some(resource) {
                tx.put_resource(resource).await?;
            }
        }
        for released in left.into_keys() {
            forget(&mut tx, released).await?;
            self.options.delivered.remove(released);
        }
        tx.commit().await?;
        Ok(Some(change))
    }

    /// Returns the tasks with a refresh whose resource is there and active now, before anything is changed.
    async fn active_before(&self, body: &Resync) -> BTreeSet<u32> {
        let providers = self.options.providers.load_full();
        let mut active = BTreeSet::new();
        for task in &body.change.tasks {
            let Operation::Apply { refresh: Some(_), .. } = &task.operation else { continue };
            let Ok(provider) = providers.get(&task.resource.collection) else { continue };
            let observed = survey::read(&provider, std::slice::from_ref(&task.resource.id)).await;
            if observed.first().is_some_and(was_active) {
                active.insert(task.number);
            }
        }
        active
    }

    async fn do_change(&self, change: &BegunChange, shutdown: &Shutdown) -> Result<(), Stop> {
        let providers = self.options.providers.load_full();
        let run = ChangeRun { options: &self.options, providers: &providers, change, shutdown };
        run.run().await?;
        let beginning = format!("{}-", change.body.change.id.as_uuid().simple());
        self.options.runs.forget(&beginning).await;
        self.options.settled.send_modify(|count| *count += 1);
        self.drop_unreferenced_blobs().await
    }

    /// Fetches what the change needs, unless it is cancelled or expires meanwhile. What is not to be had fails its task.
    async fn fetch_missing(&self, body: &Resync, shutdown: &Shutdown) -> Result<(), Stop> {
        let change = &body.change;
        let missing: BTreeMap<String, u64> = change
            .tasks
            .iter()
            .filter_map(|task| match &task.operation {
                Operation::Apply { attributes, .. } => Some(self.options.blobs.missing(attributes)),
                _ => None,
            })
            .flatten()
            .collect();
        self.fetch(missing, (change.id, &change.description, change.expires), shutdown).await
    }

    /// Fetches content on account of a change.
    async fn fetch(
        &self,
        missing: BTreeMap<String, u64>,
        (change, description, expires): (ChangeId, &str, DateTime<Utc>),
        shutdown: &Shutdown,
    ) -> Result<(), Stop> {
        if missing.is_empty() {
            return Ok(());
        }
        self.options.board.activity(Activity::Fetching {
            change,
            description: description.to_owned(),
            count: missing.len(),
            since: clock::now(),
        });
        let fetch_all = async {
            for (digest, size) in &missing {
                match self.options.fetch.fetch(digest, *size).await {
                    Ok(()) => {
                        let mut tx = self.options.ledger.begin().await?;
                        tx.keep_blob(digest, *size).await?;
                        tx.commit().await?;
                    }
                    Err(error) => info!(change.id = %change, "content {digest} is not to be had: {error}"),
                }
            }
            Ok::<(), Stop>(())
        };
        let time_left = self.options.bus_time.now().map_or(Duration::MAX, |now| {
            (expires - now).to_std().unwrap_or(Duration::ZERO) + Duration::from_secs(1)
        });
        tokio::select! {
            fetched = fetch_all => fetched,
            () = self.cancelled(change) => Ok(()),
            () = tokio::time::sleep(time_left.min(LONGEST_WAIT)) => Ok(()),
            () = shutdown.asked() => Err(Stop::ShuttingDown),
        }
    }

    async fn cancelled(&self, change: ChangeId) {
        let mut arrivals = self.options.ledger.arrivals();
        loop {
            let is_cancelled = async { self.options.ledger.begin().await?.is_cancelled(change).await };
            if is_cancelled.await.unwrap_or(false) {
                return;
            }
            if arrivals.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Removes content that nothing refers to any more.
    async fn drop_unreferenced_blobs(&self) -> Result<(), Stop> {
        let mut tx = self.options.ledger.begin().await?;
        let referenced = tx.referenced_blobs().await?;
        for digest in tx.kept_blobs().await? {
            if !referenced.contains(&digest) {
                self.options.blobs.remove(&digest);
                tx.drop_blob(&digest).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    async fn rest(&self) {
        let generation = async { self.options.ledger.begin().await?.generation().await };
        let activity = match generation.await {
            Ok(0) => Activity::WaitingForFirstDesiredState,
            Ok(generation) => Activity::Idle { generation },
            Err(error) => Activity::LedgerFails { error: error_chain(&error), since: clock::now() },
        };
        self.options.board.activity(activity);
    }
}

async fn report_end(
    tx: &mut crate::ledger::Transaction,
    change: ChangeId,
    outcome: ChangeOutcome,
) -> Result<(), Stop> {
    let generation = tx.generation().await?;
    let desired_digest = tx.desired_digest().await?;
    let ended = ChangeEnded { change, outcome, generation, desired_digest };
    tx.report(&ToOrchestrator::ChangeEnded(ended)).await?;
    Ok(())
}

/// Returns an error with its causes, in one line.
pub(crate) fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
