//! Whose plugins are trusted.

use hostwright_manifest::signature::{SignatureError, VerifyingKey};

/// Publishers' keys that the site trusts.
#[derive(Clone, Debug, Default)]
pub struct TrustedKeys(Vec<VerifyingKey>);

impl TrustedKeys {
    /// Reads keys in base64.
    pub fn parse(keys: &[String]) -> Result<Self, SignatureError> {
        keys.iter().map(|key| VerifyingKey::parse(key)).collect::<Result<_, _>>().map(Self)
    }

    /// Returns the key that signed these bytes, if it is one of them.
    pub fn signer_of(&self, component: &[u8], signature: &str) -> Option<VerifyingKey> {
        self.0.iter().find(|key| key.verify(component, signature).is_ok()).copied()
    }

    /// Returns whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
