//! An orchestrator on a database of its own.

use std::path::PathBuf;
use std::sync::Arc;

use hostwright_bus::{Limits, memory};
use hostwright_model::agent::Presence;
use hostwright_model::change::Change;
use hostwright_model::clock::TestClock;
use hostwright_model::event::Actor;
use hostwright_model::host::Host;
use hostwright_model::organization::Organization;
use hostwright_model::plugin::{Plugin, PluginActivation, PluginKind, PluginSignature};
use hostwright_protocol::keys::{OrchestratorKeys, RootKey, Validity};
use hostwright_store::Store;
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{ManualDrivers, ScriptedAgent, eventually, example};
use crate::agents::{Admission, Receiver};
use crate::app::{App, Parts};
use crate::config::Config;
use crate::drivers::Drivers;
use crate::jobs::outbox_relay::OutboxRelay;
use crate::operations::enrolment_tokens::CreateEnrolmentToken;
use crate::operations::environments::CreateEnvironment;
use crate::operations::hosts::DefineHost;
use crate::operations::organizations::CreateOrganization;
use crate::operations::settings::{Handlers, Level, SettingDraft};
use crate::operations::{
    HostPath, OperationError, Work, application_files, applications, changes, contexts, enrolment_tokens,
    environments, hosts, organizations, settings,
};
use crate::registry::TrustedKeys;

/// An orchestrator with an organization `Demo`, an environment `Default` in it, and the application `Web Server`.
pub(crate) struct TestSystem {
    directory: tempfile::TempDir,
    keys: Arc<OrchestratorKeys>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) drivers: ManualDrivers,
    running: Running,
    pub(crate) organization: Organization,
}

