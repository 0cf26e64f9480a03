//! An orchestrator of one test's own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use hostwright_client::host::HostHandle;
use hostwright_client::organization::OrganizationHandle;
use hostwright_client::{Client, Login, Options as ClientOptions};
use serde_json::json;
use tempfile::TempDir;
use xtask::build;
use xtask::lab::managed::{AgentPrograms, ORCHESTRATOR_PORT};
use xtask::lab::orchestrator::{Options, Orchestrator};
use xtask::workspace::Workspace;

use crate::{CommandLine, Publisher};

/// The organization that every system begins with.
pub const ORGANIZATION: &str = "Demo";
/// Its environment.
pub const ENVIRONMENT: &str = "prod";

/// An orchestrator as a process, with one organization and one environment. Everything goes when it is dropped.
#[derive(Debug)]
pub struct System {
    orchestrator: Option<Orchestrator>,
    stopped: Option<Options>,
    client: Client,
    password: String,
    workspace: Workspace,
    programs: Programs,
    directory: TempDir,
}

/// What a system is made of.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The orchestrator.
    pub orchestrator: PathBuf,
    /// What a managed machine has.
    pub agent: AgentPrograms,
}

impl Programs {
    /// What `cargo xtask build` makes.
    pub fn of_development() -> Self {
        let workspace = Workspace::locate();
        Self {
            orchestrator: workspace.binary("hostwright-orchestrator"),
            agent: AgentPrograms {
                agent: workspace.binary("hostwright-agent"),
                compiler: workspace.binary("hostwright-compiler"),
                unit: workspace.root().join("agent/systemd/hostwright-agent.service"),
            },
        }
    }
}

/// How a system is begun.
struct Beginning<'a> {
    /// What agents are told; empty: where it listens.
    public_url: String,
    publishers: &'a [&'a Publisher],
    /// Further lines of the orchestrator's configuration.
    configuration: String,
    programs: Programs,
}

impl Beginning<'_> {
    fn usual() -> Self {
        Self {
            public_url: String::new(),
            publishers: &[],
            configuration: String::new(),
            programs: Programs::of_development(),
        }
    }
}

/// Where agents inside hosts find every orchestrator.
fn lab_url() -> String {
    format!("http://127.0.0.1:{ORCHESTRATOR_PORT}")
}

impl System {
    /// Starts one, for agents that reach it inside hosts through the lab's relay.
    pub async fn start() -> Result<Self> {
        Self::start_with(Beginning { public_url: lab_url(), ..Beginning::usual() }).await
    }

    /// Starts one, for agents that run on this machine.
    pub async fn start_for_local_agents() -> Result<Self> {
        Self::start_with(Beginning::usual()).await
    }

    /// Starts one of these programs, for agents that run on this machine.
    pub async fn start_local(programs: Programs) -> Result<Self> {
        Self::start_with(Beginning { programs, ..Beginning::usual() }).await
    }

    /// Starts one whose messages go through a broker, for agents that run on this machine.
    pub async fn start_on_broker(address: &str) -> Result<Self> {
        let configuration = format!("[bus]\nkind = \"amqp\"\nurl = {address:?}\n");
        Self::start_with(Beginning { configuration, ..Beginning::usual() }).await
    }

    /// Starts one as [`start`](Self::start) does, which trusts other publishers of plugins, too.
    pub async fn start_trusting(publishers: &[&Publisher]) -> Result<Self> {
        Self::start_with(Beginning { public_url: lab_url(), publishers, ..Beginning::usual() }).await
    }

    async fn start_with(beginning: Beginning<'_>) -> Result<Self> {
        let Beginning { public_url, publishers, configuration, programs } = beginning;
        let workspace = Workspace::locate();
        let directory = tempfile::tempdir().context("make a directory for the test")?;
        let listen = free_address()?;
        let public_url = if public_url.is_empty() { format!("http://{listen}") } else { public_url };
        let release_key = build::publisher_key(&workspace)?;
        let orchestrator = Orchestrator::start(Options {
            program: programs.orchestrator.clone(),
            directory: directory.path().join("orchestrator"),
            listen,
            public_url,
            compiler: programs.agent.compiler.clone(),
            plugins: workspace.plugins(),
            publisher_keys: std::iter::once(release_key)
                .chain(publishers.iter().map(|publisher| publisher.trusted_key()))
                .collect(),
            more: configuration,
        })?;
        let password = orchestrator.password()?;
        let client =
            Client::connect(ClientOptions::new(orchestrator.api(), Login::password("admin", &password)))?;
        client.organizations().create(&json!({"name": ORGANIZATION})).await?;
        client.organization(ORGANIZATION).environments().create(&json!({"name": ENVIRONMENT})).await?;
        Ok(Self {
            orchestrator: Some(orchestrator),
            stopped: None,
            client,
            password,
            workspace,
            programs,
            directory,
        })
    }

    /// The administrator.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The administrator's password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The organization.
    pub fn organization(&self) -> OrganizationHandle {
        self.client.organization(ORGANIZATION)
    }

    /// A host of the environment.
    pub fn host(&self, name: &str) -> HostHandle {
        self.organization().environment(ENVIRONMENT).host(name)
    }

    /// Where the orchestrator listens.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.orchestrator.as_ref().context("the orchestrator is stopped")?.address())
    }

    /// The orchestrator's process, while it runs.
    pub fn orchestrator_pid(&self) -> Option<u32> {
        self.orchestrator.as_ref().map(Orchestrator::pid)
    }

    /// The command line, logged in as the administrator.
    pub fn command_line(&self) -> CommandLine {
        CommandLine::new(&self.workspace, self.client.address(), &self.password)
    }

    /// A place for the test's own files.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Programs for agents.
    pub fn agent_programs(&self) -> AgentPrograms {
        self.programs.agent.clone()
    }

    /// A folder of the example, ready for `wright apply`.
    pub fn example(&self, name: &str) -> PathBuf {
        self.workspace.root().join("orchestrator/examples").join(name)
    }

    /// Defines a host, begins its provisioning and returns a token that enrols as it.
    pub async fn define_host(&self, name: &str) -> Result<String> {
        let environment = self.organization().environment(ENVIRONMENT);
        environment.hosts().create(&json!({"name": name, "platform": "Manual"})).await?;
        self.host(name).provision().await?;
        let tokens = self.organization().enrolment_tokens();
        let token = tokens.create(&json!({"environment": ENVIRONMENT, "host": name})).await?;
        token.entity.token.context("an answer without a token")
    }

    /// Kills the orchestrator as a crash would.
    pub fn kill_orchestrator(&mut self) {
        self.stopped = self.orchestrator.take().map(Orchestrator::kill);
    }

    /// Stops the orchestrator in order.
    pub fn stop_orchestrator(&mut self) -> Result<()> {
        if let Some(orchestrator) = self.orchestrator.take() {
            self.stopped = Some(orchestrator.terminate()?);
        }
        Ok(())
    }

    /// Starts the orchestrator again on what it has kept.
    pub fn start_orchestrator(&mut self) -> Result<()> {
        let options = self.stopped.take().context("the orchestrator runs already")?;
        self.orchestrator = Some(Orchestrator::start(options)?);
        Ok(())
    }
}

/// An address that nobody listens on at the moment.
fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?;
    listener.local_addr().context("a listener without an address")
}
