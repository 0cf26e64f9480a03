//! An agent's reconciler and monitor over fakes, killed and born again at will.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use chrono::TimeDelta;
use hostwright_protocol::desired_set;
use hostwright_protocol::ids::ChangeId;
use hostwright_protocol::messages::{
    Change, ChangeEnded, ChangeOutcome, HighWater, Membership, Monitor, OnError, Operation, ResourceRef,
    Resync, Task, TaskEnded, TaskOutcome, ToAgent, ToOrchestrator,
};
use serde_json::{Value as Json, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::FakeProvider;
use crate::blobs::{BlobStore, FetchBlobs, FetchError};
use crate::clock::{self, BusTime};
use crate::delivered::DeliveredFiles;
use crate::ledger::{Ledger, Received};
use crate::lifecycle::Shutdown;
use crate::provider::ProviderSet;
use crate::reconciler::{Options, Pace, Reconciler};
use crate::runs::{Runs, Settled};
use crate::status::Board;

/// Waits, within bounds, until something is so.
pub(crate) async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), waiting).await.is_ok(), "never: {what}");
}

pub(crate) fn reference(collection: &str, id: &str) -> ResourceRef {
    ResourceRef { collection: collection.into(), id: id.into() }
}

fn task(resource: ResourceRef, operation: Operation) -> Task {
    let description = format!("{} {}", resource.collection, resource.id);
    Task { number: 0, description, resource, operation, requires: Vec::new() }
}

pub(crate) fn apply(collection: &str, id: &str, attributes: Json) -> Task {
    let operation = Operation::Apply {
        attributes,
        monitor: Monitor::Keep,
        membership: Membership::default(),
        sensitive: false,
        refresh: None,
    };
    task(reference(collection, id), operation)
}

pub(crate) fn file(id: &str, mode: &str) -> Task {
    apply("files", id, json!({"mode": mode}))
}

pub(crate) fn remove(collection: &str, id: &str) -> Task {
    task(reference(collection, id), Operation::Remove { even_if_adopted: false })
}

pub(crate) fn perform(collection: &str, id: &str, action: &str, owed: bool) -> Task {
    let operation = Operation::Perform { action: action.into(), attributes: json!({}), owed };
    task(reference(collection, id), operation)
}

/// A change that follows nothing yet; [`World::send`] fits it in.
pub(crate) fn change(tasks: Vec<Task>) -> Change {
    let tasks = (0..).zip(tasks).map(|(number, task)| Task { number, ..task }).collect();
    Change {
        id: ChangeId::from_uuid(clock::new_id()),
        description: "Install Web Server".into(),
        generation: 0,
        follows: 0,
        desired_digest: String::new(),
        on_error: OnError::Stop,
        tasks,
        expires: clock::now() + TimeDelta::hours(1),
    }
}

/// What outlives the agent: the machine, its disk, and what the orchestrator believes.
pub(crate) struct World {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) ledger: Ledger,
    pub(crate) providers: Arc<ArcSwap<ProviderSet>>,
    pub(crate) providers_changed: Arc<watch::Sender<u64>>,
    pub(crate) files: Arc<FakeProvider>,
    pub(crate) services: Arc<FakeProvider>,
    pub(crate) runs: Arc<FakeRuns>,
    pub(crate) blobs: Arc<BlobStore>,
    pub(crate) bus_time: Arc<BusTime>,
    pub(crate) board: Board,
    pub(crate) settled: Arc<watch::Sender<u64>>,
    pub(crate) turn: Arc<tokio::sync::Mutex<()>>,
    desired: BTreeMap<ResourceRef, Json>,
    generation: u64,
    sequence: u64,
    life: Option<(JoinHandle<()>, Shutdown)>,
}

#[derive(Default)]
pub(crate) struct FakeRuns {
    pub(crate) settled: Mutex<Option<Settled>>,
    pub(crate) asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Runs for FakeRuns {
    async fn settle(&self, run: &str) -> Settled {
        self.asked.lock().unwrap().push(run.into());
        self.settled.lock().unwrap().clone().unwrap_or(Settled::NothingRan)
    }

    async fn forget(&self, _beginning: &str) {}
}

struct NoBlobs;

#[async_trait]
impl FetchBlobs for NoBlobs {
    async fn fetch(&self, _digest: &str, _size: u64) -> Result<(), FetchError> {
        Err(FetchError::NoSuchBlob)
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let files = Arc::new(FakeProvider::new("files", "0.1.0"));
        let services = Arc::new(FakeProvider::new("services", "0.1.0"));
        let mut set = ProviderSet::default();
        set.insert("files", files.clone());
        set.insert("services", services.clone());
        set.insert("packages", Arc::new(FakeProvider::new("packages", "0.1.0")));
        Self {
            ledger: Self::open(directory.path()).await,
            providers: Arc::new(ArcSwap::from_pointee(set)),
            providers_changed: Arc::default(),
            files,
            services,
            runs: Arc::default(),
            blobs: Arc::new(BlobStore::open(directory.path().join("blobs")).unwrap()),
            bus_time: Arc::new(BusTime::new(Some(clock::now()))),
            board: Board::default(),
            settled: Arc::default(),
            turn: Arc::default(),
            directory,
            desired: BTreeMap::new(),
            generation: 0,
            sequence: 0,
            life: None,
        }
    }

