//! Versions: `ETag` and `If-Match`.

use axum::extract::FromRequestParts;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};

use super::ApiError;

/// The version that the caller wants to change; any, if nothing is said.
#[derive(Clone, Debug, Default)]
pub(crate) struct IfMatch(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        match parts.headers.get(IF_MATCH) {
            None => Ok(Self(None)),
            Some(value) => {
                let text = value
                    .to_str()
                    .map_err(|_| ApiError::bad_request("the `If-Match` header is not plain text"))?;
                Ok(Self(Some(text.to_owned())))
            }
        }
    }
}

impl IfMatch {
    /// Refuses if the thing has another version by now.
    pub(crate) fn check(&self, what: &str, version: u64) -> Result<(), ApiError> {
        let Some(wanted) = &self.0 else { return Ok(()) };
        let current = format!("\"{version}\"");
        if wanted.split(',').map(str::trim).any(|tag| tag == "*" || tag == current) {
            return Ok(());
        }
        let detail = format!("{what} is at version {version}, not {wanted}: read it again");
        Err(ApiError::new(StatusCode::PRECONDITION_FAILED, detail))
    }
}

/// Returns a version as a header.
pub(crate) fn etag(version: u64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_current_version_matches() {
        let matches = |text: &str| IfMatch(Some(text.into())).check("host", 3).is_ok();
        assert!(matches("\"3\"") && matches("*") && matches("\"2\", \"3\""));
        assert!(!matches("\"2\"") && !matches("3"));
        assert!(IfMatch(None).check("host", 3).is_ok());
    }
}
