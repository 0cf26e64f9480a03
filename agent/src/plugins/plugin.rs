//! One active plugin: its component is loaded at the first call and again after it was evicted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use hostwright_manifest::digest;
use hostwright_manifest::signature::VerifyingKey;
use hostwright_protocol::messages::ActivePlugin;
use hostwright_runtime::usage::Usage;
use hostwright_runtime::{Call, CallError, Host, Runtime};
use tokio::time::Instant;
use tracing::debug;

use crate::blobs::BlobStore;
use crate::ledger::{KeptPlugin, Proven, Support};
use crate::provider::{
    Desired, Difference, Error, Observation, Outcome, PluginVersion, Provider, ProviderError, Watch,
};
use crate::reconciler::error_chain;
use crate::status::{PluginStatus, PluginUsage};

/// The most that a look at resources may take, programs that answer it included. While it lasts nothing else is done here.
const LOOKING: Duration = Duration::from_mins(15);
/// The most that a change may take: whole distributions are upgraded in less.
const CHANGING: Duration = Duration::from_hours(6);

/// Makes components into providers.
pub(crate) struct Loader {
    /// Runs them.
    pub(crate) runtime: Runtime,
    /// What they act on.
    pub(crate) host: Arc<Host>,
    /// Where their bytes are.
    pub(crate) blobs: Arc<BlobStore>,
}

impl Loader {
    /// Loads a component, checking that it is the one that was signed.
    pub(super) async fn load(
        &self,
        statement: &ActivePlugin,
    ) -> Result<Arc<hostwright_runtime::Provider>, String> {
        let component = self
            .blobs
            .read(&statement.digest)
            .map_err(|error| format!("the component {} cannot be read: {error}", statement.digest))?;
        let found = digest::of(&component).to_string();
        if found != statement.digest {
            return Err(format!(
                "the component has digest {found}, the activation says {}",
                statement.digest
            ));
        }
        VerifyingKey::parse(&statement.publisher_key)
            .and_then(|key| key.verify(&component, &statement.signature))
            .map_err(|error| format!("the publisher did not sign the component: {}", error_chain(&error)))?;
        self.runtime
            .load_provider(component.into(), &statement.grants, self.host.clone())
            .await
            .map_err(|error| error_chain(&error))
    }

    /// Loads a component for the first time and asks it what it is and whether it can serve the machine.
    pub(super) async fn prove(
        self: &Arc<Self>,
        statement: ActivePlugin,
        facts: &hostwright_runtime::machine::Facts,
    ) -> Result<Plugin, String> {
        let provider = self.load(&statement).await?;
        let (plugin, version) = (provider.plugin(), provider.version());
        if (plugin, version) != (&statement.plugin, &statement.version) {
            return Err(format!(
                "the component is {plugin} {version}, the activation says {} {}",
                statement.plugin, statement.version
            ));
        }
        let description = provider.describe();
        if description.collection != statement.collection {
            return Err(format!(
                "the component provides `{}`, the activation says `{}`",
                description.collection, statement.collection
            ));
        }
        let support = match provider.supports(&Call::plan(), facts).await {
            Ok(hostwright_runtime::provider::Support::Yes(priority)) => Support::Yes { priority },
            Ok(hostwright_runtime::provider::Support::No(reason)) => Support::No { reason },
            Err(error) => return Err(error_chain(&error)),
        };
        let proven = Proven {
            provider: description.provider.clone(),
            schema_version: description.schema_version,
            rank: description.rank,
            actions: description.actions.clone(),
            support,
        };
        let plugin = Plugin::new(self.clone(), statement, proven);
        *plugin.loaded.lock().await = Some(provider);
        Ok(plugin)
    }
}

/// One plugin of the activation in force.
pub(super) struct Plugin {
    pub(super) statement: ActivePlugin,
    pub(super) proven: Proven,
    name: PluginVersion,
    loader: Arc<Loader>,
    /// Nothing until the first call after a start of the agent.
    loaded: tokio::sync::Mutex<Option<Arc<hostwright_runtime::Provider>>>,
    used: Mutex<Instant>,
    traps: AtomicU64,
}

impl Plugin {
    pub(super) fn new(loader: Arc<Loader>, statement: ActivePlugin, proven: Proven) -> Self {
        let name = PluginVersion { plugin: statement.plugin.clone(), version: statement.version.clone() };
        Self {
            statement,
            proven,
            name,
            loader,
            loaded: tokio::sync::Mutex::new(None),
            used: Mutex::new(Instant::now()),
            traps: AtomicU64::new(0),
        }
    }

    pub(super) fn kept(&self, is_serving: bool) -> KeptPlugin {
        KeptPlugin { statement: self.statement.clone(), proven: self.proven.clone(), is_serving }
    }

