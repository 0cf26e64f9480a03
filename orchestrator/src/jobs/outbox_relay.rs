//! Sends what is in the outbox: one lane for each agent that is connected here, under a lease.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use hostwright_bus::Route;
use hostwright_bus::lane::{self, Backlog, Lane};
use hostwright_protocol::envelope::Identity;
use hostwright_protocol::ids::AgentId;
use hostwright_protocol::messages::HighWater;
use hostwright_store::Lease;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::lane_backlog::LaneBacklog;
use super::relay_handle::Signal;
use crate::app::App;

/// How long the right to send to an agent lasts without being renewed.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How often it is renewed, and is looked whether something waits that nobody has told of.
const PULSE: Duration = Duration::from_secs(15);
/// How many agents that have something to get are looked for at once.
const AT_ONCE: u32 = 1_000;

/// Sends what is in the outbox.
pub struct OutboxRelay {
    app: App,
    /// Names this process among those on the same database.
    holder: Uuid,
    lanes: HashMap<AgentId, Running>,
    tasks: TaskTracker,
}

struct Running {
    handle: lane::Handle,
    backlog: Arc<LaneBacklog>,
    stop: CancellationToken,
}

/// Why the relay was woken.
enum Cause {
    Signal(Signal),
    Pulse,
}

impl OutboxRelay {
    /// Prepares; nothing is sent before [`OutboxRelay::run`].
    pub fn new(app: App) -> Self {
        let holder = uuid::Builder::from_random_bytes(rand::random()).into_uuid();
        Self { app, holder, lanes: HashMap::new(), tasks: TaskTracker::new() }
    }

