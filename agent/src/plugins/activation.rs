//! The loop that settles activations, and the set that serves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use hostwright_protocol::messages::{
    Activation, ActivePlugin, HighWater, PluginReport, PluginState, ToAgent, ToOrchestrator,
};
use hostwright_runtime::machine::{Facts, Machine};
use tokio::sync::{Mutex, watch};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info, warn};

use super::choice::{Candidate, choose};
use super::plugin::{Loader, Plugin};
use crate::blobs::FetchBlobs;
use crate::facts;
use crate::ledger::{self, KeptPlugin, Ledger, Support};
use crate::lifecycle::Shutdown;
use crate::memory;
use crate::provider::ProviderSet;
use crate::status::PluginStatus;

/// How long the loop waits before it tries again what the ledger refused.
const RETRY: Duration = Duration::from_secs(10);

/// What the component works with.
pub(crate) struct Options {
    /// Where activations come from and are kept.
    pub(crate) ledger: Ledger,
    /// Makes components into providers.
    pub(crate) loader: Arc<Loader>,
    /// Gets components that are missing.
    pub(crate) fetch: Arc<dyn FetchBlobs>,
    /// Asked what it is, for `supports`.
    pub(crate) machine: Arc<dyn Machine>,
    /// Where the set that serves is put.
    pub(crate) providers: Arc<ArcSwap<ProviderSet>>,
    /// Told when it changed, and when an activation was settled.
    pub(crate) changed: Arc<watch::Sender<u64>>,
    /// A plugin not called for this time leaves the memory.
    pub(crate) idle: Duration,
}

/// The plugins of this machine.
pub(crate) struct Plugins {
    options: Options,
    active: Arc<Mutex<Vec<Active>>>,
}

/// Tells how plugins stand. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Handle {
    active: Arc<Mutex<Vec<Active>>>,
}

#[derive(Clone)]
struct Active {
    plugin: Arc<Plugin>,
    is_serving: bool,
}

impl Plugins {
    /// Takes up the activation that the ledger remembers; nothing is loaded by that.
    pub(crate) async fn load(options: Options) -> Result<(Self, Handle), ledger::Error> {
        let kept = options.ledger.begin().await?.kept_plugins().await?;
        let active: Vec<Active> = kept
            .into_iter()
            .map(|KeptPlugin { statement, proven, is_serving }| Active {
                plugin: Arc::new(Plugin::new(options.loader.clone(), statement, proven)),
                is_serving,
            })
            .collect();
        options.providers.store(Arc::new(provider_set(&active)));
        let active = Arc::new(Mutex::new(active));
        let handle = Handle { active: active.clone() };
        Ok((Self { options, active }, handle))
    }

