//! `hostwright:host/secrets`, and the places where a handle becomes a value at the moment of effect.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::answers::failed;
use crate::plugin::Context;
use crate::provider::ProviderError;

/// What stands in place of a secret value.
const REDACTED: &[u8] = b"[secret]";

/// A shorter value is not searched for: it would be found everywhere.
const SEARCHED_MINIMUM: usize = 4;

/// No text that could be a reference is longer.
const REFERENCE_MAXIMUM: usize = 4096;

/// Shows a secret value to the plugin itself.
pub(crate) fn reveal(context: &Context, handle: &str) -> Result<Vec<u8>, ProviderError> {
    if !context.permits.grants.reveal_secrets {
        return Err(
            context.not_granted("secrets.reveal", "`\"reveal-secrets\": true`", |asked| asked.reveal_secrets)
        );
    }
    value_of(context, handle).map(|value| value.to_vec())
}

/// Returns what a program or file is really given: a secret's value where the bytes are exactly a reference to it
/// (`{"$hostwright": {"secret": "handle"}}`), the bytes themselves otherwise.
pub(super) fn resolve(context: &Context, bytes: Vec<u8>) -> Result<Vec<u8>, ProviderError> {
    match reference(&bytes) {
        Some(handle) => value_of(context, &handle).map(|value| value.to_vec()),
        None => Ok(bytes),
    }
}

/// Returns whether a text is, or holds, a reserved reference. Such a text is never an argument.
pub(super) fn mentions_reference(text: &str) -> bool {
    text.contains("\"$hostwright\"")
}

/// Secret values that were revealed in one call, to the plugin or to what it runs.
#[derive(Clone, Default)]
pub(crate) struct Revealed(Arc<Mutex<Vec<Zeroizing<Vec<u8>>>>>);

impl Revealed {
    fn remember(&self, value: Zeroizing<Vec<u8>>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(value);
    }

    /// Takes every one of them out of what comes back: raw, in base64 and percent-encoded.
    pub(crate) fn scrub(&self, bytes: &[u8]) -> Vec<u8> {
        let mut clean = bytes.to_vec();
        for value in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            let value = value.trim_ascii_end();
            let base64 = Zeroizing::new(STANDARD_NO_PAD.encode(value));
            let percent = Zeroizing::new(percent_encoded(value));
            for form in [value, base64.as_bytes(), percent.as_bytes()] {
                clean = replace(clean, form);
            }
        }
        clean
    }
}

fn percent_encoded(value: &[u8]) -> String {
    let mut encoded = String::new();
    for &byte in value {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn replace(bytes: Vec<u8>, form: &[u8]) -> Vec<u8> {
    if form.len() < SEARCHED_MINIMUM || !bytes.windows(form.len()).any(|window| window == form) {
        return bytes;
    }
    let mut clean = Vec::with_capacity(bytes.len());
    let mut rest = &bytes[..];
    while let Some((first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(form) {
            clean.extend_from_slice(REDACTED);
            rest = after;
        } else {
            clean.push(*first);
            rest = after;
        }
    }
    clean
}

fn value_of(context: &Context, handle: &str) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
    let Some(value) = context.host.secrets.reveal(handle) else {
        return Err(failed(format!("this host has no secret `{}`", handle.escape_debug())));
    };
    context.revealed.remember(value.clone());
    Ok(value)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reference {
    #[serde(rename = "$hostwright")]
    reserved: Reserved,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reserved {
    secret: String,
}

fn reference(bytes: &[u8]) -> Option<String> {
    if bytes.len() > REFERENCE_MAXIMUM || !bytes.starts_with(b"{") {
        return None;
    }
    serde_json::from_slice::<Reference>(bytes).ok().map(|reference| reference.reserved.secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Mode;
    use crate::capabilities::testing::{context, grants};

    #[test]
    fn a_plugin_sees_a_value_only_where_granted() {
        let (granted, _) = context(grants(r#"{"reveal-secrets": true}"#), Mode::Plan);
        assert_eq!(reveal(&granted, "h1"), Ok(b"hunter22".to_vec()));
        let (without, _) = context(grants(r#"{"log": true}"#), Mode::Plan);
        insta::assert_snapshot!(reveal(&without, "h1").unwrap_err(), @r#"secrets.reveal is denied: no grant covers it; add `"reveal-secrets": true` to the grants of test/guest"#);
        insta::assert_snapshot!(reveal(&granted, "h2").unwrap_err(), @"this host has no secret `h2`");
    }

    #[test]
    fn a_reference_becomes_its_value_and_anything_else_stays() {
        let (context, _) = context(grants("{}"), Mode::Apply);
        let check = |bytes: &str| String::from_utf8(resolve(&context, bytes.as_bytes().to_vec()).unwrap());
        assert_eq!(check(r#"{"$hostwright":{"secret":"h1"}}"#).unwrap(), "hunter22");
        for plain in ["", "h1", r#"{"secret":"h1"}"#, r#"x {"$hostwright":{"secret":"h1"}}"#, "{\"a\":1}"] {
            assert_eq!(check(plain).unwrap(), plain);
        }
    }

    #[test]
    fn values_are_taken_out_in_every_form() {
        let revealed = Revealed::default();
        revealed.remember(Zeroizing::new(b"hunter 22\n".to_vec()));
        revealed.remember(Zeroizing::new(b"1".to_vec()));
        let text = b"a hunter 22 b aHVudGVyIDIy c hunter%2022 d hunter";
        assert_eq!(revealed.scrub(text), b"a [secret] b [secret] c [secret] d hunter");
        assert_eq!(revealed.scrub(b"1 2 1"), b"1 2 1");
    }
}