struct Running {
    app: App,
    agents: Arc<memory::Agents>,
    bus: Arc<memory::Orchestrator>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl TestSystem {
    pub(crate) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock::default());
        let now = hostwright_model::clock::Clock::now(&*clock);
        let validity = Validity { generation: 1, from: now, until: now + chrono::TimeDelta::days(365) };
        let rng = &mut rand::thread_rng();
        let keys = Arc::new(OrchestratorKeys::generate(&RootKey::generate(rng), validity, rng));
        let drivers = ManualDrivers::default();
        let outside = Outside { keys: keys.clone(), clock: clock.clone(), drivers: drivers.clone() };
        let running = run(database(&directory), outside).await;
        let organization = demo(&running.app).await;
        Self { directory, keys, clock, drivers, running, organization }
    }

    pub(crate) fn app(&self) -> &App {
        &self.running.app
    }

    pub(crate) fn agents_bus(&self) -> &memory::Agents {
        &self.running.agents
    }

    pub(crate) async fn work(&self) -> Work {
        self.app().begin(Actor::System).await.unwrap()
    }

    /// Ends the orchestrator as if it were killed between two steps, and starts another one on the same database.
    pub(crate) async fn restart(&mut self) {
        self.running.shutdown.cancel();
        self.running.bus.close();
        self.running.tasks.close();
        self.running.tasks.wait().await;
        self.running.app.store().close().await;
        let outside =
            Outside { keys: self.keys.clone(), clock: self.clock.clone(), drivers: self.drivers.clone() };
        self.running = run(database(&self.directory), outside).await;
        let mut tx = self.app().store().begin().await.unwrap();
        tx.all_agents_down().await.unwrap();
        tx.commit().await.unwrap();
    }

    #[expect(clippy::unused_self, reason = "reads as a question to the system")]
    pub(crate) fn path(&self, host: &str) -> HostPath {
        HostPath { environment: "Default".parse().unwrap(), host: host.parse().unwrap() }
    }

    pub(crate) async fn define_host(&self, name: &str) -> Host {
        let mut work = self.work().await;
        let input = DefineHost {
            name: name.parse().unwrap(),
            description: String::new(),
            platform: Some("Manual".parse().unwrap()),
            distribution: None,
            settings: Vec::new(),
            applications: Vec::new(),
        };
        let environment = "Default".parse().unwrap();
        let host = hosts::define_host(&mut work, &self.organization, &environment, input).await.unwrap();
        work.commit().await.unwrap();
        host
    }

    pub(crate) async fn install(&self, host: &str) -> Option<Change> {
        let mut work = self.work().await;
        let input = contexts::Install {
            application: "Web Server".parse().unwrap(),
            settings: Vec::new(),
            services: Vec::new(),
        };
        let path = self.path(host);
        let (_, change) =
            contexts::install_application(&mut work, &self.organization, &path, input).await.unwrap();
        work.commit().await.unwrap();
        change
    }

    pub(crate) async fn uninstall(&self, host: &str) -> Option<Change> {
        let mut work = self.work().await;
        let (path, name) = (self.path(host), "Web Server".parse().unwrap());
        let change =
            contexts::uninstall_application(&mut work, &self.organization, &path, &name).await.unwrap();
        work.commit().await.unwrap();
        change
    }

    pub(crate) async fn set(&self, level: Level, key: &str, value: Json) -> Vec<Change> {
        self.try_set(level, key, value).await.unwrap()
    }

    pub(crate) async fn try_set(
        &self,
        level: Level,
        key: &str,
        value: Json,
    ) -> Result<Vec<Change>, OperationError> {
        let mut work = self.work().await;
        let draft = SettingDraft { key: key.parse().unwrap(), value, schema: None };
        let (_, changes) =
            settings::put_setting(&mut work, &self.organization, &level, draft, Handlers::Run).await?;
        work.commit().await.unwrap();
        Ok(changes)
    }

    pub(crate) async fn unset(&self, level: Level, key: &str) -> Vec<Change> {
        let mut work = self.work().await;
        let key = key.parse().unwrap();
        let deleted =
            settings::delete_setting(&mut work, &self.organization, &level, &key, Handlers::Run).await;
        work.commit().await.unwrap();
        deleted.unwrap()
    }

    pub(crate) async fn token(&self, host: Option<&str>) -> String {
        let mut work = self.work().await;
        let input = CreateEnrolmentToken {
            environment: "Default".parse().unwrap(),
            host: host.map(|host| host.parse().unwrap()),
            uses: 1,
            expires_at: None,
        };
        let created = enrolment_tokens::create_enrolment_token(&mut work, &self.organization, input).await;
        work.commit().await.unwrap();
        created.unwrap().1.to_string()
    }

    /// Registers a plugin and makes it serve. Its component is never looked at: the drivers of tests answer for every one, and
    /// so does a scripted agent.
    pub(crate) async fn activate(&self, kind: PluginKind) -> Plugin {
        let mut work = self.work().await;
        let plugin = Plugin {
            id: work.fresh(),
            plugin: format!("hostwright/{}", kind.serves().to_lowercase()),
            version: "0.1.0".to_owned(),
            kind: kind.clone(),
            digest: format!("sha256:{}", "0".repeat(64)),
            size: 1,
            summary: String::new(),
            manifest: String::new(),
            asked: hostwright_manifest::Grants::default(),
            signature: PluginSignature::None,
            shipped: true,
            created_at: work.now(),
        };
        work.tx.insert_plugin(&plugin, b"x").await.unwrap();
        let mut activation = PluginActivation {
            organization: self.organization.id,
            plugin: plugin.id,
            serves: kind,
            grants: plugin.asked.clone(),
            generation: 0,
            activated_at: work.now(),
        };
        work.tx.activate_plugin(&mut activation).await.unwrap();
        work.commit().await.unwrap();
        plugin
    }

    /// A host with an agent that is connected and has been told which plugins serve it.
    pub(crate) async fn enrolled(&self, host: &str) -> ScriptedAgent {
        self.define_host(host).await;
        let mut agent = ScriptedAgent::enrol(self, &self.token(Some(host)).await).await.unwrap();
        agent.connect(self).await;
        agent.expect_activation().await;
        agent
    }

    /// A host on which its agent has installed the application.
    pub(crate) async fn installed(&self, host: &str) -> ScriptedAgent {
        let mut agent = self.enrolled(host).await;
        self.install(host).await.unwrap();
        let change = agent.expect_change().await;
        agent.carry_out(&change).await;
        eventually("it is installed", async || self.host_state(host).await == "READY").await;
        agent
    }

    pub(crate) async fn host(&self, name: &str) -> Host {
        let mut work = self.app().look(Actor::System).await.unwrap();
        hosts::find_host(&mut work, &self.organization, &self.path(name)).await.unwrap()
    }

    pub(crate) async fn host_state(&self, name: &str) -> String {
        self.host(name).await.state.name().to_owned()
    }

    pub(crate) async fn changes(&self, host: &str) -> Vec<Change> {
        let mut work = self.app().look(Actor::System).await.unwrap();
        let path = self.path(host);
        changes::list_changes(&mut work, &self.organization, &path, changes::Which::All).await.unwrap()
    }

    pub(crate) async fn agent_presence(&self, agent: &ScriptedAgent) -> Presence {
        let mut tx = self.app().store().read().await.unwrap();
        tx.agent_by_id(agent.enrolled.identity.agent).await.unwrap().unwrap().presence
    }

    /// State and number of tasks of each change, in order.
    pub(crate) async fn change_states(&self, host: &str) -> Vec<(String, usize)> {
        let changes = self.changes(host).await;
        changes.iter().map(|change| (change.state.name().to_owned(), change.tasks.len())).collect()
    }
}

