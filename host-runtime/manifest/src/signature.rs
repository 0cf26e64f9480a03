//! A publisher's word for the bytes of a component: detached, Ed25519, kept beside the component as `.sig`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;

/// What is signed begins with this, so that the signature means nothing in any other place.
const CONTEXT: &[u8] = b"hostwright component signature v1\0";

/// A publisher's private key. It is wiped from memory when dropped and never shown.
pub struct SigningKey(ed25519_dalek::SigningKey);

/// A publisher's public key, written in base64.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

impl SigningKey {
    /// Returns a new key.
    pub fn generate() -> Self {
        Self(ed25519_dalek::SigningKey::generate(&mut rand::rngs::OsRng))
    }

    /// Returns the key that was kept as these 32 bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(bytes))
    }

    /// Returns the bytes to keep, where nobody else can read them.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Returns the key that checks what this one signs.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key())
    }

    /// Returns the signature over a component's bytes, in base64.
    pub fn sign(&self, component: &[u8]) -> String {
        STANDARD.encode(self.0.sign(&statement(component)).to_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKey(for {})", self.verifying_key())
    }
}

impl VerifyingKey {
    /// Reads a public key from base64.
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        let bytes: [u8; 32] = STANDARD
            .decode(text.trim())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(SignatureError::Key)?;
        ed25519_dalek::VerifyingKey::from_bytes(&bytes).map(Self).map_err(|_| SignatureError::Key)
    }

    /// Checks that the owner of this key signed exactly these bytes.
    pub fn verify(&self, component: &[u8], signature: &str) -> Result<(), SignatureError> {
        let bytes = STANDARD.decode(signature.trim()).map_err(|_| SignatureError::Form)?;
        let signature = ed25519_dalek::Signature::from_slice(&bytes).map_err(|_| SignatureError::Form)?;
        self.0.verify_strict(&statement(component), &signature).map_err(|_| SignatureError::Mismatch)
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&STANDARD.encode(self.0.to_bytes()))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Returns the signature of `key` over a component's bytes, in base64.
pub fn sign(key: &SigningKey, component: &[u8]) -> String {
    key.sign(component)
}

/// Checks that the owner of `key` signed exactly these bytes.
pub fn verify(key: &VerifyingKey, component: &[u8], signature: &str) -> Result<(), SignatureError> {
    key.verify(component, signature)
}

/// The digest, not the bytes, so that large components are hashed once and the statement stays small.
fn statement(component: &[u8]) -> Vec<u8> {
    [CONTEXT, crate::digest::of(component).as_bytes()].concat()
}

/// Why a signature is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not base64 of 32 bytes, or no point of the curve.
    #[error("the publisher's key is not an Ed25519 public key in base64")]
    Key,
    /// Not base64 of 64 bytes.
    #[error("the signature is not an Ed25519 signature in base64")]
    Form,
    /// Of other bytes or by another key.
    #[error("the signature is not by this publisher over these bytes")]
    Mismatch,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_bytes_and_key_only() {
        let key = SigningKey::generate();
        let signature = sign(&key, b"component");
        assert_eq!(verify(&key.verifying_key(), b"component", &signature), Ok(()));
        assert_eq!(verify(&key.verifying_key(), b"componenT", &signature), Err(SignatureError::Mismatch));
        let stranger = SigningKey::generate().verifying_key();
        assert_eq!(verify(&stranger, b"component", &signature), Err(SignatureError::Mismatch));
    }

    #[test]
    fn a_signature_made_for_another_purpose_does_not_hold() {
        let key = ed25519_dalek::SigningKey::generate(&mut rand::rngs::OsRng);
        let elsewhere = STANDARD.encode(key.sign(crate::digest::of(b"component").as_bytes()).to_bytes());
        let verifying = VerifyingKey(key.verifying_key());
        assert_eq!(verifying.verify(b"component", &elsewhere), Err(SignatureError::Mismatch));
    }

    #[test]
    fn keys_survive_being_written_down() {
        let key = SigningKey::generate();
        let again = SigningKey::from_bytes(&key.to_bytes());
        assert_eq!(again.verifying_key(), key.verifying_key());
        assert_eq!(VerifyingKey::parse(&key.verifying_key().to_string()), Ok(key.verifying_key()));
    }

    #[test]
    fn the_private_key_is_not_shown() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let shown = format!("{key:?}");
        assert!(!shown.contains(&STANDARD.encode([7; 32])) && !shown.contains("7, 7"), "{shown}");
    }

    #[test]
    fn what_is_no_key_or_signature_is_named_as_such() {
        let key = SigningKey::generate().verifying_key();
        assert_eq!(VerifyingKey::parse("AAAA"), Err(SignatureError::Key));
        assert_eq!(key.verify(b"", "not base64!"), Err(SignatureError::Form));
        assert_eq!(key.verify(b"", "AAAA"), Err(SignatureError::Form));
    }
}
