//! One call into a plugin: how it is asked for, and how it may fail.

use std::time::Duration;

use crate::provider::ProviderError;

/// How a plugin is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// Whether anything may be changed.
    pub mode: Mode,
    /// Names the programs that this call runs to change something: `-1`, `-2` and so on are appended. Chars `[a-z0-9-]`.
    pub run_name: Option<String>,
    /// Ends the call after this much time, whatever it is doing. Without it only the plugin's own time is limited, not
    /// that of the programs that it runs.
    pub deadline: Option<Duration>,
}

impl Call {
    /// Returns a call that may change nothing.
    pub fn plan() -> Self {
        Self::default()
    }

    /// Returns a call that may change what is granted, its programs named after `run_name`.
    pub fn apply(run_name: impl Into<String>) -> Self {
        Self { mode: Mode::Apply, run_name: Some(run_name.into()), deadline: None }
    }

    /// Returns the call with a deadline.
    #[must_use]
    pub fn within(self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self }
    }
}

/// Whether anything may be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Whatever the plugin does, nothing changes: host functions that change are withheld.
    #[default]
    Plan,
    /// What is granted may be changed.
    Apply,
}

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The plugin answered that it will not or cannot.
    #[error("{0}")]
    Refused(ProviderError),
    /// The plugin broke down.
    #[error("plugin {plugin} {version} broke down in `{function}`: {reason}")]
    Trapped {
        /// `publisher/name`.
        plugin: String,
        /// Of the plugin.
        version: String,
        /// What was called.
        function: &'static str,
        /// What the runtime says, e.g. `wasm trap: unreachable`.
        reason: String,
    },
    /// The plugin went beyond a limit and was stopped.
    #[error("plugin {plugin} {version} was stopped in `{function}`: {limit}")]
    LimitExceeded {
        /// `publisher/name`.
        plugin: String,
        /// Of the plugin.
        version: String,
        /// What was called.
        function: &'static str,
        /// Which one, with its value.
        limit: Limit,
    },
    /// The plugin's answer makes no sense.
    #[error("plugin {plugin} {version} answered `{function}` wrongly: {reason}")]
    Misbehaved {
        /// `publisher/name`.
        plugin: String,
        /// Of the plugin.
        version: String,
        /// What was called.
        function: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The plugin was evicted and its compiled form is no longer there; it has to be loaded again.
    #[error("plugin {plugin} {version} cannot be brought back for `{function}`: {reason}")]
    Gone {
        /// `publisher/name`.
        plugin: String,
        /// Of the plugin.
        version: String,
        /// What was called.
        function: &'static str,
        /// What became of it.
        reason: String,
    },
}

/// A limit that a plugin went beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// Of its own computing and waiting.
    #[error("it used more than {} ms of its own time (`call-ms` in its manifest, up to the host's ceiling)", .0.as_millis())]
    Time(Duration),
    /// Given by the caller.
    #[error("it did not end within {} ms, the time given to this call", .0.as_millis())]
    Deadline(Duration),
    /// Of linear memory, in bytes.
    #[error("it asked for more than {} MiB of memory (`memory-mib` in its manifest, up to the host's ceiling)", .0 >> 20)]
    Memory(u64),
    /// Of entries in its tables.
    #[error("it asked for more than {0} table entries")]
    Tables(u64),
    /// Calls of host functions.
    #[error(
        "it called host functions more than {0} times (`host-calls` in its manifest, up to the host's ceiling)"
    )]
    HostCalls(u64),
    /// Things named in one call of a host function: paths, names, arguments.
    #[error("it named more than {0} things in one call of a host function")]
    Batch(usize),
    /// What it returned or passed to host functions, in bytes.
    #[error(
        "it handed over more than {0} bytes at once (`output-bytes` in its manifest, up to the host's ceiling)"
    )]
    Output(u64),
    /// What it wrote to the log, in bytes.
    #[error(
        "it wrote more than {0} bytes to the log (`log-bytes` in its manifest, up to the host's ceiling)"
    )]
    Log(u64),
}
