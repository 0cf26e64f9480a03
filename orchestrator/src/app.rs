//! What requests, agents' messages and jobs have in common.

use std::fmt;
use std::sync::Arc;

use hostwright_bus::OrchestratorBus;
use hostwright_model::clock::Clock;
use hostwright_model::event::Actor;
use hostwright_model::ids::AgentId;
use hostwright_protocol::keys::OrchestratorKeys;
use hostwright_store::Store;
use tokio::sync::watch;

use crate::agents::PlanRequests;
use crate::config::{BusKind, Config};
use crate::drivers::Drivers;
use crate::jobs::{Publisher, RelayHandle};
use crate::operations::{OperationError, Work};
use crate::passwords::Passwords;
use crate::registry::TrustedKeys;

/// Everything that requests, agents' messages and jobs have in common. Cloning is cheap.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// What an [`App`] is made of.
pub struct Parts {
    /// What is written in the file and around it.
    pub config: Config,
    /// The truth.
    pub store: Store,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What signs for this orchestrator.
    pub keys: Arc<OrchestratorKeys>,
    /// What carries frames. Only the relay and the agents' receiver publish.
    pub bus: Arc<dyn OrchestratorBus>,
    /// Where the making of machines is delegated to.
    pub drivers: Drivers,
    /// Whose plugins are trusted.
    pub trusted_keys: TrustedKeys,
}

struct Inner {
    parts: Parts,
    plans: PlanRequests,
    relay: RelayHandle,
    publisher: Publisher,
    passwords: Passwords,
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let publisher = Publisher::new(parts.bus.clone(), parts.keys.clone(), parts.clock.clone());
        Self(Arc::new(Inner {
            parts,
            publisher,
            plans: PlanRequests::default(),
            relay: RelayHandle::default(),
            passwords: Passwords::default(),
        }))
    }

    /// Begins a unit of work for somebody.
    pub async fn begin(&self, actor: Actor) -> Result<Work, OperationError> {
        Work::begin(self.clone(), actor).await
    }

    /// Begins a unit of work that only looks; it waits for nobody.
    pub async fn look(&self, actor: Actor) -> Result<Work, OperationError> {
        Work::look(self.clone(), actor).await
    }

    /// Returns what is written in the file and around it.
    pub fn config(&self) -> &Config {
        &self.0.parts.config
    }

    /// Returns the truth.
    pub fn store(&self) -> &Store {
        &self.0.parts.store
    }

    /// Returns what tells the time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.parts.clock
    }

    /// Returns what recognises passwords.
    pub fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    /// Returns a number that rises with every commit here that recorded something: whoever waits for something looks again
    /// when it does. What another orchestrator on the same database committed does not show; look now and then as well.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.0.parts.store.commits()
    }

    /// Returns where agents find the bus. A broker's address is told without the user and password of this program: an
    /// agent brings its own.
    pub fn bus_address(&self) -> String {
        let Config { public_url, bus, .. } = self.config();
        match bus.kind {
            BusKind::Websocket => {
                let rest = public_url.strip_prefix("http").unwrap_or(public_url);
                format!("ws{}/bus/v1", rest.trim_end_matches('/'))
            }
            BusKind::Amqp => match bus.url.reveal().split_once("://") {
                Some((scheme, rest)) => {
                    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
                    format!("{scheme}://{place}")
                }
                None => String::new(),
            },
        }
    }

    pub(crate) fn keys(&self) -> &Arc<OrchestratorKeys> {
        &self.0.parts.keys
    }

    pub(crate) fn bus(&self) -> &Arc<dyn OrchestratorBus> {
        &self.0.parts.bus
    }

    pub(crate) fn publisher(&self) -> &Publisher {
        &self.0.publisher
    }

    pub(crate) fn drivers(&self) -> &Drivers {
        &self.0.parts.drivers
    }

    pub(crate) fn trusted_keys(&self) -> &TrustedKeys {
        &self.0.parts.trusted_keys
    }

    pub(crate) fn plans(&self) -> &PlanRequests {
        &self.0.plans
    }

    pub(crate) fn relay(&self) -> &RelayHandle {
        &self.0.relay
    }

    pub(crate) fn committed(&self, to_wake: &[AgentId], to_dismiss: &[AgentId]) {
        for agent in to_wake {
            self.0.relay.wake(*agent);
        }
        for agent in to_dismiss {
            self.0.relay.dismissed(*agent);
        }
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}