    async fn open(directory: &Path) -> Ledger {
        Ledger::open(&directory.join("ledger.db")).await.unwrap()
    }

    pub(crate) async fn start(&mut self) {
        const BUSY: &[Duration] = &[Duration::from_millis(1); 5];
        let delivered = Arc::new(DeliveredFiles::load(&self.ledger).await.unwrap());
        let reconciler = Reconciler::new(Options {
            ledger: self.ledger.clone(),
            providers: self.providers.clone(),
            providers_changed: self.providers_changed.subscribe(),
            blobs: self.blobs.clone(),
            fetch: Arc::new(NoBlobs),
            runs: self.runs.clone(),
            delivered,
            board: self.board.clone(),
            bus_time: self.bus_time.clone(),
            turn: self.turn.clone(),
            settled: self.settled.clone(),
            pace: Pace { busy: BUSY, retry: Duration::from_millis(5) },
        });
        let shutdown = Shutdown::default();
        self.life = Some((tokio::spawn(reconciler.run(shutdown.clone())), shutdown));
    }

    /// Ends the agent where it stands, as kill -9 does, and reopens what it kept.
    pub(crate) async fn kill(&mut self) {
        if let Some((life, _)) = self.life.take() {
            life.abort();
            let _ = life.await;
        }
        self.ledger.close().await;
        self.ledger = Self::open(self.directory.path()).await;
        self.turn = Arc::default();
    }

    /// Asks the agent to end and waits until it has.
    pub(crate) async fn stop(&mut self) {
        if let Some((life, shutdown)) = self.life.take() {
            shutdown.ask();
            life.await.unwrap();
        }
    }

    /// Sends a change as the orchestrator would: following its own picture of the host.
    pub(crate) async fn send(&mut self, change: Change) -> ChangeId {
        let change = self.following(change);
        let id = change.id;
        self.deliver(ToAgent::Change(change)).await;
        id
    }

    /// Makes a change follow what was sent so far.
    pub(crate) fn following(&mut self, mut change: Change) -> Change {
        for task in &change.tasks {
            match &task.operation {
                Operation::Apply { attributes, .. } => {
                    self.desired.insert(task.resource.clone(), attributes.clone());
                }
                Operation::Remove { .. } | Operation::Release => {
                    self.desired.remove(&task.resource);
                }
                Operation::Perform { .. } => {}
            }
        }
        change.follows = self.generation;
        self.generation += 1;
        change.generation = self.generation;
        change.desired_digest = self.digest();
        change
    }

    /// Sends everything that is desired.
    pub(crate) async fn resync(&mut self, tasks: Vec<Task>, remove: Vec<ResourceRef>) -> ChangeId {
        self.desired.clear();
        let mut change = change(tasks);
        for task in &change.tasks {
            if let Operation::Apply { attributes, .. } = &task.operation {
                self.desired.insert(task.resource.clone(), attributes.clone());
            }
        }
        self.generation += 1;
        change.generation = self.generation;
        change.desired_digest = self.digest();
        let id = change.id;
        self.deliver(ToAgent::Resync(Resync { change, remove })).await;
        id
    }

    /// Puts a message into the inbox, as the link does.
    pub(crate) async fn deliver(&mut self, message: ToAgent) {
        self.sequence += 1;
        let at = HighWater { epoch: 1, sequence: self.sequence };
        let mut tx = self.ledger.begin().await.unwrap();
        tx.receive(&Received { at, message }).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) fn digest(&self) -> String {
        desired_set::digest(
            self.desired.iter().map(|(reference, attributes)| (reference.clone(), attributes)),
        )
    }

    pub(crate) async fn reports(&self) -> Vec<ToOrchestrator> {
        let mut tx = self.ledger.begin().await.unwrap();
        let mut reports = Vec::new();
        let mut after = HighWater::default();
        while let Some(report) = tx.report_after(after).await.unwrap() {
            after = report.at;
            reports.push(report.message);
        }
        reports
    }

    /// Returns how a change ended, once it has.
    pub(crate) async fn end_of(&self, change: ChangeId) -> ChangeOutcome {
        let mut outcome = None;
        eventually("the change ends", async || {
            outcome = self.reports().await.into_iter().find_map(|report| match report {
                ToOrchestrator::ChangeEnded(ChangeEnded { change: id, outcome, .. }) if id == change => {
                    Some(outcome)
                }
                _ => None,
            });
            outcome.is_some()
        })
        .await;
        outcome.unwrap()
    }

    /// Returns how the tasks of a change ended, by number.
    pub(crate) async fn outcomes(&self, change: ChangeId) -> Vec<TaskOutcome> {
        let mut ended: Vec<(u32, TaskOutcome)> = self
            .reports()
            .await
            .into_iter()
            .filter_map(|report| match report {
                ToOrchestrator::TaskEnded(TaskEnded { change: id, number, outcome, .. }) if id == change => {
                    Some((number, outcome))
                }
                _ => None,
            })
            .collect();
        ended.sort_by_key(|(number, _)| *number);
        ended.into_iter().map(|(_, outcome)| outcome).collect()
    }
}
