//! One agent, its directory, its orchestrator.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use hostwright_agent::config::Overrides;
use hostwright_agent::status::{Board, Status};
use hostwright_agent::{Agent, Config, Error, Options, Shutdown};
use hostwright_bus::memory;
use hostwright_manifest::signature::SigningKey;
use hostwright_protocol::desired_set;
use hostwright_protocol::ids::ChangeId;
use hostwright_protocol::messages::{
    Activation, ActivePlugin, Change, ChangeEnded, ChangeOutcome, Membership, Monitor, OnError, Operation,
    PluginReport, PluginState, ResourceRef, Task, ToAgent, ToOrchestrator,
};
use hostwright_runtime::Compiler;
use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::component::{self, Shipped};
use crate::orchestrator::Orchestrator;

pub(crate) struct World {
    pub(crate) directory: TempDir,
    pub(crate) orchestrator: Orchestrator,
    pub(crate) publisher: SigningKey,
    agents: Arc<memory::Agents>,
    life: Option<Life>,
    desired: BTreeMap<ResourceRef, Json>,
    generation: u64,
    activations: u64,
}

/// Waits, within bounds, until there is something.
pub(crate) async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_mins(1), waiting).await;
    found.unwrap_or_else(|_| panic!("never: {what}"))
}

/// One run of the agent.
struct Life {
    ending: JoinHandle<Result<(), Error>>,
    shutdown: Shutdown,
    board: Board,
}

impl World {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("root/etc")).unwrap();
        fs::write(directory.path().join("root/etc/machine-id"), "0123456789abcdef0123456789abcdef\n")
            .unwrap();
        let (orchestrator, agents) = Orchestrator::start();
        fs::write(directory.path().join("token"), orchestrator.token()).unwrap();
        Self {
            directory,
            orchestrator,
            publisher: SigningKey::generate(),
            agents,
            life: None,
            desired: BTreeMap::new(),
            generation: 0,
            activations: 0,
        }
    }

    /// A world whose agent is enrolled and has the provider of files.
    pub(crate) async fn with_files() -> Self {
        let mut world = Self::new();
        world.start();
        let shipped = world.ship("0.1.0");
        world.activate(vec![shipped]).await;
        assert_eq!(world.plugin_state(1).await, PluginState::Active);
        world
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join("root").join(path.trim_start_matches('/'))
    }

    pub(crate) fn options(&self) -> Options {
        let file = self.directory.path().join("agent.toml");
        let text = format!(
            "root = \"{}\"\nstate_directory = \"{}\"\ntoken_file = \"{}\"\n[compliance]\ncoalesce_ms = 10\n",
            self.directory.path().join("root").display(),
            self.directory.path().join("state").display(),
            self.directory.path().join("token").display(),
        );
        fs::write(&file, text).unwrap();
        let config = Config::load(Some(&file), &Overrides::default()).unwrap();
        Options { bus: Some(self.agents.clone()), compiler: Compiler::InProcess, ..Options::new(config) }
    }

    pub(crate) fn start(&mut self) {
        let shutdown = Shutdown::default();
        let agent = Agent::new(self.options());
        let board = agent.board();
        let ending = tokio::spawn(agent.run(shutdown.clone()));
        self.life = Some(Life { ending, shutdown, board });
    }

    /// Asks the agent to end and waits until it has.
    pub(crate) async fn stop(&mut self) {
        let life = self.life.take().unwrap();
        life.shutdown.ask();
        life.ending.await.unwrap().unwrap();
    }

    pub(crate) fn status(&self) -> Status {
        self.life.as_ref().unwrap().board.status()
    }

    pub(crate) fn ship(&self, version: &str) -> ActivePlugin {
        let Shipped { bytes, statement } = component::files(version, &self.publisher);
        self.orchestrator.keep(&statement.digest, bytes);
        statement
    }

    pub(crate) async fn activate(&mut self, plugins: Vec<ActivePlugin>) {
        self.activations += 1;
        eventually("the agent is connected", || {
            self.orchestrator
                .heard()
                .iter()
                .any(|heard| matches!(heard, ToOrchestrator::Hello(_)))
                .then_some(())
        })
        .await;
        let activation = Activation { generation: self.activations, plugins };
        self.orchestrator.say(&ToAgent::Activation(activation)).await;
    }

    /// How the one plugin of an activation went.
    pub(crate) async fn plugin_state(&self, generation: u64) -> PluginState {
        eventually("the plugin is reported", || {
            self.orchestrator.heard().into_iter().find_map(|heard| match heard {
                ToOrchestrator::PluginReport(PluginReport { generation: of, state, .. })
                    if of == generation =>
                {
                    Some(state)
                }
                _ => None,
            })
        })
        .await
    }

    pub(crate) fn file_task(&mut self, number: u32, id: &str, attributes: Json) -> Task {
        let resource = ResourceRef { collection: "files".into(), id: id.into() };
        self.desired.insert(resource.clone(), attributes.clone());
        let operation = Operation::Apply {
            attributes,
            monitor: Monitor::On,
            membership: Membership::default(),
            sensitive: false,
            refresh: None,
        };
        Task { number, description: format!("add file {id}"), resource, operation, requires: Vec::new() }
    }

    pub(crate) async fn change(&mut self, tasks: Vec<Task>) -> ChangeId {
        let follows = self.generation;
        self.generation += 1;
        let digest =
            desired_set::digest(self.desired.iter().map(|(id, attributes)| (id.clone(), attributes)));
        let id = ChangeId::from_uuid(Uuid::now_v7());
        let change = Change {
            id,
            description: "Install Web Server".into(),
            generation: self.generation,
            follows,
            desired_digest: digest,
            on_error: OnError::Stop,
            tasks,
            expires: Utc::now() + TimeDelta::hours(1),
        };
        self.orchestrator.say(&ToAgent::Change(change)).await;
        id
    }

    pub(crate) async fn end_of(&self, change: ChangeId) -> ChangeOutcome {
        eventually("the change ends", || {
            self.orchestrator.heard().into_iter().find_map(|heard| match heard {
                ToOrchestrator::ChangeEnded(ChangeEnded { change: of, outcome, .. }) if of == change => {
                    Some(outcome)
                }
                _ => None,
            })
        })
        .await
    }
}
