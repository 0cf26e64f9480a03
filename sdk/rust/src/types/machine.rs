//! What a machine is, and whether a provider can serve it.

use std::collections::BTreeMap;

/// What a machine is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// `ID` of os-release, e.g. `debian`.
    pub os: String,
    /// `VERSION_ID`, e.g. `12`; empty where there is none.
    pub os_version: String,
    /// `ID_LIKE`, nearest first.
    pub os_like: Vec<String>,
    /// As `uname -m` says it.
    pub architecture: String,
    /// `systemd`, or `none`.
    pub init: String,
    /// Whether programs may be run on this machine at all.
    pub programs: bool,
    /// Whether owners of files are managed.
    pub owners: bool,
    /// Everything else, by dotted name, e.g. `ip.eth0`.
    pub more: BTreeMap<String, String>,
}

impl Facts {
    /// Returns whether the operating system is this one or says that it is like it.
    ///
    /// ```
    /// use hostwright_sdk::types::Facts;
    /// let ubuntu = Facts { os: "ubuntu".into(), os_like: vec!["debian".into()], ..Facts::default() };
    /// assert!(ubuntu.is_like("debian"));
    /// assert!(!ubuntu.is_like("fedora"));
    /// ```
    pub fn is_like(&self, os: &str) -> bool {
        self.os == os || self.os_like.iter().any(|like| like == os)
    }
}

/// Whether a provider can serve a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Support {
    /// Not this one, and why.
    No(String),
    /// The highest priority among the providers of one publisher is taken; 100 is usual.
    Yes(u32),
}
