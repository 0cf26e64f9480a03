//! Enrolment tokens: what a person carries to a machine.
//!
//! `hw1_` and base64url of one JSON object. A token lets each end prove itself to the other: the machine knows the
//! root key's fingerprint, the orchestrator knows the secret's [`AuthenticationKey`].

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::base64_text;
use crate::ids::{EnrolmentTokenId, EnvironmentId, HostId, OrganizationId};
use crate::keys::Fingerprint;

const PREFIX: &str = "hw1_";

/// A token. Its text form is the secret itself; `Debug` shows everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Where the bus is, as the machine reaches it.
    pub bus: String,
    /// To which the machine will belong.
    pub organization: OrganizationId,
    /// What it will be there.
    pub scope: Scope,
    /// Whom to believe.
    pub root: Fingerprint,
    /// By which the orchestrator knows it.
    pub id: EnrolmentTokenId,
    /// What only the token's holder and its maker know.
    pub secret: TokenSecret,
}

/// What a machine becomes by a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// This host.
    Host(HostId),
    /// A discovered host, unclaimed in this environment if one is given.
    Discovered(Option<EnvironmentId>),
}

#[derive(Serialize, Deserialize)]
struct Text {
    bus: String,
    organization: OrganizationId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<HostId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    environment: Option<EnvironmentId>,
    root: Fingerprint,
    id: EnrolmentTokenId,
    secret: TokenSecret,
}

impl Token {
    /// Returns the text that a person carries.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the struct holds nothing that JSON cannot write"
    )]
    pub fn encode(&self) -> Zeroizing<String> {
        let Self { bus, organization, scope, root, id, secret } = self.clone();
        let (host, environment) = match scope {
            Scope::Host(host) => (Some(host), None),
            Scope::Discovered(environment) => (None, environment),
        };
        let text = Text { bus, organization, host, environment, root, id, secret };
        let json = Zeroizing::new(serde_json::to_vec(&text).expect("a token can be written"));
        Zeroizing::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&*json)))
    }
}

impl FromStr for Token {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(encoded) = text.trim().strip_prefix(PREFIX) else {
            return Err(InvalidToken::Prefix { got: text.trim().chars().take(PREFIX.len()).collect() });
        };
        let json = Zeroizing::new(URL_SAFE_NO_PAD.decode(encoded).map_err(|_| InvalidToken::Encoding)?);
        // The error of the parser would quote the content, and the content is secret.
        let text: Text = serde_json::from_slice(&json).map_err(|_| InvalidToken::Content)?;
        let Text { bus, organization, host, environment, root, id, secret } = text;
        let scope = host.map_or(Scope::Discovered(environment), Scope::Host);
        Ok(Self { bus, organization, scope, root, id, secret })
    }
}

/// Why a text is not a token; says nothing of its content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Something else, or by a newer version.
    #[error("the token begins with `{got}`, not with `{PREFIX}`")]
    Prefix {
        /// Its first characters.
        got: String,
    },
    /// Damaged in copying.
    #[error("the token is damaged: it is not base64url; copy it whole, without spaces or line breaks")]
    Encoding,
    /// Cut off, or not ours.
    #[error("the token is damaged: its content is incomplete; copy it whole")]
    Content,
}

/// 32 random bytes.
#[derive(Clone, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenSecret(#[serde(with = "base64_text")] [u8; 32]);

impl TokenSecret {
    /// Makes a new one.
    pub fn generate(rng: &mut (impl CryptoRng + RngCore)) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Returns what authenticates requests. The orchestrator stores this instead of the secret.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "HKDF refuses only lengths above 8,160 bytes"
    )]
    pub fn authentication_key(&self) -> AuthenticationKey {
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(None, &self.0)
            .expand(b"hostwright 1 enrolment request", &mut key)
            .expect("32 bytes are no unusual length");
        AuthenticationKey(key)
    }
}

impl PartialEq for TokenSecret {
    fn eq(&self, other: &Self) -> bool {
        subtle::ConstantTimeEq::ct_eq(self.0.as_slice(), other.0.as_slice()).into()
    }
}

impl Eq for TokenSecret {}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(withheld)")
    }
}

/// Derived from a token's secret; shows that a request comes from the token's holder.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct AuthenticationKey([u8; 32]);

impl AuthenticationKey {
    /// Wraps bytes that were stored.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes, for storing.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0)
    }

    pub(crate) fn authenticate(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.mac(parts).finalize().into_bytes().into()
    }

    pub(crate) fn is_authentic(&self, parts: &[&[u8]], code: &[u8; 32]) -> bool {
        self.mac(parts).verify(code.into()).is_ok()
    }

    /// Lengths keep the border between two parts from moving.
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn mac(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(&self.0).expect("any key is good");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

impl fmt::Debug for AuthenticationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthenticationKey(withheld)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::samples::{identity, uuid};
    use crate::keys::RootKey;

    fn token(scope: Scope) -> Token {
        let rng = &mut rand::thread_rng();
        Token {
            bus: "ws://127.0.0.1:7690/bus/v1".into(),
            organization: identity().organization,
            scope,
            root: RootKey::generate(rng).fingerprint(),
            id: EnrolmentTokenId::from_uuid(uuid(9)),
            secret: TokenSecret::generate(rng),
        }
    }

    #[test]
    fn token_survives_its_text_form() {
        for scope in [
            Scope::Host(HostId::from_uuid(uuid(1))),
            Scope::Discovered(None),
            Scope::Discovered(Some(EnvironmentId::from_uuid(uuid(2)))),
        ] {
            let token = token(scope);
            let text = token.encode();
            assert!(text.starts_with("hw1_"));
            assert_eq!(format!("  {}\n", *text).parse(), Ok(token));
        }
    }

    #[test]
    fn broken_tokens_are_refused_without_quoting_them() {
        let text = token(Scope::Discovered(None)).encode();
        let parse = |text: &str| text.parse::<Token>().unwrap_err();
        assert_eq!(parse("hw2_abc"), InvalidToken::Prefix { got: "hw2_".into() });
        assert_eq!(parse("hw1_a b"), InvalidToken::Encoding);
        assert_eq!(parse(&text[..text.len() - 24]), InvalidToken::Content);
    }

    #[test]
    fn debug_shows_no_secret() {
        let token = token(Scope::Discovered(None));
        let shown = format!("{token:?} {:?}", token.secret.authentication_key());
        assert!(!shown.contains(&base64_text::encode(&token.secret.0)));
        assert_eq!(shown.matches("withheld").count(), 2);
    }

    #[test]
    fn derived_key_is_not_the_secret_and_binds_every_part() {
        let secret = TokenSecret::generate(&mut rand::thread_rng());
        let key = secret.authentication_key();
        assert_ne!(*key.to_bytes(), secret.0);
        let code = key.authenticate(&[b"ab", b"c"]);
        assert!(AuthenticationKey::from_bytes(*key.to_bytes()).is_authentic(&[b"ab", b"c"], &code));
        assert!(!key.is_authentic(&[b"a", b"bc"], &code));
        let other = TokenSecret::generate(&mut rand::thread_rng()).authentication_key();
        assert!(!other.is_authentic(&[b"ab", b"c"], &code));
    }
}
