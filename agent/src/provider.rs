//! What the reconciler knows of providers: plain data in, plain data out.
//!
//! Whoever realises a collection stands behind [`Provider`]: a component in the runtime, or a fake in a test. What
//! reads cannot change anything, by its signature: only what changes takes the name under which its programs run.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use hostwright_runtime::CallError;
pub(crate) use hostwright_runtime::provider::{
    Desired, Difference, Extent, Observation, Outcome, ProviderError, State, Value, Watch,
};

/// Why a provider did not do it. The message is complete: it is what a person reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// It refused before doing anything: bad attributes, not supported.
    #[error("{0}")]
    Refused(String),
    /// It was not let do something; what it did before that may have had an effect.
    #[error("{0}")]
    Denied(String),
    /// Somebody else holds a lock; trying later may work.
    #[error("{0}")]
    Busy(String),
    /// It tried and failed.
    #[error("{0}")]
    Failed(String),
    /// The component trapped, broke a limit or cannot be loaded; names plugin and version.
    #[error("{0}")]
    Broken(String),
}

impl Error {
    /// Says it for a task that failed: what a plugin was not let do, it did by its own choice, so it is named.
    pub(crate) fn told_of(&self, plugin: &PluginVersion) -> String {
        match self {
            Self::Denied(denied) => format!("plugin {plugin}: {denied}"),
            other => other.to_string(),
        }
    }
}

impl From<ProviderError> for Error {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Busy(who) => Self::Busy(who),
            ProviderError::Failed { message, command, status, output } => {
                Self::Failed(in_full(message, command.as_deref(), status, output.as_deref()))
            }
            refusal @ (ProviderError::Invalid { .. } | ProviderError::Unsupported(_)) => {
                Self::Refused(refusal.to_string())
            }
            denied @ ProviderError::Denied { .. } => Self::Denied(denied.to_string()),
        }
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(error) => error.into(),
            broken => Self::Broken(broken.to_string()),
        }
    }
}

fn in_full(message: String, command: Option<&str>, status: Option<i32>, output: Option<&str>) -> String {
    let mut text = message;
    if let Some(command) = command {
        text.push_str(&format!(": `{command}`"));
    }
    if let Some(status) = status {
        text.push_str(&format!(" ended with status {status}"));
    }
    if let Some(output) = output.map(str::trim).filter(|output| !output.is_empty()) {
        text.push_str(&format!(":\n{output}"));
    }
    text
}

/// Which plugin, in which version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PluginVersion {
    /// `publisher/name`.
    pub(crate) plugin: String,
    /// Of the plugin.
    pub(crate) version: String,
}

impl fmt::Display for PluginVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.plugin, self.version)
    }
}

/// One collection on this machine. Batches are answered by position.
#[async_trait]
pub(crate) trait Provider: Send + Sync {
    /// Returns who this is.
    fn plugin(&self) -> &PluginVersion;
    /// Returns where resources of the collection stand in a change; lower comes first.
    fn rank(&self) -> u32;
    /// Reads resources.
    async fn read(&self, ids: &[String]) -> Result<Vec<Observation>, Error>;
    /// Tells what differs.
    async fn diff(&self, desired: &[Desired], observed: &[Observation]) -> Result<Vec<Difference>, Error>;
    /// Tells what will be observed once applied.
    async fn planned(&self, desired: &[Desired], observed: &[Observation])
    -> Result<Vec<Observation>, Error>;
    /// Reads and tells what differs, in one crossing.
    async fn check(&self, desired: &[Desired]) -> Result<Vec<Difference>, Error>;
    /// Tells which paths to watch.
    async fn watches(&self, ids: &[String]) -> Result<Vec<Watch>, Error>;
    /// Brings resources into the desired state.
    async fn apply(
        &self,
        run: &str,
        desired: &[Desired],
        observed: &[Observation],
    ) -> Result<Vec<Result<Outcome, Error>>, Error>;
    /// Removes resources.
    async fn remove(&self, run: &str, ids: &[String]) -> Result<Vec<Result<Outcome, Error>>, Error>;
    /// Does something that is not a state.
    async fn perform(&self, run: &str, id: &str, action: &str, attributes: &str) -> Result<Outcome, Error>;
}

/// The providers that serve this machine at one moment. A change keeps the set with which it began.
#[derive(Clone, Default)]
pub(crate) struct ProviderSet {
    providers: BTreeMap<String, Arc<dyn Provider>>,
    gaps: BTreeMap<String, String>,
}

impl ProviderSet {
    /// Adds the provider of a collection.
    pub(crate) fn insert(&mut self, collection: &str, provider: Arc<dyn Provider>) {
        self.gaps.remove(collection);
        self.providers.insert(collection.to_owned(), provider);
    }

    /// Says why a collection has no provider.
    pub(crate) fn insert_gap(&mut self, collection: &str, reason: String) {
        if !self.providers.contains_key(collection) {
            self.gaps.insert(collection.to_owned(), reason);
        }
    }

    /// Returns the provider of a collection, or why there is none.
    pub(crate) fn get(&self, collection: &str) -> Result<Arc<dyn Provider>, Error> {
        self.providers.get(collection).cloned().ok_or_else(|| {
            let reason = self.gaps.get(collection).map_or("no active plugin provides it", String::as_str);
            Error::Refused(format!("no provider of `{collection}` serves this machine: {reason}"))
        })
    }
}

impl fmt::Debug for ProviderSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let providers = self.providers.iter().map(|(collection, provider)| (collection, provider.plugin()));
        f.debug_map().entries(providers).finish()
    }
}
