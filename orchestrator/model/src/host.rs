//! Hosts: blueprints of machines, and how far each was carried out.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::ids::{EnvironmentId, HostId, OrganizationId};
use crate::names::HostName;

/// A blueprint: platform, distribution, applications and their settings. The machine made of it is its instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its id.
    pub id: HostId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Where it stands.
    pub environment: EnvironmentId,
    /// Unique in its environment.
    pub name: HostName,
    /// For people.
    pub description: String,
    /// Rises by one with each change of the entity or its settings.
    pub version: u64,
    /// How far it was carried out.
    pub state: HostState,
    /// Of the last change that was compiled for it; 0 before the first. The next change follows it.
    pub generation: u64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// How far a host was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostState {
    /// On paper only: nothing is sent, everything is recorded.
    Defined,
    /// Its machine is being made, or is waited for.
    Provisioning {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Its agent answers and nothing is to be done.
    Ready {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// A change is waiting or at work.
    Updating {
        /// Since when.
        since: DateTime<Utc>,
        /// What failed before it and nobody has cleared yet.
        failure: Option<String>,
    },
    /// A change failed, and nobody has cleared it yet.
    Error {
        /// Since when.
        since: DateTime<Utc>,
        /// What failed, for people.
        reason: String,
    },
}

/// A host is not in a state from which this can be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("host is {state}, so it cannot be {attempted}")]
pub struct InvalidTransition {
    /// What it is.
    pub state: &'static str,
    /// What was attempted, e.g. `provisioned`.
    pub attempted: &'static str,
}

impl HostState {
    /// Returns the name that the API shows.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Defined => "DEFINED",
            Self::Provisioning { .. } => "PROVISIONING",
            Self::Ready { .. } => "READY",
            Self::Updating { .. } => "UPDATING",
            Self::Error { .. } => "ERROR",
        }
    }

    /// Returns whether there is a machine that tasks can be sent to.
    pub const fn is_provisioned(&self) -> bool {
        matches!(self, Self::Ready { .. } | Self::Updating { .. } | Self::Error { .. })
    }

    /// Begins to make the machine.
    pub fn provision(self, at: DateTime<Utc>) -> Result<Self, InvalidTransition> {
        match self {
            Self::Defined => Ok(Self::Provisioning { since: at }),
            other => Err(other.refuse("provisioned")),
        }
    }

    /// Its agent has enrolled. A machine that existed before its blueprint goes straight from defined to ready.
    pub fn enrol(self, at: DateTime<Utc>) -> Result<Self, InvalidTransition> {
        match self {
            Self::Defined | Self::Provisioning { .. } => Ok(Self::Ready { since: at }),
            other => Err(other.refuse("enrolled")),
        }
    }

    /// A change was put into the outbox.
    pub fn begin_update(self, at: DateTime<Utc>) -> Result<Self, InvalidTransition> {
        match self {
            Self::Updating { since, failure } => Ok(Self::Updating { since, failure }),
            Self::Ready { .. } => Ok(Self::Updating { since: at, failure: None }),
            Self::Error { reason, .. } => Ok(Self::Updating { since: at, failure: Some(reason) }),
            other => Err(other.refuse("updated")),
        }
    }

    /// A change has ended: `waiting` says whether others have not, `failure` what failed in it. What failed stays until
    /// somebody clears it, whatever succeeds after it; of several, the last is told.
    pub fn end_update(
        self,
        at: DateTime<Utc>,
        waiting: bool,
        failure: Option<String>,
    ) -> Result<Self, InvalidTransition> {
        match self {
            Self::Updating { since, failure: earlier } => match failure.or(earlier) {
                failure if waiting => Ok(Self::Updating { since, failure }),
                Some(reason) => Ok(Self::Error { since: at, reason }),
                None => Ok(Self::Ready { since: at }),
            },
            Self::Ready { .. } | Self::Error { .. } if failure.is_some() => {
                Ok(Self::Error { since: at, reason: failure.unwrap_or_default() })
            }
            Self::Ready { .. } => Ok(Self::Ready { since: at }),
            error @ Self::Error { .. } => Ok(error),
            other => Err(other.refuse("updated")),
        }
    }

    /// Somebody has taken note of what failed.
    #[must_use]
    pub fn clear(self, at: DateTime<Utc>) -> Self {
        match self {
            Self::Error { .. } => Self::Ready { since: at },
            Self::Updating { since, .. } => Self::Updating { since, failure: None },
            other => other,
        }
    }

    /// The machine was destroyed or let go.
    #[must_use]
    pub fn forget(self) -> Self {
        Self::Defined
    }

    fn refuse(&self, attempted: &'static str) -> InvalidTransition {
        InvalidTransition { state: self.name(), attempted }
    }
}

impl fmt::Display for HostState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock as _, TestClock};

    fn now() -> DateTime<Utc> {
        TestClock::default().now()
    }

    #[test]
    fn a_host_goes_from_paper_to_ready_and_back() {
        let state = HostState::Defined.provision(now()).unwrap().enrol(now()).unwrap();
        assert_eq!(state.name(), "READY");
        let state = state.begin_update(now()).unwrap();
        let state = state.end_update(now(), true, None).unwrap();
        assert_eq!(state.name(), "UPDATING", "another change is still waiting");
        let state = state.end_update(now(), false, Some("add package nginx failed".to_owned())).unwrap();
        assert_eq!(state.name(), "ERROR");
        assert_eq!(
            state.clone().end_update(now(), false, None).unwrap().name(),
            "ERROR",
            "only a person clears it"
        );
        assert_eq!(state.clear(now()).forget(), HostState::Defined);
    }

    #[test]
    fn what_failed_is_told_whatever_succeeds_after_it() {
        let updating = HostState::Ready { since: now() }.begin_update(now()).unwrap();
        let failed = updating.end_update(now(), true, Some("add package nginx failed".to_owned())).unwrap();
        assert_eq!(failed.name(), "UPDATING", "another change is still waiting");
        let ended = failed.clone().end_update(now(), false, None).unwrap();
        let error = HostState::Error { since: now(), reason: "add package nginx failed".to_owned() };
        assert_eq!(ended, error, "the second change hides nothing");
        let again = ended.begin_update(now()).unwrap().end_update(now(), false, None).unwrap();
        assert_eq!(again, error, "nor does a later one");
        let worse = again.begin_update(now()).unwrap().end_update(now(), false, Some("worse".to_owned()));
        assert_eq!(worse.unwrap(), HostState::Error { since: now(), reason: "worse".to_owned() });
        let cleared = failed.clear(now()).end_update(now(), false, None).unwrap();
        assert_eq!(cleared.name(), "READY", "a person has taken note");
    }

    #[test]
    fn what_is_not_possible_is_refused_by_name() {
        let error = HostState::Defined.begin_update(now()).unwrap_err();
        assert_eq!(error.to_string(), "host is DEFINED, so it cannot be updated");
        assert!(HostState::Ready { since: now() }.provision(now()).is_err());
        assert!(HostState::Updating { since: now(), failure: None }.enrol(now()).is_err());
    }

    #[test]
    fn a_machine_that_existed_before_its_blueprint_becomes_ready_at_once() {
        assert_eq!(HostState::Defined.enrol(now()).unwrap(), HostState::Ready { since: now() });
    }
}