    /// Drops the component's code from memory if it was not called for a while. Returns whether there was something to drop,
    /// now or later.
    pub(super) async fn evict_if_idle(&self, idle: Duration) -> bool {
        let used = *self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = self.loaded.lock().await;
        let Some(provider) = loaded.as_ref().filter(|provider| provider.is_loaded()) else { return false };
        if used.elapsed() >= idle {
            debug!(plugin.name = %self.name, "plugin {} was idle and leaves the memory", self.name);
            provider.evict();
        }
        true
    }

    pub(super) async fn status(&self, is_serving: bool) -> PluginStatus {
        let loaded = self.loaded.lock().await;
        let usage = loaded.as_ref().map(|provider| sum(&provider.usage())).unwrap_or_default();
        PluginStatus {
            plugin: self.statement.plugin.clone(),
            version: self.statement.version.clone(),
            collection: self.statement.collection.clone(),
            is_serving,
            is_loaded: loaded.as_ref().is_some_and(|provider| provider.is_loaded()),
            usage: PluginUsage { traps: self.traps.load(Ordering::Relaxed), ..usage },
        }
    }

    async fn provider(&self) -> Result<Arc<hostwright_runtime::Provider>, Error> {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        let mut loaded = self.loaded.lock().await;
        if let Some(provider) = &*loaded {
            return Ok(provider.clone());
        }
        let provider = self
            .loader
            .load(&self.statement)
            .await
            .map_err(|error| Error::Broken(format!("plugin {} cannot be loaded: {error}", self.name)))?;
        *loaded = Some(provider.clone());
        Ok(provider)
    }

    async fn note<T>(&self, answer: Result<T, CallError>) -> Result<T, Error> {
        match &answer {
            Ok(_) | Err(CallError::Refused(_)) => {}
            // Its machine code is gone from the cache; the next call makes it anew.
            Err(CallError::Gone { .. }) => *self.loaded.lock().await = None,
            Err(_) => {
                self.traps.fetch_add(1, Ordering::Relaxed);
            }
        }
        answer.map_err(Error::from)
    }
}

fn sum(usage: &Usage) -> PluginUsage {
    let is_changing = |function: &str| matches!(function, "apply" | "remove" | "perform");
    usage.iter().fold(PluginUsage::default(), |sum, (function, usage)| PluginUsage {
        calls: sum.calls + usage.calls,
        changing_calls: sum.changing_calls + if is_changing(function) { usage.calls } else { 0 },
        failures: sum.failures + usage.failures,
        traps: 0,
        host_calls: sum.host_calls + usage.host_calls,
        milliseconds: sum.milliseconds + u64::try_from(usage.wall.as_millis()).unwrap_or(u64::MAX),
        peak_memory_kib: sum.peak_memory_kib.max(usage.peak_memory_bytes / 1024),
    })
}

fn each(answers: Vec<Result<Outcome, ProviderError>>) -> Vec<Result<Outcome, Error>> {
    answers.into_iter().map(|answer| answer.map_err(Error::from)).collect()
}

#[async_trait]
impl Provider for Plugin {
    fn plugin(&self) -> &PluginVersion {
        &self.name
    }

    fn rank(&self) -> u32 {
        self.proven.rank
    }

    async fn read(&self, ids: &[String]) -> Result<Vec<Observation>, Error> {
        let provider = self.provider().await?;
        self.note(provider.read(&Call::plan().within(LOOKING), ids).await).await
    }

    async fn diff(&self, desired: &[Desired], observed: &[Observation]) -> Result<Vec<Difference>, Error> {
        let provider = self.provider().await?;
        self.note(provider.diff(&Call::plan().within(LOOKING), desired, observed).await).await
    }

    async fn planned(
        &self,
        desired: &[Desired],
        observed: &[Observation],
    ) -> Result<Vec<Observation>, Error> {
        let provider = self.provider().await?;
        self.note(provider.planned(&Call::plan().within(LOOKING), desired, observed).await).await
    }

    async fn check(&self, desired: &[Desired]) -> Result<Vec<Difference>, Error> {
        let provider = self.provider().await?;
        self.note(provider.check(&Call::plan().within(LOOKING), desired).await).await
    }

    async fn watches(&self, ids: &[String]) -> Result<Vec<Watch>, Error> {
        let provider = self.provider().await?;
        self.note(provider.watches(&Call::plan().within(LOOKING), ids).await).await
    }

    async fn apply(
        &self,
        run: &str,
        desired: &[Desired],
        observed: &[Observation],
    ) -> Result<Vec<Result<Outcome, Error>>, Error> {
        let provider = self.provider().await?;
        self.note(provider.apply(&Call::apply(run).within(CHANGING), desired, observed).await).await.map(each)
    }

    async fn remove(&self, run: &str, ids: &[String]) -> Result<Vec<Result<Outcome, Error>>, Error> {
        let provider = self.provider().await?;
        self.note(provider.remove(&Call::apply(run).within(CHANGING), ids).await).await.map(each)
    }

    async fn perform(&self, run: &str, id: &str, action: &str, attributes: &str) -> Result<Outcome, Error> {
        let provider = self.provider().await?;
        self.note(provider.perform(&Call::apply(run).within(CHANGING), id, action, attributes).await).await
    }
}
