//! The root of trust.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};
use rand::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use super::certificate::{Certificate, CertifiedKeys, Validity};
use super::public::{Fingerprint, InvalidKey, SealingKey, VerifyingKey};
use super::stored;
use crate::signing::Statement;

/// The key that agents pin. It signs certificates and nothing else, and may be kept off line.
#[derive(Clone)]
pub struct RootKey(SigningKey);

impl RootKey {
    /// Makes a new one.
    pub fn generate(rng: &mut (impl CryptoRng + RngCore)) -> Self {
        Self(SigningKey::generate(rng))
    }

    /// Reads what [`RootKey::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidKey> {
        let ([key], rest) = stored::load(bytes)?;
        stored::nothing_left(rest)?;
        Ok(Self(SigningKey::from_bytes(&key)))
    }

    /// Returns the secret, for storing.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        stored::store(&[self.0.as_bytes()], &[])
    }

    /// Returns the public half.
    pub fn public(&self) -> VerifyingKey {
        VerifyingKey::of(&self.0)
    }

    /// Returns what tokens carry.
    pub fn fingerprint(&self) -> Fingerprint {
        self.public().fingerprint()
    }

    /// Certifies the keys of an orchestrator, which shows only their public halves.
    pub fn certify(&self, signing: VerifyingKey, sealing: SealingKey, validity: Validity) -> Certificate {
        let keys = CertifiedKeys { signing, sealing, validity };
        let statement = keys.to_statement();
        let signature = self.0.sign(&Statement::Certificate.over(&statement)).to_bytes();
        Certificate::new(self.public(), signature, statement)
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootKey({}, secret withheld)", self.public().key_id())
    }
}
