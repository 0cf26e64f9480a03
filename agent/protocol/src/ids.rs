//! The one registry of ids on the wire: UUIDv7 newtypes that do not mix.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that was made or stored as an id of this kind.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Makes a new one from the time and random bits, both of which are the caller's.
            pub fn generate(at: DateTime<Utc>, rng: &mut (impl CryptoRng + RngCore)) -> Self {
                Self(version_7(at, rng))
            }

            /// Returns the bare UUID, for storing.
            pub const fn as_uuid(&self) -> Uuid {
                self.0
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

id!(/** One agent, that is one machine's enrolment. */ AgentId);
id!(/** One change. */ ChangeId);
id!(/** One attempt of a machine to enrol; names a session on the bus and nothing else. */ EnrolmentSessionId);
id!(/** One enrolment token. */ EnrolmentTokenId);
id!(/** One environment. */ EnvironmentId);
id!(/** One envelope. */ EnvelopeId);
id!(/** One host. */ HostId);
id!(/** One organization. */ OrganizationId);
id!(/** One dry run. */ PlanId);

impl EnrolmentSessionId {
    /// Makes one that nobody can guess: it is forgotten with its session, so its time does not matter.
    pub fn random(rng: &mut (impl CryptoRng + RngCore)) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

fn version_7(at: DateTime<Utc>, rng: &mut (impl CryptoRng + RngCore)) -> Uuid {
    let mut random = [0; 10];
    rng.fill_bytes(&mut random);
    // A clock before 1970 yields ids that sort first, which is all that their time is good for.
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_ids_are_version_7_and_sort_by_time() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let earlier = EnvelopeId::generate(at(1_000), &mut rand::thread_rng());
        let later = EnvelopeId::generate(at(2_000), &mut rand::thread_rng());
        assert_eq!(earlier.as_uuid().get_version_num(), 7);
        assert!(earlier < later);
        assert_ne!(later, EnvelopeId::generate(at(2_000), &mut rand::thread_rng()));
    }
}