    /// Sends until it is told to stop.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let Some(mut signals) = self.app.relay().signals() else {
            tracing::error!("there is a relay already: this one does nothing");
            return;
        };
        let mut pulse = tokio::time::interval(PULSE);
        pulse.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            // All arms are cancel-safe.
            let cause = tokio::select! {
                () = shutdown.cancelled() => break,
                signal = signals.recv() => match signal {
                    Some(signal) => Cause::Signal(signal),
                    None => break,
                },
                _ = pulse.tick() => Cause::Pulse,
            };
            match cause {
                Cause::Signal(signal) => self.heed(signal).await,
                Cause::Pulse => {
                    self.renew_leases().await;
                    self.open_waiting().await;
                }
            }
        }
        for running in self.lanes.values() {
            running.stop.cancel();
        }
        self.tasks.close();
        self.tasks.wait().await;
        // Who comes next need not wait until they have run out.
        if let Err(error) = self.prolong(self.app.clock().now()).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the leases of lanes cannot be given back"
            );
        }
    }

    async fn heed(&mut self, signal: Signal) {
        match signal {
            Signal::Wake(agent) => match self.lanes.get(&agent) {
                Some(running) => running.handle.wake(),
                None => self.open(agent).await,
            },
            Signal::Receipted(agent, place) => {
                if let Some(running) = self.lanes.get(&agent) {
                    running.handle.receipted(place);
                }
            }
            Signal::Disconnected(agent) => self.stop(agent),
            Signal::Dismissed(agent) => self.dismiss(agent),
            Signal::Connected(agent, receipted) => {
                // The newest session wins, also over an older one here.
                self.stop(agent.agent);
                match self.lease(agent.agent).await {
                    Ok(Some(lease)) => self.start(agent, lease, receipted),
                    Ok(None) => {}
                    Err(error) => {
                        tracing::warn!(agent.id = %agent.agent, error = &error as &dyn std::error::Error, "the lane of agent {} cannot be leased", agent.agent);
                        self.try_again(Signal::Connected(agent, receipted));
                    }
                }
            }
        }
    }

    fn start(&mut self, agent: Identity, lease: Lease, receipted: HighWater) {
        let backlog = Arc::new(LaneBacklog::new(self.app.clone(), agent, lease));
        let publisher = self.app.publisher();
        let options = lane::Options { receipted, ..lane::Options::for_bus(publisher.bus()) };
        let (lane, handle) =
            Lane::new(backlog.clone() as Arc<dyn Backlog>, publisher.outlet(agent.agent), options);
        let stop = CancellationToken::new();
        self.tasks.spawn(lane.run(stop.clone()));
        self.lanes.insert(agent.agent, Running { handle, backlog, stop });
    }

    fn stop(&mut self, agent: AgentId) {
        if let Some(running) = self.lanes.remove(&agent) {
            running.stop.cancel();
        }
    }

    fn dismiss(&mut self, agent: AgentId) {
        self.stop(agent);
        let bus = self.app.bus().clone();
        self.tasks.spawn(async move {
            if let Err(error) = bus.disconnect(&Route::Agent(agent)).await {
                tracing::warn!(agent.id = %agent, "the session of agent {agent}, which is revoked, could not be ended: {error}");
            }
        });
    }

    async fn lease(&self, agent: AgentId) -> Result<Option<Lease>, hostwright_store::Error> {
        let mut tx = self.app.store().begin().await?;
        let lease = tx.lease_lane(agent, self.holder, self.app.clock().now() + LEASE).await?;
        tx.commit().await?;
        Ok(lease)
    }

    /// The database is away for a moment; the agent would wait for its next session otherwise.
    fn try_again(&self, signal: Signal) {
        let relay = self.app.relay().clone();
        self.tasks.spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            relay.tell(signal);
        });
    }

    /// All at once: with thousands of agents, one by one would take longer than leases last.
    async fn renew_leases(&mut self) {
        let held = match self.prolong(self.app.clock().now() + LEASE).await {
            Ok(held) => held,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the leases of lanes cannot be renewed"
                );
                return;
            }
        };
        let agents: Vec<AgentId> = self.lanes.keys().copied().collect();
        for agent in agents {
            let Some(running) = self.lanes.get(&agent) else { continue };
            match held.get(&agent) {
                // Only the fence counts here: one that has run out while this process was stopped is taken again, unless
                // somebody else has it.
                Some(lease) if lease.fence == running.backlog.lease().fence => {
                    running.backlog.renew(*lease);
                    running.handle.wake();
                }
                _ if self.is_trusted(agent).await => {
                    tracing::info!(agent.id = %agent, "somebody else sends to agent {agent} now");
                    self.stop(agent);
                }
                // Revoked by another orchestrator; the session is here.
                _ => self.dismiss(agent),
            }
        }
    }

    async fn prolong(
        &self,
        until: DateTime<Utc>,
    ) -> Result<HashMap<AgentId, Lease>, hostwright_store::Error> {
        let mut tx = self.app.store().begin().await?;
        let held = tx.prolong_leases(self.holder, until).await?;
        tx.commit().await?;
        Ok(held.into_iter().map(|lease| (lease.agent, lease)).collect())
    }

    /// A broker keeps sessions while orchestrators come and go, and nobody greets again: who has something to get, gets it
    /// from whoever is there.
    async fn open_waiting(&mut self) {
        if !self.app.bus().keeps_frames() {
            return;
        }
        let waiting = async { self.app.store().read().await?.agents_with_messages(AT_ONCE).await };
        let waiting = waiting.await.unwrap_or_else(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "the outbox cannot be looked into");
            Vec::new()
        });
        for agent in waiting {
            self.open(agent).await;
        }
    }

    /// Opens the lane of an agent that has not greeted this process, if nobody else has it.
    async fn open(&mut self, agent: AgentId) {
        if self.lanes.contains_key(&agent) || !self.app.bus().keeps_frames() {
            return;
        }
        let opened = async {
            let mut tx = self.app.store().begin().await?;
            let Some(known) = tx.agent_by_id(agent).await?.filter(hostwright_model::agent::Agent::is_trusted)
            else {
                return Ok(None);
            };
            let now = self.app.clock().now();
            let lease = tx.lease_free_lane(agent, self.holder, now, now + LEASE).await?;
            tx.commit().await?;
            Ok::<_, hostwright_store::Error>(lease.map(|lease| (known, lease)))
        };
        match opened.await {
            Ok(Some((known, lease))) => {
                let identity = Identity { organization: known.organization, agent };
                self.start(identity, lease, known.lanes.receipted);
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(agent.id = %agent, error = &error as &dyn std::error::Error, "the lane of agent {agent} cannot be opened");
            }
        }
    }

    /// In doubt it is: what comes from it is looked at again anyway.
    async fn is_trusted(&self, agent: AgentId) -> bool {
        let look = async {
            let found = self.app.store().read().await?.agent_by_id(agent).await?;
            Ok::<_, hostwright_store::Error>(found.is_some_and(|agent| agent.is_trusted()))
        };
        look.await.unwrap_or(true)
    }
}
