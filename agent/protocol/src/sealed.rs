//! Sealing: what only one end can read.
//!
//! An anonymous box to an X25519 key. A label of the purpose is sealed along, so that what was sealed for one purpose
//! cannot be presented for another.

use std::fmt;

use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base64_text;
use crate::keys::SealingKey;

/// What a box is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An agent's request to be enrolled, for the orchestrator.
    EnrolmentRequest,
    /// A secret inside a message, for an agent.
    Secret,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::EnrolmentRequest => b"hostwright enrolment request\0",
            Self::Secret => b"hostwright secret\0",
        }
    }
}

/// Sealed bytes; in JSON standard base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(#[serde(with = "base64_text")] Vec<u8>);

impl Sealed {
    /// Wraps bytes that were stored.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// Seals content to a key for one purpose.
#[expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "the cipher refuses only what exceeds 256 GiB"
)]
pub fn seal(
    to: &SealingKey,
    purpose: Purpose,
    content: &[u8],
    rng: &mut (impl CryptoRng + RngCore),
) -> Sealed {
    let label = purpose.label();
    let mut labelled = Zeroizing::new(Vec::with_capacity(label.len() + content.len()));
    labelled.extend_from_slice(label);
    labelled.extend_from_slice(content);
    Sealed(to.inner().seal(rng, &labelled).expect("content fits into one box"))
}

pub(crate) fn unseal(
    key: &crypto_box::SecretKey,
    purpose: Purpose,
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
    let labelled = Zeroizing::new(
        key.unseal(&sealed.0).map_err(|_| UnsealError::NotForThisKey { key: SealingKey::of(key) })?,
    );
    let content = labelled.strip_prefix(purpose.label()).ok_or(UnsealError::WrongPurpose { purpose })?;
    Ok(Zeroizing::new(content.to_vec()))
}

/// Why a box does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// Sealed to somebody else, or damaged.
    #[error("the content is not sealed to key {key}, or it is damaged")]
    NotForThisKey {
        /// Whose key was tried.
        key: SealingKey,
    },
    /// Sealed to this key for something else.
    #[error("the content was not sealed for the purpose {purpose:?}")]
    WrongPurpose {
        /// What it was opened for.
        purpose: Purpose,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::AgentKeys;

    #[test]
    fn sealed_content_opens_for_its_key_and_purpose_only() {
        let rng = &mut rand::thread_rng();
        let (mine, other) = (AgentKeys::generate(rng), AgentKeys::generate(rng));
        let sealed = seal(&mine.public().sealing, Purpose::Secret, b"1234", rng);
        assert_eq!(mine.unseal(Purpose::Secret, &sealed).unwrap().as_slice(), b"1234");
        assert_eq!(
            other.unseal(Purpose::Secret, &sealed),
            Err(UnsealError::NotForThisKey { key: other.public().sealing })
        );
        assert_eq!(
            mine.unseal(Purpose::EnrolmentRequest, &sealed),
            Err(UnsealError::WrongPurpose { purpose: Purpose::EnrolmentRequest })
        );
    }

    #[test]
    fn damaged_content_does_not_open() {
        let rng = &mut rand::thread_rng();
        let mine = AgentKeys::generate(rng);
        let mut bytes = seal(&mine.public().sealing, Purpose::Secret, b"1234", rng).as_bytes().to_vec();
        bytes[40] ^= 1;
        let error = mine.unseal(Purpose::Secret, &Sealed::from_bytes(bytes)).unwrap_err();
        assert!(matches!(error, UnsealError::NotForThisKey { .. }));
    }
}
