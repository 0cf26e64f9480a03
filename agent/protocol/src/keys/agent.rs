//! A machine's own keys.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::public::{InvalidKey, KeyId, SealingKey, VerifyingKey};
use super::stored;
use crate::sealed::{self, Purpose, Sealed, UnsealError};
use crate::signing::Statement;

/// An agent's signing and sealing keys. They are made on the machine and stay there.
#[derive(Clone)]
pub struct AgentKeys {
    signing: SigningKey,
    sealing: crypto_box::SecretKey,
}

impl AgentKeys {
    /// Makes new ones.
    pub fn generate(rng: &mut (impl CryptoRng + RngCore)) -> Self {
        Self { signing: SigningKey::generate(rng), sealing: crypto_box::SecretKey::generate(rng) }
    }

    /// Reads what [`AgentKeys::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidKey> {
        let ([signing, sealing], rest) = stored::load(bytes)?;
        stored::nothing_left(rest)?;
        Ok(Self { signing: SigningKey::from_bytes(&signing), sealing: crypto_box::SecretKey::from(*sealing) })
    }

    /// Returns the secrets, for storing where only the agent can read.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let sealing = Zeroizing::new(self.sealing.to_bytes());
        stored::store(&[self.signing.as_bytes(), &sealing], &[])
    }

    /// Returns the public halves.
    pub fn public(&self) -> AgentPublicKeys {
        AgentPublicKeys { signing: VerifyingKey::of(&self.signing), sealing: SealingKey::of(&self.sealing) }
    }

    /// Returns the short name of the signing key.
    pub fn key_id(&self) -> KeyId {
        VerifyingKey::of(&self.signing).key_id()
    }

    /// Opens what was sealed to this agent for this purpose.
    pub fn unseal(&self, purpose: Purpose, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
        sealed::unseal(&self.sealing, purpose, sealed)
    }

    pub(crate) fn sign(&self, statement: Statement, content: &[u8]) -> [u8; 64] {
        self.signing.sign(&statement.over(content)).to_bytes()
    }
}

impl fmt::Debug for AgentKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgentKeys({}, secrets withheld)", self.key_id())
    }
}

/// What the orchestrator knows of an agent's keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentPublicKeys {
    /// Checks the agent's frames and logins.
    pub signing: VerifyingKey,
    /// Secrets for the agent are sealed to it.
    pub sealing: SealingKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_keys_come_back_and_show_no_secret() {
        let keys = AgentKeys::generate(&mut rand::thread_rng());
        let stored = keys.to_bytes();
        assert_eq!(AgentKeys::from_bytes(&stored).unwrap().public(), keys.public());
        assert!(!format!("{keys:?}").contains(&hex::encode(&stored[1..33])));
        let longer = [stored.as_slice(), &[0]].concat();
        assert_eq!(
            AgentKeys::from_bytes(&longer).unwrap_err(),
            InvalidKey::Damaged { reason: "they are too long" }
        );
    }
}
