//! A loaded provider.

use std::sync::Arc;

use hostwright_manifest::{ComponentDigest, Grants, Kind, Manifest};

use super::answers::{check_count, check_description, check_difference, check_observation, check_watch};
use super::types::{
    Description, Desired, Difference, Listed, Observation, Outcome, ProviderError, Support, Watch,
};
use crate::api::{self, ProviderApi};
use crate::call::{Call, CallError, Mode};
use crate::host::Host;
use crate::loader::{LoadError, Proven};
use crate::machine::Facts;
use crate::plugin::Plugin;
use crate::runtime::Inner;
use crate::usage::Usage;

/// A loaded provider. Each call gets a fresh instance; calls may run side by side.
///
/// It may be replaced while calls are under way: they hold it and end on it, and it goes with the last of them.
///
/// Functions that only look or compute are called in [`Mode::Plan`] whatever the call says, so that a provider that
/// changes something in its `read` finds the host functions for it withheld.
pub struct Provider {
    plugin: Plugin<dyn ProviderApi>,
    description: Description,
}

impl Provider {
    pub(crate) async fn start(
        runtime: Arc<Inner>,
        proven: Proven,
        granted: &Grants,
        host: Arc<Host>,
    ) -> Result<Self, LoadError> {
        let (name, version) = (proven.manifest.id.to_string(), proven.manifest.version.to_string());
        let api = proven.manifest.api.clone();
        let plugin = Plugin::link(runtime, proven, granted, host, api::provider).map_err(|error| {
            LoadError::Misfit {
                plugin: name.clone(),
                version: version.clone(),
                api,
                reason: format!("{error:#}"),
            }
        })?;
        let description = describe(&plugin).await.map_err(|error| LoadError::Start {
            plugin: name.clone(),
            version: version.clone(),
            source: Box::new(error),
        })?;
        check_description(&description).map_err(|reason| LoadError::Description {
            plugin: name.clone(),
            version: version.clone(),
            reason,
        })?;
        let provider = Self { plugin, description };
        if provider.description.collection != provider.collection() {
            return Err(LoadError::Impostor {
                plugin: name,
                version,
                described: provider.description.collection.clone(),
                declared: provider.collection().to_owned(),
            });
        }
        Ok(provider)
    }

    /// Returns what the provider says of itself, as it said when it was loaded.
    pub fn describe(&self) -> &Description {
        &self.description
    }

