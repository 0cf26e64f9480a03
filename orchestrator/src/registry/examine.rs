//! Reading what a component says of itself, before it is registered.

use hostwright_manifest::section::{self, SectionError};
use hostwright_manifest::{Kind, Manifest, ManifestError, digest};
use hostwright_model::plugin::{PluginKind, PluginSignature};

use super::TrustedKeys;

/// How large a component may be.
const LARGEST: usize = 128 << 20;

/// What a component says of itself, and how sure it is who made it.
#[derive(Clone, Debug)]
pub struct Examined {
    /// What the manifest says.
    pub manifest: Manifest,
    /// The manifest as embedded.
    pub text: String,
    /// What it serves.
    pub kind: PluginKind,
    /// `sha256:` and hex.
    pub digest: String,
    /// Who signed it.
    pub signature: PluginSignature,
}

/// A component cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum ExamineError {
    /// It is too large.
    #[error("the component has {bytes} bytes, more than {LARGEST}")]
    TooLarge {
        /// How many.
        bytes: usize,
    },
    /// It is no component, or carries no manifest.
    #[error("{0}")]
    Section(SectionError),
    /// Its manifest cannot be used.
    #[error("{0}")]
    Manifest(ManifestError),
    /// The signature is by nobody who is trusted to sign plugins of this publisher.
    #[error(
        "the signature is not one of publisher `{publisher}` over this component: sign it with a key that is trusted for \
         `{publisher}`, or add `{publisher}:KEY` to `plugins.publisher_keys`"
    )]
    Untrusted {
        /// Who made it, as its manifest says.
        publisher: String,
    },
}

/// Reads the manifest of a component and checks its signature, if there is one.
pub fn examine(
    component: &[u8],
    signature: Option<&str>,
    trusted: &TrustedKeys,
) -> Result<Examined, ExamineError> {
    if component.len() > LARGEST {
        return Err(ExamineError::TooLarge { bytes: component.len() });
    }
    let text = section::extract(component).map_err(ExamineError::Section)?;
    let manifest = Manifest::parse(&text).map_err(ExamineError::Manifest)?;
    let kind = match &manifest.kind {
        Kind::Provider { collection } => PluginKind::Provider { collection: collection.clone() },
        Kind::Driver { platform } => PluginKind::Driver { platform: platform.clone() },
    };
    let signature = match signature {
        None => PluginSignature::None,
        Some(signature) => {
            let publisher = manifest.id.publisher();
            let signer = trusted.signer_of(publisher, component, signature);
            let signer = signer.ok_or_else(|| ExamineError::Untrusted { publisher: publisher.to_owned() })?;
            let signature = signature.trim().to_owned();
            PluginSignature::Trusted { publisher_key: signer.to_string(), signature }
        }
    };
    Ok(Examined { manifest, text, kind, digest: digest::of(component).to_string(), signature })
}

#[cfg(test)]
mod tests {
    use hostwright_manifest::signature::SigningKey;

    use super::*;

    const MANIFEST: &str = r#"
        manifest = 1
        id = "example/motd"
        version = "1.2.0"
        kind = "provider"
        api = "0.1"
        collection = "example.motd"
        summary = "The message of the day"
        license = "Apache-2.0"
    "#;

    /// The smallest component there is.
    fn component() -> Vec<u8> {
        section::embed(b"\0asm\x0d\0\x01\0", MANIFEST).unwrap()
    }

    #[test]
    fn a_component_signed_by_a_trusted_key_says_who_it_is() {
        let key = SigningKey::generate();
        let trusted = TrustedKeys::parse(&[format!("example:{}", key.verifying_key())]).unwrap();
        let examined = examine(&component(), Some(&key.sign(&component())), &trusted).unwrap();
        assert_eq!(examined.manifest.id.to_string(), "example/motd");
        assert_eq!(examined.kind.serves(), "example.motd");
        assert!(matches!(examined.signature, PluginSignature::Trusted { .. }));
        assert_eq!(examine(&component(), None, &trusted).unwrap().signature, PluginSignature::None);
    }

    #[test]
    fn what_is_no_component_or_signed_by_a_stranger_is_refused() {
        let (key, stranger) = (SigningKey::generate(), SigningKey::generate());
        let trusted = TrustedKeys::parse(&[format!("example:{}", key.verifying_key())]).unwrap();
        let error = examine(&component(), Some(&stranger.sign(&component())), &trusted).unwrap_err();
        assert!(matches!(error, ExamineError::Untrusted { publisher } if publisher == "example"));
        let foreign = TrustedKeys::parse(&[format!("other:{}", key.verifying_key())]).unwrap();
        let error = examine(&component(), Some(&key.sign(&component())), &foreign).unwrap_err();
        assert!(matches!(error, ExamineError::Untrusted { .. }), "its holder signs under his own name only");
        assert!(matches!(examine(b"<html>", None, &trusted), Err(ExamineError::Section(_))));
        assert!(matches!(examine(b"\0asm\x0d\0\x01\0", None, &trusted), Err(ExamineError::Section(_))));
    }
}
