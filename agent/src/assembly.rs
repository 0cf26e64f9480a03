//! Builds the parts of an agent that has an identity, and starts them.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use hostwright_bus::backoff::Backoff;
use hostwright_protocol::envelope;
use hostwright_runtime::host::{Nothing, TracingLog};
use hostwright_runtime::machine::Machine;
use hostwright_runtime::machine::local::{LocalMachine, LocalOptions};
use hostwright_runtime::{CacheOptions, Host, Limits, Runtime};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;

use crate::agent::{Error, Options};
use crate::blobs::BlobStore;
use crate::clock::BusTime;
use crate::compliance::{self, Monitor};
use crate::config::Config;
use crate::delivered::DeliveredFiles;
use crate::facts::FactsReporter;
use crate::keys::LocalKeys;
use crate::ledger::{Identity, Ledger, LedgerCacheIndex};
use crate::lifecycle::Shutdown;
use crate::link::{self, Link};
use crate::planning::{self, Planner};
use crate::plugins::{self, Loader, Plugins};
use crate::provider::ProviderSet;
use crate::reconciler::{self, Pace, Reconciler};
use crate::runs::RecordedRuns;
use crate::state_directory::StateDirectory;
use crate::status::{Board, Request, StatusSocket, answer};

/// What an agent keeps, opened.
pub(crate) struct Kept<'a> {
    pub(crate) state: &'a StateDirectory,
    pub(crate) ledger: &'a Ledger,
    pub(crate) socket: StatusSocket,
    pub(crate) identity: Identity,
}

/// What several parts share.
struct Shared {
    ledger: Ledger,
    board: Board,
    machine: LocalMachine,
    blobs: Arc<BlobStore>,
    delivered: Arc<DeliveredFiles>,
    bus_time: Arc<BusTime>,
    providers: Arc<ArcSwap<ProviderSet>>,
    providers_changed: Arc<watch::Sender<u64>>,
    settled: Arc<watch::Sender<u64>>,
    turn: Arc<Mutex<()>>,
}

/// Builds every part and starts it; each task returns its name when it ends.
pub(crate) async fn assemble(
    kept: Kept<'_>,
    options: &Options,
    board: &Board,
    shutdown: &Shutdown,
) -> Result<JoinSet<&'static str>, Error> {
    let Kept { state, ledger, socket, identity } = kept;
    let config = &options.config;
    let keys = LocalKeys::load(state, &identity.document.keys)?;
    let machine = LocalMachine::new(LocalOptions {
        root: config.root.clone(),
        protected: protected(config, state),
        digest_key: *keys.digest_key,
        supervisor: options.supervisor.clone(),
        runs_directory: state.runs(),
    })?;
    let path = state.blobs();
    let blobs = Arc::new(BlobStore::open(path.clone()).map_err(|source| Error::Make { path, source })?);
    let shared = Shared {
        ledger: ledger.clone(),
        board: board.clone(),
        machine,
        blobs,
        delivered: Arc::new(DeliveredFiles::load(ledger).await?),
        bus_time: Arc::new(BusTime::new(ledger.begin().await?.lane().await?.bus_time)),
        providers: Arc::default(),
        providers_changed: Arc::default(),
        settled: Arc::default(),
        turn: Arc::default(),
    };
    let (plans, waiting_plans) = mpsc::channel(8);
    let (link, link_handle) = build_link(&shared, options, identity, keys, plans)?;
    let (plugins, plugins_handle) = build_plugins(&shared, options, state, &link_handle).await?;
    let monitor = build_monitor(&shared, config)?;
    let planner = Planner::new(
        planning::Options {
            ledger: ledger.clone(),
            providers: shared.providers.clone(),
            providers_changed: shared.providers_changed.subscribe(),
            turn: shared.turn.clone(),
            board: board.clone(),
            link: link_handle.clone(),
        },
        waiting_plans,
    );
    let bus_time = shared.bus_time.clone();
    let reconciler = Reconciler::new(reconciler::Options {
        ledger: shared.ledger,
        providers: shared.providers,
        providers_changed: shared.providers_changed.subscribe(),
        blobs: shared.blobs,
        fetch: Arc::new(link_handle),
        runs: Arc::new(RecordedRuns::new(shared.machine, state.runs())),
        delivered: shared.delivered,
        board: shared.board,
        bus_time: shared.bus_time,
        turn: shared.turn,
        settled: shared.settled,
        pace: Pace::default(),
    });
    let status = StatusService {
        socket,
        board: board.clone(),
        ledger: ledger.clone(),
        plugins: plugins_handle,
        bus_time,
    };
    let mut parts = Parts::default();
    parts.start("link", link.run(shutdown.clone()));
    parts.start("plugins", plugins.run(shutdown.clone()));
    parts.start("compliance", monitor.run(shutdown.clone()));
    parts.start("planning", planner.run(shutdown.clone()));
    parts.start("reconciler", reconciler.run(shutdown.clone()));
    parts.start("status", status.run(shutdown.clone()));
    Ok(parts.tasks)
}

