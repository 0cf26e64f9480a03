//! Puts everything together and runs it until it is asked to end.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use hostwright_bus::amqp;
use hostwright_bus::websocket::Server;
use hostwright_bus::{Authenticator, OrchestratorBus};
use hostwright_model::clock::{Clock, SystemClock};
use hostwright_model::event::Actor;
use hostwright_store::Store;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::agents::{Admission, Receiver};
use crate::app::{App, Parts};
use crate::config::{BusKind, Config};
use crate::drivers::{Drivers, WasmDrivers};
use crate::jobs::outbox_relay::OutboxRelay;
use crate::jobs::{broken_off, retention};
use crate::operations::provisioning;
use crate::registry::{self, TrustedKeys};
use crate::{first_start, keys, lifecycle, router};

/// Runs an orchestrator until `ending` is cancelled. `print` gets what a person has to see once.
pub async fn serve(mut config: Config, ending: CancellationToken, print: impl FnOnce(&str)) -> Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let keys = Arc::new(keys::load_or_make(&config.state_directory.join("keys"), clock.now())?);
    let store = Store::connect(config.database.reveal()).await.context("open the database")?;
    let listener =
        TcpListener::bind(config.listen).await.with_context(|| format!("listen on {}", config.listen))?;
    let address = listener.local_addr().context("the address that is listened on")?;
    if config.public_url.is_empty() {
        config.public_url = format!("http://{address}");
    }
    let cache = config.state_directory.join("plugin-cache");
    let drivers =
        WasmDrivers::try_new(cache, config.compiler.clone()).context("prepare the runtime of drivers")?;
    let drivers = Drivers::new(Arc::new(drivers));
    let trusted_keys = TrustedKeys::parse(&config.plugins.publisher_keys)?;
    let admission: Arc<dyn Authenticator> =
        Arc::new(Admission::new(store.clone(), Arc::clone(&clock), Arc::clone(&keys)));
    let bus = Bus::open(&config, admission).await?;
    let app = App::new(Parts { config, store, clock, keys, bus: bus.bus(), drivers, trusted_keys });

    if let Some(password) = first_start::make_administrator(&app).await? {
        print(&format!("administrator: admin\npassword: {}\n", *password));
    }
    registry::import_shipped(&app, &app.config().plugins.directory.clone()).await?;
    forget_sessions(&app).await?;
    run(app, bus, listener, address, ending).await
}

async fn run(
    app: App,
    bus: Bus,
    listener: TcpListener,
    address: SocketAddr,
    ending: CancellationToken,
) -> Result<()> {
    let mut parts = JoinSet::new();
    parts.spawn(OutboxRelay::new(app.clone()).run(ending.clone()));
    parts.spawn(Receiver::new(app.clone()).run(ending.clone()));
    parts.spawn(retention::run(app.clone(), ending.clone()));
    // Before anybody can begin anything: what is under way now was broken off.
    let unfinished = provisioning::unfinished(&app).await?;
    parts.spawn({
        let (app, ending) = (app.clone(), ending.clone());
        async move {
            broken_off::run(app, unfinished, ending.clone()).await;
            ending.cancelled().await;
        }
    });
    let routes = router::router(app.clone()).merge(bus.routes());
    tracing::info!("listening on {address}");
    let server = axum::serve(listener, routes.into_make_service())
        .with_graceful_shutdown(ending.clone().cancelled_owned());
    let server = async { server.await.context("serve") };
    let patience = async {
        ending.cancelled().await;
        bus.close();
        tokio::time::sleep(lifecycle::PATIENCE).await;
    };
    // Streams of events would go on for as long as somebody listens.
    tokio::select! {
        biased;
        () = patience => tracing::info!("some connections did not end by themselves"),
        outcome = server => outcome?,
        // Who goes on without one of them takes what it never delivers; whoever started this starts it again.
        ended = failed(&mut parts, &ending) => return Err(ended),
    }
    if tokio::time::timeout(lifecycle::PATIENCE, async { while parts.join_next().await.is_some() {} })
        .await
        .is_err()
    {
        tracing::warn!("some work did not end by itself");
    }
    app.store().close().await;
    tracing::info!("ended");
    Ok(())
}

/// Waits for a part that ends although nobody asked it to.
async fn failed(parts: &mut JoinSet<()>, ending: &CancellationToken) -> anyhow::Error {
    let outcome = parts.join_next().await;
    if ending.is_cancelled() {
        return std::future::pending().await;
    }
    match outcome {
        Some(Err(error)) => anyhow::Error::new(error).context("a part of the orchestrator has failed"),
        _ => anyhow::anyhow!("a part of the orchestrator has ended by itself"),
    }
}

/// Whoever had a session with an earlier process has none now, unless a broker keeps it.
async fn forget_sessions(app: &App) -> Result<()> {
    if app.bus().keeps_frames() {
        return Ok(());
    }
    let mut work = app.begin(Actor::System).await?;
    work.tx().all_agents_down().await?;
    Ok(work.commit().await?)
}

/// Either bus, with what only it has.
enum Bus {
    Websocket { routes: Router, server: Arc<Server> },
    Amqp(Arc<amqp::Orchestrator>),
}

impl Bus {
    async fn open(config: &Config, admission: Arc<dyn Authenticator>) -> Result<Self> {
        match config.bus.kind {
            BusKind::Websocket => {
                let (routes, server) = Server::new(admission);
                Ok(Self::Websocket { routes, server })
            }
            BusKind::Amqp => {
                let connected =
                    amqp::Orchestrator::connect(config.bus.url.reveal(), admission, amqp::Options::default());
                Ok(Self::Amqp(connected.await.context("connect to the broker")?))
            }
        }
    }

    fn bus(&self) -> Arc<dyn OrchestratorBus> {
        match self {
            Self::Websocket { server, .. } => Arc::<Server>::clone(server),
            Self::Amqp(bus) => Arc::<amqp::Orchestrator>::clone(bus),
        }
    }

    fn routes(&self) -> Router {
        match self {
            Self::Websocket { routes, .. } => routes.clone(),
            Self::Amqp(_) => Router::new(),
        }
    }

    fn close(&self) {
        match self {
            Self::Websocket { server, .. } => server.close(),
            Self::Amqp(bus) => bus.close(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_ends_by_itself_ends_the_whole() {
        let ending = CancellationToken::new();
        let mut parts = JoinSet::new();
        parts.spawn(std::future::pending());
        parts.spawn(async {});
        let error = failed(&mut parts, &ending).await;
        assert_eq!(error.to_string(), "a part of the orchestrator has ended by itself");
        parts.spawn(async { panic!("a fault") });
        let error = failed(&mut parts, &ending).await;
        assert!(format!("{error:#}").starts_with("a part of the orchestrator has failed: "), "{error:#}");
    }
}
