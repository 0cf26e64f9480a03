//! What a request says about its caller.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// What a request says about its caller; not yet believed.
pub(super) enum Credentials {
    /// A user with a password.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: Zeroizing<String>,
    },
    /// An API key.
    Key(Zeroizing<String>),
}

/// Headers that carry an API key alone: ours, and the one that clients of the API we continue send.
const KEY_HEADERS: [&str; 2] = ["x-hostwright-appkey", "x-comodit-appkey"];

/// A request cannot say who calls.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidCredentials {
    /// There is nothing.
    #[error(
        "log in: send `Authorization: Basic …` with a user's name and password, or `Bearer …` with an API key"
    )]
    Missing,
    /// Something is there that is not understood.
    #[error("the `{header}` header is not understood: {reason}")]
    Malformed {
        /// Which.
        header: &'static str,
        /// Why.
        reason: &'static str,
    },
}

impl Credentials {
    /// Reads them from a request's headers.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, InvalidCredentials> {
        for header in KEY_HEADERS {
            if let Some(value) = headers.get(header) {
                let reason = "it must be plain text";
                let key = value.to_str().map_err(|_| InvalidCredentials::Malformed { header, reason })?;
                return Ok(Self::Key(Zeroizing::new(key.trim().to_owned())));
            }
        }
        let value = headers.get(AUTHORIZATION).ok_or(InvalidCredentials::Missing)?;
        let malformed = |reason| InvalidCredentials::Malformed { header: "Authorization", reason };
        let value = value.to_str().map_err(|_| malformed("it must be plain text"))?;
        let (scheme, rest) =
            value.split_once(' ').ok_or_else(|| malformed("it must be a scheme and a value"))?;
        if scheme.eq_ignore_ascii_case("bearer") {
            return Ok(Self::Key(Zeroizing::new(rest.trim().to_owned())));
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(malformed("its scheme must be `Basic` or `Bearer`"));
        }
        let decoded = STANDARD.decode(rest.trim()).map_err(|_| malformed("its value must be base64"))?;
        let decoded = Zeroizing::new(decoded);
        let text = std::str::from_utf8(&decoded).map_err(|_| malformed("its value must be UTF-8"))?;
        let (username, password) =
            text.split_once(':').ok_or_else(|| malformed("its value must be `name:password`"))?;
        Ok(Self::Basic { username: username.to_owned(), password: Zeroizing::new(password.to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(header: &'static str, value: &'static str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(header, HeaderValue::from_static(value));
        match Credentials::of(&headers) {
            Ok(Credentials::Basic { username, password }) => format!("{username}:{}", *password),
            Ok(Credentials::Key(key)) => format!("key {}", *key),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_way_to_say_it_is_understood() {
        assert_eq!(read("authorization", "Basic YWRtaW46YTpi"), "admin:a:b");
        assert_eq!(read("authorization", "bearer k1"), "key k1");
        assert_eq!(read("x-hostwright-appkey", "k1"), "key k1");
        assert_eq!(read("x-comodit-appkey", "k1"), "key k1");
    }

    #[test]
    fn what_is_not_understood_says_why() {
        let check = |value, why: &str| {
            assert_eq!(
                read("authorization", value),
                format!("the `Authorization` header is not understood: {why}")
            );
        };
        check("Digest x", "its scheme must be `Basic` or `Bearer`");
        check("Basic %%%", "its value must be base64");
        check("Basic YWRtaW4=", "its value must be `name:password`");
        check("Basic", "it must be a scheme and a value");
        assert!(read("x-other", "1").starts_with("log in: "));
    }
}