    /// Runs until it is asked to end.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let mut arrivals = self.options.ledger.arrivals();
        let mut eviction = interval(self.options.idle.max(Duration::from_secs(1)));
        eviction.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            arrivals.mark_unchanged();
            let settled = tokio::select! {
                settled = self.settle_all() => settled,
                () = shutdown.asked() => return,
            };
            if let Err(error) = &settled {
                error!(error = error as &dyn std::error::Error, "plugins cannot be activated");
            }
            // Every arm is cancel-safe: each only waits.
            tokio::select! {
                () = shutdown.asked() => return,
                Ok(()) = arrivals.changed() => {}
                _ = eviction.tick() => {
                    let mut was_busy = false;
                    for active in self.active.lock().await.clone() {
                        was_busy |= active.plugin.evict_if_idle(self.options.idle).await;
                    }
                    if was_busy {
                        memory::give_back();
                    }
                }
                () = tokio::time::sleep(RETRY), if settled.is_err() => {}
            }
        }
    }

    /// Settles every activation that waits; of several only the last counts.
    async fn settle_all(&self) -> Result<(), ledger::Error> {
        loop {
            let waiting = self.options.ledger.begin().await?.waiting_activations().await?;
            let Some((last, superseded)) = waiting.split_last() else { return Ok(()) };
            if !superseded.is_empty() {
                let mut tx = self.options.ledger.begin().await?;
                for earlier in superseded {
                    tx.settle(earlier.at).await?;
                }
                tx.commit().await?;
            }
            let ToAgent::Activation(activation) = &last.message else { return Ok(()) };
            // A component may take long to come; a newer activation need not wait for it.
            tokio::select! {
                settled = self.settle(activation, last.at) => settled?,
                () = self.newer_than(last.at) => {}
            }
        }
    }

    async fn newer_than(&self, at: HighWater) {
        let mut arrivals = self.options.ledger.arrivals();
        loop {
            let waiting = async { self.options.ledger.begin().await?.waiting_activations().await };
            if waiting.await.is_ok_and(|waiting| waiting.iter().any(|other| other.at > at)) {
                return;
            }
            if arrivals.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    async fn settle(&self, activation: &Activation, at: HighWater) -> Result<(), ledger::Error> {
        let in_force = self.options.ledger.begin().await?.activation_generation().await?;
        if activation.generation <= in_force {
            warn!(
                "an activation of generation {} came after one of {in_force}; it is refused",
                activation.generation
            );
            let error =
                format!("generation {} is not above {in_force}, which is in force", activation.generation);
            let mut tx = self.options.ledger.begin().await?;
            if activation.generation < in_force {
                for plugin in &activation.plugins {
                    let state = PluginState::Refused { error: error.clone() };
                    tx.report(&report(activation.generation, plugin, state)).await?;
                }
            }
            tx.settle(at).await?;
            tx.commit().await?;
            self.options.changed.send_modify(|count| *count += 1);
            return Ok(());
        }
        let before = self.active.lock().await.clone();
        let facts = facts::read(&*self.options.machine).await.unwrap_or_default();
        let mut reports = Vec::new();
        let mut proven = Vec::new();
        for statement in &activation.plugins {
            match self.prepare(statement, &before, &facts).await? {
                Ok(plugin) => proven.push(plugin),
                Err(error) => {
                    warn!(
                        plugin.name = statement.plugin,
                        "plugin {} {} is refused: {error}", statement.plugin, statement.version
                    );
                    reports.push(report(activation.generation, statement, PluginState::Refused { error }));
                }
            }
        }
        let (mut active, chosen) = choose_all(proven, &before);
        reports
            .extend(chosen.into_iter().map(|(plugin, state)| report(activation.generation, &plugin, state)));
        keep_what_serves(&mut active, &before, activation);

        let mut tx = self.options.ledger.begin().await?;
        let kept: Vec<KeptPlugin> =
            active.iter().map(|active| active.plugin.kept(active.is_serving)).collect();
        tx.activate(activation.generation, &kept).await?;
        for report in &reports {
            tx.report(report).await?;
        }
        tx.settle(at).await?;
        tx.commit().await?;
        self.options.providers.store(Arc::new(provider_set(&active)));
        *self.active.lock().await = active;
        self.options.changed.send_modify(|count| *count += 1);
        // To fetch, prove and compile is more than is done for long afterwards.
        memory::give_back();
        info!(
            plugin.count = kept.len(),
            "plugins of generation {} are active; {} serve this machine",
            activation.generation,
            kept.iter().filter(|kept| kept.is_serving).count()
        );
        Ok(())
    }

    /// Fetches and proves one plugin; what was proven before is not proven again.
    async fn prepare(
        &self,
        statement: &ActivePlugin,
        before: &[Active],
        facts: &Facts,
    ) -> Result<Result<Arc<Plugin>, String>, ledger::Error> {
        if let Some(known) = before.iter().find(|active| active.plugin.statement == *statement) {
            return Ok(Ok(known.plugin.clone()));
        }
        if let Err(error) = self.options.fetch.fetch(&statement.digest, statement.size).await {
            return Ok(Err(format!("the component {} is not to be had: {error}", statement.digest)));
        }
        let mut tx = self.options.ledger.begin().await?;
        tx.keep_blob(&statement.digest, statement.size).await?;
        tx.commit().await?;
        Ok(self.options.loader.prove(statement.clone(), facts).await.map(Arc::new))
    }
}

impl Handle {
    /// Returns how each plugin stands.
    pub(crate) async fn status(&self) -> Vec<PluginStatus> {
        let active = self.active.lock().await.clone();
        let mut status = Vec::with_capacity(active.len());
        for Active { plugin, is_serving } in active {
            status.push(plugin.status(is_serving).await);
        }
        status.sort_by(|one, other| (&one.collection, &one.plugin).cmp(&(&other.collection, &other.plugin)));
        status
    }
}

fn report(generation: u64, plugin: &ActivePlugin, state: PluginState) -> ToOrchestrator {
    ToOrchestrator::PluginReport(PluginReport {
        generation,
        plugin: plugin.plugin.clone(),
        digest: plugin.digest.clone(),
        state,
    })
}

type Chosen = Vec<(ActivePlugin, PluginState)>;

fn choose_all(proven: Vec<Arc<Plugin>>, before: &[Active]) -> (Vec<Active>, Chosen) {
    let mut by_collection: BTreeMap<String, Vec<Arc<Plugin>>> = BTreeMap::new();
    for plugin in proven {
        by_collection.entry(plugin.statement.collection.clone()).or_default().push(plugin);
    }
    let mut active = Vec::new();
    let mut chosen = Vec::new();
    for plugins in by_collection.into_values() {
        let candidates: Vec<Candidate<'_>> = plugins
            .iter()
            .map(|plugin| Candidate {
                plugin: &plugin.statement.plugin,
                support: &plugin.proven.support,
                publisher_key: &plugin.statement.publisher_key,
                is_serving: before.iter().any(|other| {
                    other.is_serving && other.plugin.statement.plugin == plugin.statement.plugin
                }),
            })
            .collect();
        let choices = choose(&candidates);
        for (plugin, choice) in plugins.iter().zip(choices) {
            let is_serving = choice.is_ok();
            let state = choice.map_or_else(|reason| PluginState::Idle { reason }, |()| PluginState::Active);
            chosen.push((plugin.statement.clone(), state));
            active.push(Active { plugin: plugin.clone(), is_serving });
        }
    }
    (active, chosen)
}

/// Where a collection is activated and none of its plugins can be used, the one that served goes on serving.
fn keep_what_serves(active: &mut Vec<Active>, before: &[Active], activation: &Activation) {
    let wanted: BTreeSet<&str> = activation.plugins.iter().map(|plugin| plugin.collection.as_str()).collect();
    for old in before.iter().filter(|old| old.is_serving) {
        let collection = old.plugin.statement.collection.as_str();
        let is_served =
            active.iter().any(|active| active.is_serving && active.plugin.statement.collection == collection);
        if wanted.contains(collection) && !is_served {
            active.retain(|active| active.plugin.statement.digest != old.plugin.statement.digest);
            active.push(old.clone());
        }
    }
}

fn provider_set(active: &[Active]) -> ProviderSet {
    let mut set = ProviderSet::default();
    for Active { plugin, .. } in active.iter().filter(|active| active.is_serving) {
        set.insert(&plugin.statement.collection, plugin.clone());
    }
    for Active { plugin, .. } in active.iter().filter(|active| !active.is_serving) {
        let reason = match &plugin.proven.support {
            Support::No { reason } => format!("{} cannot: {reason}", plugin.statement.plugin),
            Support::Yes { .. } => format!("{} is one of several that could", plugin.statement.plugin),
        };
        set.insert_gap(&plugin.statement.collection, reason);
    }
    set
}
