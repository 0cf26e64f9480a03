//! The root's word for an orchestrator's keys.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::public::{BadSignature, Fingerprint, InvalidKey, SealingKey, VerifyingKey};
use crate::base64_text;
use crate::signing::Statement;

/// By how much a certificate may begin in the future: clocks of machines that were just installed are not yet right.
pub const CLOCK_ALLOWANCE: TimeDelta = TimeDelta::minutes(10);

/// How long and in which generation an orchestrator's keys are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    /// Rises when an older key is to end, for all orchestrators of a site together.
    pub generation: u64,
    /// Not before.
    pub from: DateTime<Utc>,
    /// Not after.
    pub until: DateTime<Utc>,
}

/// An orchestrator's public keys that the root vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertifiedKeys {
    /// Signs what is for agents.
    pub signing: VerifyingKey,
    /// What is for the orchestrator alone is sealed to it.
    pub sealing: SealingKey,
    /// How long.
    #[serde(flatten)]
    pub validity: Validity,
}

impl CertifiedKeys {
    pub(super) fn to_statement(&self) -> Vec<u8> {
        let statement = serde_json::json!({
            "signing": self.signing,
            "sealing": self.sealing,
            "generation": self.validity.generation,
            "from": self.validity.from,
            "until": self.validity.until,
        });
        statement.to_string().into_bytes()
    }

    pub(crate) fn check_time(&self, now: DateTime<Utc>) -> Result<(), CertificateError> {
        let Validity { from, until, .. } = self.validity;
        if now > until {
            return Err(CertificateError::Expired { until, now });
        }
        if now + CLOCK_ALLOWANCE < from {
            return Err(CertificateError::NotYetValid { from, now });
        }
        Ok(())
    }
}

/// A certificate as it travels: root key, signature, statement. Believed only after [`Certificate::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    root: VerifyingKey,
    signature: [u8; 64],
    statement: Vec<u8>,
}

const STATEMENT_AT: usize = 32 + 64;

impl Certificate {
    pub(super) const fn new(root: VerifyingKey, signature: [u8; 64], statement: Vec<u8>) -> Self {
        Self { root, signature, statement }
    }

    /// Reads what [`Certificate::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CertificateError> {
        let Some((head, statement)) = bytes.split_at_checked(STATEMENT_AT) else {
            return Err(CertificateError::TooShort { size: bytes.len(), least: STATEMENT_AT });
        };
        let root =
            VerifyingKey::from_bytes(&head[..32]).map_err(|source| CertificateError::Root { source })?;
        let mut signature = [0; 64];
        signature.copy_from_slice(&head[32..]);
        Ok(Self { root, signature, statement: statement.to_vec() })
    }

    /// Returns the bytes that travel.
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.root.to_bytes().as_slice(), &self.signature, &self.statement].concat()
    }

    /// Returns the root key that the certificate shows. Anyone can show one; compare its fingerprint.
    pub const fn root(&self) -> VerifyingKey {
        self.root
    }

    /// Returns the keys if this root certified them and they are good now.
    pub fn verify(&self, root: &VerifyingKey, now: DateTime<Utc>) -> Result<CertifiedKeys, CertificateError> {
        let keys = self.verify_signature(root)?;
        keys.check_time(now)?;
        Ok(keys)
    }

    /// Returns the keys if this root certified them for whatever time.
    pub(crate) fn verify_signature(&self, root: &VerifyingKey) -> Result<CertifiedKeys, CertificateError> {
        if self.root != *root {
            return Err(CertificateError::WrongRoot {
                got: self.root.fingerprint(),
                expected: root.fingerprint(),
            });
        }
        root.verify(Statement::Certificate, &self.statement, &self.signature)
            .map_err(|source| CertificateError::Signature { source })?;
        serde_json::from_slice(&self.statement).map_err(|source| CertificateError::Statement { source })
    }
}

impl Serialize for Certificate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        base64_text::serialize(&self.to_bytes(), serializer)
    }
}

impl<'de> Deserialize<'de> for Certificate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes: Vec<u8> = base64_text::deserialize(deserializer)?;
        Self::from_bytes(&bytes).map_err(serde::de::Error::custom)
    }
}

/// Why a certificate is not believed.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// Cut off.
    #[error("a certificate of {size} bytes is shorter than {least}")]
    TooShort {
        /// What came.
        size: usize,
        /// What it takes.
        least: usize,
    },
    /// What stands in the place of the root key is none.
    #[error("the certificate's root key is no key")]
    Root {
        /// What is wrong with it.
        #[source]
        source: InvalidKey,
    },
    /// Certified by somebody else.
    #[error("the certificate is by root {got}, trusted is root {expected}")]
    WrongRoot {
        /// Who certified.
        got: Fingerprint,
        /// Who is trusted.
        expected: Fingerprint,
    },
    /// It names the right root, which did not sign it.
    #[error("the root did not sign the certificate")]
    Signature {
        /// Against which key.
        #[source]
        source: BadSignature,
    },
    /// Signed, but not understood.
    #[error("the certificate's statement is not understood")]
    Statement {
        /// Where.
        #[source]
        source: serde_json::Error,
    },
    /// Over.
    #[error("the certificate ended at {until}, and it is {now} here")]
    Expired {
        /// Its end.
        until: DateTime<Utc>,
        /// The clock it was judged by.
        now: DateTime<Utc>,
    },
    /// Not begun.
    #[error("the certificate begins at {from}, and it is {now} here")]
    NotYetValid {
        /// Its beginning.
        from: DateTime<Utc>,
        /// The clock it was judged by.
        now: DateTime<Utc>,
    },
    /// Replaced since.
    #[error("the certificate has generation {got}, generation {seen} was seen already")]
    Superseded {
        /// Its generation.
        got: u64,
        /// The highest one seen.
        seen: u64,
    },
    /// More orchestrators than a site has.
    #[error("{known} orchestrator keys of generation {generation} are known already, which is the limit")]
    TooMany {
        /// How many are known.
        known: usize,
        /// Of this generation.
        generation: u64,
    },
}