    /// Returns the manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.plugin.manifest
    }

    /// Returns `publisher/name`.
    pub fn plugin(&self) -> &str {
        &self.plugin.identity.plugin
    }

    /// Returns the plugin's version.
    pub fn version(&self) -> &str {
        &self.plugin.identity.version
    }

    /// Returns the digest of the component.
    pub fn digest(&self) -> ComponentDigest {
        self.plugin.digest
    }

    /// Returns the collection that it serves.
    pub fn collection(&self) -> &str {
        match &self.plugin.manifest.kind {
            Kind::Provider { collection } => collection,
            // The loader refuses drivers here.
            Kind::Driver { platform } => platform,
        }
    }

    /// Returns what its calls took so far.
    pub fn usage(&self) -> Usage {
        self.plugin.usage()
    }

    /// Gives the memory of its code back. The next call brings it back from the cache.
    pub fn evict(&self) {
        self.plugin.evict();
    }

    /// Returns whether its code is in memory.
    pub fn is_loaded(&self) -> bool {
        self.plugin.is_loaded()
    }

    /// Asks whether it can serve this machine.
    pub async fn supports(&self, call: &Call, facts: &Facts) -> Result<Support, CallError> {
        let (api, mut store, calling) = self.plugin.begin(&looking(call), "supports").await?;
        calling
            .end(Box::pin(
                async move { api.instantiate(&mut store).await?.supports(&mut store, facts).await },
            ))
            .await
    }

    /// Looks at resources; answers by position.
    pub async fn read(&self, call: &Call, ids: &[String]) -> Result<Vec<Observation>, CallError> {
        let (api, mut store, calling) = self.plugin.begin(&looking(call), "read").await?;
        let observations = calling
            .end(Box::pin(async move { api.instantiate(&mut store).await?.read(&mut store, ids).await }))
            .await?
            .map_err(CallError::Refused)?;
        self.sensible("read", || {
            check_count(observations.len(), ids.len())?;
            observations.iter().try_for_each(check_observation)
        })?;
        Ok(observations)
    }

    /// Lists what is on the machine.
    pub async fn list(&self, call: &Call, filter: Option<&str>) -> Result<Vec<Listed>, CallError> {
        let (api, mut store, calling) = self.plugin.begin(&looking(call), "list").await?;
        let listed = calling
            .end(Box::pin(async move { api.instantiate(&mut store).await?.list(&mut store, filter).await }))
            .await?
            .map_err(CallError::Refused)?;
        self.sensible("list", || listed.iter().try_for_each(|found| check_observation(&found.observation)))?;
        Ok(listed)
    }

    /// Says what differs.
    pub async fn diff(
        &self,
        call: &Call,
        desired: &[Desired],
        observed: &[Observation],
    ) -> Result<Vec<Difference>, CallError> {
        let (api, mut store, calling) = self.plugin.begin(&looking(call), "diff").await?;
        let differences = calling
            .end(Box::pin(async move {
                api.instantiate(&mut store).await?.diff(&mut store, desired, observed).await
            }))
            .await?
            .map_err(CallError::Refused)?;
        self.within("diff", differences, desired.len())
    }

    /// Says what will be observed once applied; answers by position.
    pub async fn planned(
        &self,
        call: &Call,
        desired: &[Desired],
        observed: &[Observation],
    ) -> Result<Vec<Observation>, CallError> {
        let (api, mut store, calling) = self.plugin.begin(&looking(call), "planned").await?;
        let planned = calling
            .end(Box::pin(async move {
                api.instantiate(&mut store).await?.planned(&mut store, desired, observed).await
            }))
            .await?
            .map_err(CallError::Refused)?;
        self.sensible("planned", || {
            check_count(planned.len(), desired.len())?;
            planned.iter().try_for_each(check_observation)
        })?;
        Ok(planned)
    }

    /// Looks and says what differs, in one crossing.
    pub async fn check(&self, call: &Call, desired: &[Desired]) -> Result<Vec<Difference>, CallError> {
        let (api, mut store, calling) = self.plugin.begin(&looking(call), "check").await?;
        let differences = calling
            .end(Box::pin(async move { api.instantiate(&mut store).await?.check(&mut store, desired).await }))
            .await?
            .map_err(CallError::Refused)?;
        self.within("check", differences, desired.len())
    }

    /// Brings resources into the desired state; answers by position.
    pub async fn apply(
        &self,
        call: &Call,
        desired: &[Desired],
        observed: &[Observation],
    ) -> Result<Vec<Result<Outcome, ProviderError>>, CallError> {
        let (api, mut store, calling) = self.plugin.begin(call, "apply").await?;
        let outcomes = calling
            .end(Box::pin(async move {
                api.instantiate(&mut store).await?.apply(&mut store, desired, observed).await
            }))
            .await?;
        self.sensible("apply", || check_count(outcomes.len(), desired.len()))?;
        Ok(outcomes)
    }

    /// Removes resources; answers by position.
    pub async fn remove(
        &self,
        call: &Call,
        ids: &[String],
    ) -> Result<Vec<Result<Outcome, ProviderError>>, CallError> {
        let (api, mut store, calling) = self.plugin.begin(call, "remove").await?;
        let outcomes = calling
            .end(Box::pin(async move { api.instantiate(&mut store).await?.remove(&mut store, ids).await }))
            .await?;
        self.sensible("remove", || check_count(outcomes.len(), ids.len()))?;
        Ok(outcomes)
    }

    /// Does something that is not a state.
    pub async fn perform(
        &self,
        call: &Call,
        id: &str,
        action: &str,
        attributes: &str,
    ) -> Result<Outcome, CallError> {
        let (api, mut store, calling) = self.plugin.begin(call, "perform").await?;
        calling
            .end(Box::pin(async move {
                api.instantiate(&mut store).await?.perform(&mut store, id, action, attributes).await
            }))
            .await?
            .map_err(CallError::Refused)
    }

    /// Names paths whose change may mean drift.
    pub async fn watches(&self, call: &Call, ids: &[String]) -> Result<Vec<Watch>, CallError> {
        let (api, mut store, calling) = self.plugin.begin(&looking(call), "watches").await?;
        let watches = calling
            .end(Box::pin(async move { api.instantiate(&mut store).await?.watches(&mut store, ids).await }))
            .await?
            .map_err(CallError::Refused)?;
        self.sensible("watches", || watches.iter().try_for_each(|watch| check_watch(watch, ids.len())))?;
        Ok(watches)
    }

    fn within(
        &self,
        function: &'static str,
        differences: Vec<Difference>,
        count: usize,
    ) -> Result<Vec<Difference>, CallError> {
        self.sensible(function, || {
            differences.iter().try_for_each(|difference| check_difference(difference, count))
        })?;
        Ok(differences)
    }

    fn sensible(
        &self,
        function: &'static str,
        check: impl FnOnce() -> Result<(), String>,
    ) -> Result<(), CallError> {
        check().map_err(|reason| self.plugin.misbehaved(function, reason))
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Provider")
            .field("plugin", &self.plugin())
            .field("version", &self.version())
            .field("collection", &self.collection())
            .finish_non_exhaustive()
    }
}

/// The call as one that changes nothing.
fn looking(call: &Call) -> Call {
    Call { mode: Mode::Plan, ..call.clone() }
}

async fn describe(plugin: &Plugin<dyn ProviderApi>) -> Result<Description, CallError> {
    let (api, mut store, calling) = plugin.begin(&Call::plan(), "describe").await?;
    calling.end(Box::pin(async move { api.instantiate(&mut store).await?.describe(&mut store).await })).await
}
