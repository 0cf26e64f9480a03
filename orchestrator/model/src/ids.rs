//! The registry of the orchestrator's ids: UUIDv7 newtypes that do not mix, those of the wire among them.

use std::fmt;
use std::str::FromStr;

pub use hostwright_protocol::ids::{
    AgentId, ChangeId, EnrolmentTokenId, EnvelopeId, HostId, OrganizationId, PlanId,
};
use uuid::{NoContext, Timestamp, Uuid};

use crate::clock::Clock;

/// An id of some kind.
pub trait Id: Copy {
    /// Wraps a UUID that was made or stored as an id of this kind.
    fn from_uuid(uuid: Uuid) -> Self;
}

/// Makes a new id: a UUIDv7 of the clock's time and random bits.
pub fn fresh<I: Id>(clock: &dyn Clock) -> I {
    let now = clock.now();
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    I::from_uuid(Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.timestamp_subsec_nanos())))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that was made or stored as an id of this kind.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Returns the bare UUID, for storing and showing.
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl Id for $name {
            fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

macro_rules! wire_id {
    ($($name:ident),*) => {
        $(impl Id for $name {
            fn from_uuid(uuid: Uuid) -> Self {
                Self::from_uuid(uuid)
            }
        })*
    };
}

wire_id!(AgentId, ChangeId, EnrolmentTokenId, EnvelopeId, HostId, OrganizationId, PlanId);

id!(/** One API key of an organization. */ ApiKeyId);
id!(/** One application, the template. */ ApplicationId);
id!(/** One association of a template with a host. */ ContextId);
id!(/** One distribution. */ DistributionId);
id!(/** One environment. */ EnvironmentId);
id!(/** One platform. */ PlatformId);
id!(/** One version of one plugin. */ PluginId);
id!(/** One person. */ UserId);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::TestClock;
    use chrono::TimeDelta;

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let clock = TestClock::default();
        let earlier: EnvironmentId = fresh(&clock);
        clock.advance(TimeDelta::milliseconds(1));
        let later: EnvironmentId = fresh(&clock);
        assert!(earlier < later);
        assert_eq!(earlier.as_uuid().get_version_num(), 7);
        assert_eq!(earlier.to_string().parse::<EnvironmentId>().unwrap(), earlier);
    }
}
