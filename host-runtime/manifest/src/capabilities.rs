//! What a plugin asks for, each with the reason that an administrator reads before granting it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::grants::{Effect, ExecGrant, FilesGrant, Grants};

/// The table `[capabilities]` of a manifest. What is absent is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Capabilities {
    /// `[[capabilities.files]]`.
    pub files: Vec<Files>,
    /// `[[capabilities.exec]]`.
    pub exec: Vec<Exec>,
    /// `[capabilities.scripts]`.
    pub scripts: Option<Scripts>,
    /// `[capabilities.facts]`.
    pub facts: Option<Facts>,
    /// `[capabilities.log]`.
    pub log: Option<Log>,
    /// `[capabilities.secrets]`.
    pub secrets: Option<Secrets>,
}

/// Files and directories below these paths.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Files {
    /// Why.
    pub reason: String,
    /// Absolute paths, reading.
    #[serde(default)]
    pub read: Vec<String>,
    /// Absolute paths, reading and changing.
    #[serde(default)]
    pub write: Vec<String>,
}

/// One program with arguments of one form.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Exec {
    /// Why.
    pub reason: String,
    /// As in [`ExecGrant::command`].
    pub command: Vec<String>,
    /// Whether it changes anything.
    pub effect: Effect,
    /// As in [`ExecGrant::environment`].
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// As in [`ExecGrant::timeout_ms`].
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// As in [`ExecGrant::output_bytes`].
    #[serde(default)]
    pub output_bytes: Option<u64>,
}

/// Scripts that a signed change delivered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripts {
    /// Why.
    pub reason: String,
}

/// What the machine is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Why.
    pub reason: String,
}

/// Lines in the host's log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Why.
    pub reason: String,
}

/// Secret values themselves, not only their handles.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// Why.
    pub reason: String,
    /// Whether the plugin must see values.
    pub reveal: bool,
}

impl Capabilities {
    /// Returns what is asked for in the form in which it is granted.
    pub fn asked(&self) -> Grants {
        let Self { files, exec, scripts, facts, log, secrets } = self;
        Grants {
            files: FilesGrant {
                read: files.iter().flat_map(|asked| asked.read.iter().cloned()).collect(),
                write: files.iter().flat_map(|asked| asked.write.iter().cloned()).collect(),
            },
            exec: exec.iter().map(Exec::asked).collect(),
            scripts: scripts.is_some(),
            facts: facts.is_some(),
            log: log.is_some(),
            reveal_secrets: secrets.as_ref().is_some_and(|asked| asked.reveal),
        }
    }
}

impl Exec {
    /// Returns what is asked for in the form in which it is granted.
    pub fn asked(&self) -> ExecGrant {
        let Self { reason: _, command, effect, environment, timeout_ms, output_bytes } = self.clone();
        ExecGrant { command, effect, environment, timeout_ms, output_bytes }
    }
}
