//! What an administrator allowed one plugin to do.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Everything that one plugin may do. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own in a document that people write"
)]
pub struct Grants {
    /// Directories below which files may be read or changed.
    #[serde(skip_serializing_if = "FilesGrant::is_empty")]
    pub files: FilesGrant,
    /// Programs that may be run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exec: Vec<ExecGrant>,
    /// Whether scripts that a signed change delivered may be run.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub scripts: bool,
    /// Whether the facts of the machine may be read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub facts: bool,
    /// Whether lines may be written to the host's log.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub log: bool,
    /// Whether the plugin may see secret values itself.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reveal_secrets: bool,
}

/// Directories (or single files) by absolute path. What may be written may be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct FilesGrant {
    /// Below these, reading.
    pub read: Vec<String>,
    /// Below these, reading and changing.
    pub write: Vec<String>,
}

impl FilesGrant {
    /// Returns whether nothing is granted.
    pub fn is_empty(&self) -> bool {
        self.read.is_empty() && self.write.is_empty()
    }
}

/// One form of one program's command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ExecGrant {
    /// Absolute program, then literals and placeholders: `{package}`, `{package}...` (one or more), `{package}={version}`.
    pub command: Vec<String>,
    /// Whether it changes anything.
    pub effect: Effect,
    /// The whole environment besides `PATH` and `LC_ALL=C.UTF-8`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// How long it may run; 60,000 if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// How much of standard output and of standard error is kept, in bytes; 1 MiB if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_bytes: Option<u64>,
}

impl ExecGrant {
    /// How long a program may run of which nothing is said.
    pub const TIMEOUT: Duration = Duration::from_mins(1);
    /// How much of each output is kept of a program of which nothing is said.
    pub const OUTPUT_BYTES: u64 = 1 << 20;

    /// Returns how long the program may run.
    pub fn timeout(&self) -> Duration {
        self.timeout_ms.map_or(Self::TIMEOUT, Duration::from_millis)
    }

    /// Returns how much of standard output and of standard error is kept, in bytes.
    pub fn output(&self) -> u64 {
        self.output_bytes.unwrap_or(Self::OUTPUT_BYTES)
    }
}

/// Whether a program changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It only looks: runs where it cannot write, also while planning.
    Query,
    /// It changes something: refused while planning, runs apart from the agent.
    Change,
}
