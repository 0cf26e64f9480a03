//! What a sweep need not read again, because it has not changed since it was found as desired.
//!
//! Only a resource that *is* a path can be told so: its provider names no other path whose change may mean drift. Nothing
//! is concluded for ever: see [`Untouched::is_full_due`].

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use hostwright_protocol::messages::{ResourceRef, ResourceState};
use hostwright_runtime::machine::local::{LocalMachine, Stamp};
use tokio::time::Instant;

use crate::clock;

/// Two changes within one tick of the machine's clock leave one stamp; the coarsest clock ticks ten times a second.
const SETTLING: Duration = Duration::from_secs(2);
/// What stands behind the names of owners and groups.
const ACCOUNTS: [&str; 2] = ["/etc/passwd", "/etc/group"];

/// Remembers how the kernel described what was as desired.
pub(super) struct Untouched {
    machine: LocalMachine,
    full: Duration,
    next_full: Instant,
    accounts: Vec<Option<Stamp>>,
    kept: HashMap<ResourceRef, Stamp>,
}

/// Stamps that were taken before something was looked at.
pub(super) struct Taken {
    at: SystemTime,
    stamps: HashMap<ResourceRef, Stamp>,
}

impl Untouched {
    /// Knows of nothing; a full look is due at least as often as this.
    pub(super) fn new(machine: LocalMachine, full: Duration) -> Self {
        let accounts = vec![None; ACCOUNTS.len()];
        Self { machine, full, next_full: Instant::now(), accounts, kept: HashMap::new() }
    }

    /// Forgets everything: other states are desired.
    pub(super) fn forget(&mut self) {
        self.kept.clear();
    }

    /// Returns whether everything is to be looked at: it is time, or numbers of accounts may have changed.
    pub(super) async fn is_full_due(&mut self) -> bool {
        let accounts = self.machine.stamps(ACCOUNTS.map(str::to_owned).into()).await;
        let is_due = Instant::now() >= self.next_full || accounts != self.accounts;
        if is_due {
            self.next_full = Instant::now() + self.full;
        }
        self.accounts = accounts;
        is_due
    }

    /// Takes the stamps of resources that are paths. To be done before they are looked at: what changes in between is
    /// then found by the next sweep.
    pub(super) async fn take(&self, resources: Vec<ResourceRef>) -> Taken {
        let at = SystemTime::from(clock::now());
        let paths = resources.iter().map(|resource| resource.id.clone()).collect();
        let stamps = self.machine.stamps(paths).await;
        let found = resources.into_iter().zip(stamps);
        Taken { at, stamps: found.filter_map(|(resource, stamp)| Some((resource, stamp?))).collect() }
    }

    /// Returns whether a resource has not changed since it was found as desired.
    pub(super) fn is_untouched(&self, resource: &ResourceRef, taken: &Taken) -> bool {
        self.kept.get(resource).is_some_and(|kept| taken.stamps.get(resource) == Some(kept))
    }

    /// Remembers what was found as desired, and only that.
    pub(super) fn note(&mut self, taken: &Taken, seen: &[(ResourceRef, ResourceState)]) {
        for (resource, state) in seen {
            let stamp = taken
                .stamps
                .get(resource)
                .filter(|stamp| *state == ResourceState::Compliant && stamp.changed() + SETTLING < taken.at);
            match stamp {
                Some(stamp) => drop(self.kept.insert(resource.clone(), *stamp)),
                None => drop(self.kept.remove(resource)),
            }
        }
    }
}
