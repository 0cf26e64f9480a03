//! `plugin.toml`: what a plugin says of itself.
//!
//! ```
//! # use hostwright_manifest::Manifest;
//! let manifest = Manifest::parse(r#"
//!     manifest = 1
//!     id = "example/motd"
//!     version = "1.2.0"
//!     kind = "provider"                # or "driver", then with `platform` in place of `collection`
//!     api = "0.1"
//!     collection = "example.motd"
//!     summary = "The message of the day"
//!     license = "Apache-2.0"
//!     authors = ["Example <plugins@example.com>"]
//!     systems = ["debian", "ubuntu"]   # informative: `supports` decides
//!
//!     [limits]                         # all optional; the host's ceilings stand above them
//!     call-ms = 5000
//!     memory-mib = 32
//!     host-calls = 10000
//!     output-bytes = 1048576
//!     log-bytes = 4096
//!
//!     [[capabilities.files]]
//!     reason = "the message itself"
//!     write = ["/etc/motd"]
//!
//!     [[capabilities.exec]]
//!     reason = "to learn who owns the file"
//!     command = ["/usr/bin/dpkg-query", "-S", "--", "{path}..."]
//!     effect = "query"                 # or "change": then refused while planning
//!     environment = { DPKG_COLORS = "never" }
//!     timeout-ms = 10000
//!     output-bytes = 65536
//!
//!     [capabilities.facts]
//!     reason = "the message names the machine's release"
//!
//!     [capabilities.log]
//!     reason = "to say when it leaves a message alone"
//! "#)?;
//! assert_eq!(manifest.asked().files.write, ["/etc/motd"]);
//! # Ok::<(), hostwright_manifest::ManifestError>(())
//! ```

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::capabilities::Capabilities;
use crate::grants::Grants;

mod check;
mod v1;

/// What a plugin says of itself, whatever the version of the file it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Who made it and what it is called.
    pub id: PluginId,
    /// Of the plugin.
    pub version: semver::Version,
    /// What it serves.
    pub kind: Kind,
    /// Version of the plugin contract, e.g. `0.1`.
    pub api: String,
    /// One line for people.
    pub summary: String,
    /// SPDX expression.
    pub license: String,
    /// For people.
    pub authors: Vec<String>,
    /// Operating systems that it is meant for; informative.
    pub systems: Vec<String>,
    /// What it needs of the host in one call.
    pub limits: AskedLimits,
    /// What it wants to be allowed.
    pub capabilities: Capabilities,
}

/// What a plugin serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Resources of one collection.
    Provider {
        /// e.g. `files`, or `publisher.name` for those of third parties.
        collection: String,
    },
    /// Instances on one kind of platform.
    Driver {
        /// e.g. `Manual`.
        platform: String,
    },
}

/// The table `[limits]`: what a plugin needs in one call, bounded above by the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct AskedLimits {
    /// Of its own computing, in milliseconds.
    pub call_ms: Option<u64>,
    /// Of linear memory.
    pub memory_mib: Option<u64>,
    /// Calls of host functions.
    pub host_calls: Option<u64>,
    /// Of what it returns.
    pub output_bytes: Option<u64>,
    /// Of what it writes to the log.
    pub log_bytes: Option<u64>,
}

impl Manifest {
    /// Reads a `plugin.toml`.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let header: Header = toml::from_str(text).map_err(|source| syntax(&source))?;
        match header.manifest {
            Some(1) => v1::parse(text),
            Some(version) => Err(ManifestError::Version { version }),
            None => Err(ManifestError::NoVersion),
        }
    }

    /// Returns what the plugin asks for in the form in which it is granted.
    pub fn asked(&self) -> Grants {
        self.capabilities.asked()
    }
}

/// The only part that every version has.
#[derive(Deserialize)]
struct Header {
    manifest: Option<i64>,
}

fn syntax(source: &toml::de::Error) -> ManifestError {
    ManifestError::Syntax { message: source.to_string().trim_end().to_owned() }
}

/// `publisher/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginId {
    publisher: String,
    name: String,
}

impl PluginId {
    /// Returns who made the plugin.
    pub fn publisher(&self) -> &str {
        &self.publisher
    }

    /// Returns what its publisher calls it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for PluginId {
    type Err = InvalidPluginId;

    fn from_str(text: &str) -> Result<Self, InvalidPluginId> {
        let (publisher, name) = text.split_once('/').ok_or(InvalidPluginId)?;
        if check::is_label(publisher) && check::is_label(name) {
            Ok(Self { publisher: publisher.to_owned(), name: name.to_owned() })
        } else {
            Err(InvalidPluginId)
        }
    }
}

impl fmt::Display for PluginId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.publisher, self.name)
    }
}

/// A text that is no plugin's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an id is `publisher/name`, each of lower-case letters, digits and inner hyphens, at most {} characters",
    check::LABEL_MAXIMUM
)]
pub struct InvalidPluginId;

/// Why a manifest is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not TOML, an unknown key, a missing key or a value of a wrong type.
    #[error("plugin.toml cannot be read: {message}")]
    Syntax {
        /// With line, column and key.
        message: String,
    },
    /// Written for a later host, or nonsense.
    #[error("plugin.toml says `manifest = {version}`, but this host understands `manifest = 1`")]
    Version {
        /// What it says.
        version: i64,
    },
    /// The version is missing.
    #[error("plugin.toml has no `manifest`: begin it with `manifest = 1`")]
    NoVersion,
    /// A value that has the right type and still makes no sense.
    #[error("plugin.toml: `{key}`: {problem}")]
    Invalid {
        /// Where, e.g. `capabilities.exec[2].command`.
        key: String,
        /// What is wrong and how to mend it.
        problem: String,
    },
}

#[cfg(test)]
mod tests;
