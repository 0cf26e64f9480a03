//! Public keys and their short names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::base64_text;
use crate::signing::Statement;

/// An Ed25519 public key, checked to be one. As text it is standard base64.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    /// Parses the 32 bytes of a key; a weak key, under which anything could be signed, is none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidKey> {
        let array = <&[u8; 32]>::try_from(bytes).map_err(|_| InvalidKey::Size { size: bytes.len() })?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(array).map_err(|_| InvalidKey::NotAKey)?;
        if key.is_weak() { Err(InvalidKey::NotAKey) } else { Ok(Self(*array)) }
    }

    /// Returns the 32 bytes.
    pub const fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    /// Returns the short name that frames carry.
    pub fn key_id(&self) -> KeyId {
        let mut id = [0; 16];
        id.copy_from_slice(&self.fingerprint().0[..16]);
        KeyId(id)
    }

    /// Returns the name that stands for the key where it is to be trusted.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Sha256::digest(self.0).into())
    }

    pub(crate) fn of(key: &ed25519_dalek::SigningKey) -> Self {
        Self(key.verifying_key().to_bytes())
    }

    pub(crate) fn verify(
        &self,
        statement: Statement,
        content: &[u8],
        signature: &[u8; 64],
    ) -> Result<(), BadSignature> {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        ed25519_dalek::VerifyingKey::from_bytes(&self.0)
            .and_then(|key| key.verify_strict(&statement.over(content), &signature))
            .map_err(|_| BadSignature { key: self.key_id() })
    }
}

/// An X25519 public key, to which secrets are sealed. As text it is standard base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SealingKey(crypto_box::PublicKey);

impl SealingKey {
    /// Parses the 32 bytes of a key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidKey> {
        let array = <[u8; 32]>::try_from(bytes).map_err(|_| InvalidKey::Size { size: bytes.len() })?;
        Ok(Self(crypto_box::PublicKey::from_bytes(array)))
    }

    /// Returns the 32 bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    pub(crate) fn of(key: &crypto_box::SecretKey) -> Self {
        Self(key.public_key())
    }

    pub(crate) const fn inner(&self) -> &crypto_box::PublicKey {
        &self.0
    }
}

macro_rules! as_text {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&base64_text::encode(&self.to_bytes()))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = InvalidKey;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::from_bytes(&base64_text::decode(text).map_err(|_| InvalidKey::NotBase64)?)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidKey;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(key: $name) -> Self {
                key.to_string()
            }
        }
    };
}

as_text!(VerifyingKey);
as_text!(SealingKey);

/// The first 16 bytes of the SHA-256 of a public key: says which key to check a frame against, proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

impl KeyId {
    /// Wraps bytes that came with a frame.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes, for a frame.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| InvalidKey::NotHex)?;
        Ok(Self(bytes))
    }
}

/// The SHA-256 of a public key: whoever knows it knows the key when it is shown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint([u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| InvalidKey::NotHex)?;
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = InvalidKey;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

/// Bytes or text that are not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Of the wrong length.
    #[error("a key of {size} bytes is not one of 32")]
    Size {
        /// What was given.
        size: usize,
    },
    /// Of the right length, but not a point that may serve as a key.
    #[error("the bytes are not a usable key")]
    NotAKey,
    /// Keys are written in base64.
    #[error("the key is not in base64")]
    NotBase64,
    /// Fingerprints and key ids are written in hexadecimal.
    #[error("the fingerprint or key id is not in hexadecimal of the right length")]
    NotHex,
    /// Stored by a version that this one does not know.
    #[error("stored keys have format {got}, this version reads {supported}")]
    Format {
        /// What was read.
        got: u8,
        /// What can be read.
        supported: u8,
    },
    /// Stored keys that are cut off or do not belong together.
    #[error("stored keys are damaged: {reason}")]
    Damaged {
        /// What is wrong.
        reason: &'static str,
    },
}

/// The bytes were not signed by this key for this purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not one of key {key} over these bytes for this purpose")]
pub struct BadSignature {
    /// Against which it was checked.
    pub key: KeyId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::RootKey;

    #[test]
    fn keys_survive_text_and_bytes() {
        let key = RootKey::generate(&mut rand::thread_rng()).public();
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_eq!(VerifyingKey::from_bytes(&key.to_bytes()), Ok(key));
        assert_eq!(key.key_id().to_string().parse(), Ok(key.key_id()));
        assert_eq!(key.fingerprint().to_string().parse(), Ok(key.fingerprint()));
        assert_eq!(key.key_id().to_bytes(), key.fingerprint().0[..16]);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(VerifyingKey::from_bytes(&[1; 31]), Err(InvalidKey::Size { size: 31 }));
        // The point of order one: every signature would verify under it.
        let mut weak = [0; 32];
        weak[0] = 1;
        assert_eq!(VerifyingKey::from_bytes(&weak), Err(InvalidKey::NotAKey));
        assert_eq!("?".parse::<VerifyingKey>(), Err(InvalidKey::NotBase64));
        assert_eq!("abc".parse::<KeyId>(), Err(InvalidKey::NotHex));
    }
}
