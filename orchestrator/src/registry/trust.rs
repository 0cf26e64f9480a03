//! Whose plugins are trusted.

use hostwright_manifest::signature::{SignatureError, VerifyingKey};

/// Keys that the site trusts, each for the plugins of one publisher: whoever holds a key signs under his own name only.
#[derive(Clone, Debug, Default)]
pub struct TrustedKeys(Vec<(String, VerifyingKey)>);

/// What should say whom to trust does not.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Whose key it is does not stand before it.
    #[error(
        "plugins.publisher_keys: `{entry}` names no publisher: write `PUBLISHER:KEY`, with what stands before the `/` in \
         the ids of the publisher's plugins"
    )]
    NoPublisher {
        /// As configured.
        entry: String,
    },
    /// What stands there is no key.
    #[error("plugins.publisher_keys: the key of `{publisher}`")]
    Key {
        /// Whose.
        publisher: String,
        /// Why.
        #[source]
        source: SignatureError,
    },
}

impl TrustedKeys {
    /// Reads keys in the form `publisher:base64`.
    pub fn parse(entries: &[String]) -> Result<Self, TrustError> {
        let mut keys = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some((publisher, key)) = entry.split_once(':') else {
                return Err(TrustError::NoPublisher { entry: entry.clone() });
            };
            let publisher = publisher.trim().to_owned();
            match VerifyingKey::parse(key.trim()) {
                Ok(key) => keys.push((publisher, key)),
                Err(source) => return Err(TrustError::Key { publisher, source }),
            }
        }
        Ok(Self(keys))
    }

    /// Returns the key of this publisher that signed these bytes, if one did.
    pub fn signer_of(&self, publisher: &str, component: &[u8], signature: &str) -> Option<VerifyingKey> {
        let own = self.0.iter().filter(|(name, _)| name == publisher);
        own.map(|(_, key)| *key).find(|key| key.verify(component, signature).is_ok())
    }

    /// Returns whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use hostwright_manifest::signature::SigningKey;

    use super::*;

    #[test]
    fn a_key_counts_for_the_plugins_of_its_publisher() {
        let (ours, theirs) = (SigningKey::generate(), SigningKey::generate());
        let entries = [("ours", &ours), ("theirs", &theirs)];
        let entries = entries.map(|(name, key)| format!("{name}:{}", key.verifying_key()));
        let trusted = TrustedKeys::parse(&entries).unwrap();
        let signature = theirs.sign(b"component");
        assert_eq!(trusted.signer_of("theirs", b"component", &signature), Some(theirs.verifying_key()));
        assert_eq!(trusted.signer_of("ours", b"component", &signature), None);
        assert_eq!(trusted.signer_of("theirs", b"another", &signature), None);
    }

    #[test]
    fn a_key_without_a_publisher_says_how_to_mend_it() {
        let key = SigningKey::generate().verifying_key().to_string();
        let error = TrustedKeys::parse(std::slice::from_ref(&key)).unwrap_err().to_string();
        assert!(error.contains(&key) && error.contains("write `PUBLISHER:KEY`"), "{error}");
        let error = TrustedKeys::parse(&["example:abc".to_owned()]).unwrap_err();
        assert_eq!(error.to_string(), "plugins.publisher_keys: the key of `example`");
    }
}
