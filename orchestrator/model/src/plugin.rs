//! Plugins: registered components, and where they are active.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use hostwright_manifest::grants::Grants;
use hostwright_protocol::messages::PluginState;

use crate::ids::{AgentId, OrganizationId, PluginId};

/// One version of a plugin, as it was registered. It never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Plugin {
    /// Its id.
    pub id: PluginId,
    /// `publisher/name`.
    pub plugin: String,
    /// Its version; unique with `plugin`.
    pub version: String,
    /// What it is.
    pub kind: PluginKind,
    /// `sha256:` and hex of the component's bytes.
    pub digest: String,
    /// Of the component, in bytes.
    pub size: u64,
    /// For people, from the manifest.
    pub summary: String,
    /// `plugin.toml` as embedded.
    pub manifest: String,
    /// What the manifest asks for.
    pub asked: Grants,
    /// How sure it is who made it.
    pub signature: PluginSignature,
    /// Whether it came with this installation and is active in every organization unless deactivated there.
    pub shipped: bool,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
}

/// What a plugin is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginKind {
    /// Realises a collection on agents.
    Provider {
        /// Which, e.g. `files`.
        collection: String,
    },
    /// Controls a kind of platform.
    Driver {
        /// Which, e.g. `Manual`.
        platform: String,
    },
}

/// How sure it is who made a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginSignature {
    /// Nobody signed it.
    None,
    /// Signed with this key, which is trusted.
    Trusted {
        /// The publisher's Ed25519 public key, in base64.
        publisher_key: String,
        /// Detached, in base64.
        signature: String,
    },
}

/// A plugin that is active for a collection or platform of an organization. There is one for each at most.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginActivation {
    /// Where.
    pub organization: OrganizationId,
    /// Which.
    pub plugin: PluginId,
    /// What it serves: the collection or platform of its kind.
    pub serves: PluginKind,
    /// What it may do, bound to the digest.
    pub grants: Grants,
    /// The organization's activation generation when it was made; rises with every one.
    pub generation: u64,
    /// When.
    pub activated_at: DateTime<Utc>,
}

/// What an agent last said of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginStanding {
    /// Who said it.
    pub agent: AgentId,
    /// `publisher/name`.
    pub plugin: String,
    /// Of the component.
    pub digest: String,
    /// Of the activation.
    pub generation: u64,
    /// How it stands.
    pub state: PluginState,
    /// When it was reported.
    pub reported_at: DateTime<Utc>,
}

impl PluginKind {
    /// Returns `provider` or `driver`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Provider { .. } => "provider",
            Self::Driver { .. } => "driver",
        }
    }

    /// Returns the collection or platform.
    pub fn serves(&self) -> &str {
        match self {
            Self::Provider { collection } => collection,
            Self::Driver { platform } => platform,
        }
    }

    /// Joins the two parts again.
    pub fn from_parts(name: &str, serves: String) -> Result<Self, UnknownPluginKind> {
        match name {
            "provider" => Ok(Self::Provider { collection: serves }),
            "driver" => Ok(Self::Driver { platform: serves }),
            other => Err(UnknownPluginKind(other.to_owned())),
        }
    }
}

/// No such kind of plugin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of plugin: there are provider and driver")]
pub struct UnknownPluginKind(pub String);

/// Names a plugin without a version: `publisher/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginName {
    publisher: String,
    name: String,
}

/// Some text names no plugin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no plugin: it is written `publisher/name` in lower-case letters, digits and `-`")]
pub struct InvalidPluginName(pub String);

impl FromStr for PluginName {
    type Err = InvalidPluginName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let valid = |part: &str| {
            (1..=64).contains(&part.len())
                && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        match text.split_once('/') {
            Some((publisher, name)) if valid(publisher) && valid(name) => {
                Ok(Self { publisher: publisher.to_owned(), name: name.to_owned() })
            }
            _ => Err(InvalidPluginName(text.to_owned())),
        }
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.publisher, self.name)
    }
}
