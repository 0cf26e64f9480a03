//! Whether queries are kept from changing anything, or only believed.

use std::fmt;

use rustix::thread::CapabilitySet;

/// What keeps a query from changing the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryIsolation {
    /// Namespaces: every mount is read-only, there is no network, and nothing to undo it with. What a query asks of a
    /// daemon through a socket in the file system still rests on its pattern.
    Namespaces,
    /// Only the pattern: the agent lacks the privileges for more.
    Pattern,
}

impl QueryIsolation {
    /// Finds out what this process is able to do.
    pub(in super::super) fn available() -> Self {
        let needed = CapabilitySet::SYS_ADMIN | CapabilitySet::SETPCAP;
        let is_privileged = rustix::process::geteuid().is_root()
            && rustix::thread::capabilities(None).is_ok_and(|sets| sets.effective.contains(needed));
        if is_privileged { Self::Namespaces } else { Self::Pattern }
    }
}

impl fmt::Display for QueryIsolation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Namespaces => "namespaces",
            Self::Pattern => "pattern",
        })
    }
}