fn database(directory: &tempfile::TempDir) -> PathBuf {
    directory.path().join("state.db")
}

/// What outlives an orchestrator.
struct Outside {
    keys: Arc<OrchestratorKeys>,
    clock: Arc<TestClock>,
    drivers: ManualDrivers,
}

async fn run(database: PathBuf, outside: Outside) -> Running {
    let Outside { keys, clock, drivers } = outside;
    let store = Store::connect(&format!("sqlite://{}", database.display())).await.unwrap();
    let admission = Admission::new(store.clone(), clock.clone(), keys.clone());
    let (bus, agents) = memory::pair(Arc::new(admission), Limits::default());
    let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    std::fs::write(file.path(), "public_url = \"http://127.0.0.1:7690\"\n").unwrap();
    let app = App::new(Parts {
        config: Config::load(Some(file.path())).unwrap(),
        store,
        clock,
        keys,
        bus: bus.clone(),
        drivers: Drivers::new(Arc::new(drivers)),
        trusted_keys: TrustedKeys::default(),
    });
    let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
    tasks.spawn(OutboxRelay::new(app.clone()).run(shutdown.clone()));
    tasks.spawn(Receiver::new(app.clone()).run(shutdown.clone()));
    Running { app, agents, bus, tasks, shutdown }
}

async fn demo(app: &App) -> Organization {
    let mut work = app.begin(Actor::System).await.unwrap();
    let input = CreateOrganization { name: "Demo".parse().unwrap(), description: String::new() };
    let organization = organizations::create_organization(&mut work, input).await.unwrap();
    let input = CreateEnvironment { name: "Default".parse().unwrap(), description: String::new() };
    environments::create_environment(&mut work, &organization, input).await.unwrap();
    applications::create_application(&mut work, &organization, example::web_server()).await.unwrap();
    let application = "Web Server".parse().unwrap();
    for (file, content) in [("site.conf", example::SITE), ("index.html", example::PAGE)] {
        let (file, content) = (file.parse().unwrap(), content.as_bytes().to_vec());
        application_files::write_content(&mut work, &organization, &application, &file, content)
            .await
            .unwrap();
    }
    work.commit().await.unwrap();
    organization
}
