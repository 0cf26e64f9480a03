//! An orchestrator's own keys.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};
use rand::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use super::certificate::{Certificate, CertificateError, CertifiedKeys, Validity};
use super::public::{InvalidKey, KeyId, SealingKey, VerifyingKey};
use super::root::RootKey;
use super::stored;
use crate::sealed::{self, Purpose, Sealed, UnsealError};
use crate::signing::Statement;

/// An orchestrator's signing and sealing keys with the root's certificate for them.
#[derive(Clone)]
pub struct OrchestratorKeys {
    signing: SigningKey,
    sealing: crypto_box::SecretKey,
    certificate: Certificate,
    certified: CertifiedKeys,
}

impl OrchestratorKeys {
    /// Makes new keys and has them certified by a root that is at hand.
    pub fn generate(root: &RootKey, validity: Validity, rng: &mut (impl CryptoRng + RngCore)) -> Self {
        let signing = SigningKey::generate(rng);
        let sealing = crypto_box::SecretKey::generate(rng);
        let (verifying, sealed_to) = (VerifyingKey::of(&signing), SealingKey::of(&sealing));
        let certificate = root.certify(verifying, sealed_to.clone(), validity);
        let certified = CertifiedKeys { signing: verifying, sealing: sealed_to, validity };
        Self { signing, sealing, certificate, certified }
    }

    /// Exchanges the certificate for a newer one over the same keys.
    pub fn with_certificate(self, certificate: Certificate) -> Result<Self, InvalidKey> {
        Self::assemble(self.signing, self.sealing, certificate)
    }

    /// Reads what [`OrchestratorKeys::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidKey> {
        let ([signing, sealing], rest) = stored::load(bytes)?;
        let certificate = Certificate::from_bytes(rest)
            .map_err(|_| InvalidKey::Damaged { reason: "the certificate cannot be read" })?;
        Self::assemble(SigningKey::from_bytes(&signing), crypto_box::SecretKey::from(*sealing), certificate)
    }

    /// Returns the secrets and the certificate, for storing.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let sealing = Zeroizing::new(self.sealing.to_bytes());
        stored::store(&[self.signing.as_bytes(), &sealing], &self.certificate.to_bytes())
    }

    /// Returns what agents are shown.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Returns the public halves and how long they are good.
    pub const fn certified(&self) -> &CertifiedKeys {
        &self.certified
    }

    /// Returns the root that certified the keys.
    pub const fn root(&self) -> VerifyingKey {
        self.certificate.root()
    }

    /// Returns the short name of the signing key.
    pub fn key_id(&self) -> KeyId {
        self.certified.signing.key_id()
    }

    /// Opens what was sealed to these keys for this purpose.
    pub fn unseal(&self, purpose: Purpose, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
        sealed::unseal(&self.sealing, purpose, sealed)
    }

    pub(crate) fn sign(&self, statement: Statement, content: &[u8]) -> [u8; 64] {
        self.signing.sign(&statement.over(content)).to_bytes()
    }

    fn assemble(
        signing: SigningKey,
        sealing: crypto_box::SecretKey,
        certificate: Certificate,
    ) -> Result<Self, InvalidKey> {
        let certified =
            certificate.verify_signature(&certificate.root()).map_err(|_: CertificateError| {
                InvalidKey::Damaged { reason: "the certificate is not signed by its root" }
            })?;
        let matches =
            certified.signing == VerifyingKey::of(&signing) && certified.sealing == SealingKey::of(&sealing);
        if matches {
            Ok(Self { signing, sealing, certificate, certified })
        } else {
            Err(InvalidKey::Damaged { reason: "the certificate is for other keys" })
        }
    }
}

impl fmt::Debug for OrchestratorKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "OrchestratorKeys({}, generation {}, secrets withheld)",
            self.key_id(),
            self.certified.validity.generation
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::samples::{at, validity};

    #[test]
    fn stored_keys_come_back_and_show_no_secret() {
        let root = RootKey::generate(&mut rand::thread_rng());
        let keys = OrchestratorKeys::generate(&root, validity(1), &mut rand::thread_rng());
        let stored = keys.to_bytes();
        let back = OrchestratorKeys::from_bytes(&stored).unwrap();
        assert_eq!(back.key_id(), keys.key_id());
        assert_eq!(back.certificate(), keys.certificate());
        assert!(back.certificate().verify(&root.public(), at(0)).is_ok());
        let shown = format!("{keys:?} {root:?}");
        assert!(shown.contains("withheld"));
        assert!(!shown.contains(&hex::encode(&stored[1..33])));
        assert_eq!(RootKey::from_bytes(&root.to_bytes()).unwrap().public(), root.public());
    }

    #[test]
    fn damaged_stored_keys_are_refused() {
        let root = RootKey::generate(&mut rand::thread_rng());
        let keys = OrchestratorKeys::generate(&root, validity(1), &mut rand::thread_rng());
        let other = OrchestratorKeys::generate(&root, validity(1), &mut rand::thread_rng());
        let mut stored = keys.to_bytes().to_vec();
        assert!(matches!(OrchestratorKeys::from_bytes(&stored[..40]), Err(InvalidKey::Damaged { .. })));
        stored[0] = 9;
        assert_eq!(
            OrchestratorKeys::from_bytes(&stored).unwrap_err(),
            InvalidKey::Format { got: 9, supported: 1 }
        );
        assert!(matches!(
            keys.with_certificate(other.certificate().clone()),
            Err(InvalidKey::Damaged { reason: "the certificate is for other keys" })
        ));
    }
}