#[derive(Default)]
struct Parts {
    tasks: JoinSet<&'static str>,
}

impl Parts {
    fn start(&mut self, name: &'static str, part: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(async move {
            part.await;
            name
        });
    }
}

fn build_link(
    shared: &Shared,
    options: &Options,
    identity: Identity,
    keys: LocalKeys,
    plans: mpsc::Sender<hostwright_protocol::messages::Plan>,
) -> Result<(Link, link::Handle), Error> {
    let address = options.config.bus().unwrap_or(&identity.document.bus).to_owned();
    let bus = match &options.bus {
        Some(bus) => bus.clone(),
        None => hostwright_bus::connect(&address)?,
    };
    Ok(Link::new(link::Options {
        ledger: shared.ledger.clone(),
        bus,
        address,
        identity: envelope::Identity { organization: identity.organization, agent: identity.agent },
        document: identity.document,
        keys: Arc::new(keys.agent),
        bus_time: shared.bus_time.clone(),
        blobs: shared.blobs.clone(),
        board: shared.board.clone(),
        plans,
        reconnecting: options.reconnecting,
        greet_again: Backoff { first: Duration::from_secs(10), most: Duration::from_mins(2) },
    }))
}

async fn build_plugins(
    shared: &Shared,
    options: &Options,
    state: &StateDirectory,
    link: &link::Handle,
) -> Result<(Plugins, plugins::Handle), Error> {
    let index = Arc::new(LedgerCacheIndex(shared.ledger.clone()));
    let runtime = Runtime::new(hostwright_runtime::Options {
        cache: CacheOptions { directory: state.compiled(), index },
        compiler: options.compiler.clone(),
        ceilings: Limits::CEILINGS,
    })?;
    let machine: Arc<dyn Machine> = Arc::new(shared.machine.clone());
    let host = Host {
        machine: machine.clone(),
        blobs: shared.blobs.clone(),
        secrets: Arc::new(Nothing),
        scripts: shared.delivered.clone(),
        log: Arc::new(TracingLog),
    };
    let built = Plugins::load(plugins::Options {
        ledger: shared.ledger.clone(),
        loader: Arc::new(Loader { runtime, host: Arc::new(host), blobs: shared.blobs.clone() }),
        fetch: Arc::new(link.clone()),
        machine,
        providers: shared.providers.clone(),
        changed: shared.providers_changed.clone(),
        idle: Duration::from_secs(options.config.plugins.idle_seconds),
    })
    .await?;
    Ok(built)
}

fn build_monitor(shared: &Shared, config: &Config) -> Result<Monitor, Error> {
    Monitor::try_new(compliance::Options {
        ledger: shared.ledger.clone(),
        providers: shared.providers.clone(),
        providers_changed: shared.providers_changed.subscribe(),
        settled: shared.settled.subscribe(),
        turn: shared.turn.clone(),
        board: shared.board.clone(),
        facts: FactsReporter::new(shared.ledger.clone(), Arc::new(shared.machine.clone())),
        machine: shared.machine.clone(),
        root: config.root.clone(),
        compliance: config.compliance,
    })
    .map_err(|source| Error::Make { path: "a watch of files".into(), source })
}

struct StatusService {
    socket: StatusSocket,
    board: Board,
    ledger: Ledger,
    plugins: plugins::Handle,
    bus_time: Arc<BusTime>,
}

impl StatusService {
    async fn run(self, shutdown: Shutdown) {
        loop {
            // A request that is being read when the agent ends needs no answer.
            let request = tokio::select! {
                () = shutdown.asked() => return,
                request = self.socket.next() => request,
            };
            let Request::Status(stream) = request else { continue };
            let waiting = async { self.ledger.begin().await?.report_count().await };
            let waiting = waiting.await.unwrap_or_default();
            self.board.refresh(waiting, &self.bus_time, self.plugins.status().await);
            answer(stream, &self.board.status()).await;
        }
    }
}

/// What no plugin may touch, whatever it was granted.
fn protected(config: &Config, state: &StateDirectory) -> Vec<PathBuf> {
    let mut protected = vec![
        state.path().to_owned(),
        PathBuf::from("/etc/hostwright"),
        PathBuf::from("/usr/lib/hostwright"),
        PathBuf::from("/etc/systemd/system/hostwright-agent.service"),
        PathBuf::from("/usr/lib/systemd/system/hostwright-agent.service"),
        config.compiler(),
    ];
    protected.extend(config.token_file().map(PathBuf::from));
    protected.extend(std::env::current_exe().ok());
    protected
}
