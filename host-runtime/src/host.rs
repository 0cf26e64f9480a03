//! What host functions lean on: the machine, and the few things of the host that a plugin may refer to.

use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::machine::Machine;

/// Everything behind the host functions of one plugin.
#[derive(Clone)]
pub struct Host {
    /// What is acted on.
    pub machine: Arc<dyn Machine>,
    /// Content that resources refer to.
    pub blobs: Arc<dyn Blobs>,
    /// Secret values that resources refer to.
    pub secrets: Arc<dyn Secrets>,
    /// Scripts that signed changes delivered.
    pub scripts: Arc<dyn DeliveredScripts>,
    /// Where plugins' lines go.
    pub log: Arc<dyn PluginLog>,
}

impl Host {
    /// Returns a host that has a machine and nothing to refer to; plugins' lines go to `tracing`.
    pub fn new(machine: Arc<dyn Machine>) -> Self {
        let nothing = Arc::new(Nothing);
        Self {
            machine,
            blobs: nothing.clone(),
            secrets: nothing.clone(),
            scripts: nothing,
            log: Arc::new(TracingLog),
        }
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Host").finish_non_exhaustive()
    }
}

/// Content kept by the host, by reference.
pub trait Blobs: Send + Sync {
    /// Returns where the blob lies, nothing if the host has none of that reference (`sha256:...`).
    fn path(&self, reference: &str) -> Option<PathBuf>;
}

/// Secret values kept by the host, by handle.
pub trait Secrets: Send + Sync {
    /// Returns the value, nothing if the host has none of that handle.
    fn reveal(&self, handle: &str) -> Option<Zeroizing<Vec<u8>>>;
}

/// Files that a signed change delivered and that may therefore be run.
pub trait DeliveredScripts: Send + Sync {
    /// Returns the SHA-256 digest that the file was delivered with, nothing if no change delivered that path.
    fn digest(&self, path: &str) -> Option<[u8; 32]>;
}

/// Takes what plugins say.
pub trait PluginLog: Send + Sync {
    /// Takes one line. It has no control characters, and its plugin is within its limit.
    fn line(&self, line: LogLine<'_>);
}

/// One line that a plugin wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// `publisher/name`.
    pub plugin: &'a str,
    /// Of the plugin.
    pub version: &'a str,
    /// How important the plugin takes it to be.
    pub level: LogLevel,
    /// What it says.
    pub message: &'a str,
}

/// How important a plugin takes a line to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// For its developers. Standard output goes here.
    Debug,
    /// For operators.
    Info,
    /// Degraded but carried on. Standard error goes here.
    Warn,
    /// A person must act.
    Error,
}

/// A host without blobs, secrets or scripts.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

impl Blobs for Nothing {
    fn path(&self, _: &str) -> Option<PathBuf> {
        None
    }
}

impl Secrets for Nothing {
    fn reveal(&self, _: &str) -> Option<Zeroizing<Vec<u8>>> {
        None
    }
}

impl DeliveredScripts for Nothing {
    fn digest(&self, _: &str) -> Option<[u8; 32]> {
        None
    }
}

/// Plugins' lines as `tracing` events.
#[derive(Clone, Copy, Debug)]
pub struct TracingLog;

impl PluginLog for TracingLog {
    fn line(&self, line: LogLine<'_>) {
        let LogLine { plugin, version, level, message } = line;
        match level {
            LogLevel::Debug => tracing::debug!(plugin.name = plugin, plugin.version = version, "{message}"),
            LogLevel::Info => tracing::info!(plugin.name = plugin, plugin.version = version, "{message}"),
            LogLevel::Warn => tracing::warn!(plugin.name = plugin, plugin.version = version, "{message}"),
            LogLevel::Error => tracing::error!(plugin.name = plugin, plugin.version = version, "{message}"),
        }
    }
}
