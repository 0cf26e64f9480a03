//! Queries: what stands behind the question mark.

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use utoipa::IntoParams;

use super::ApiError;

/// The parameters of a query. Those that nobody asks for are ignored, as clients expect.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    path: String,
    parameters: Vec<(String, String)>,
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Ok(OriginalUri(uri)) = OriginalUri::from_request_parts(parts, state).await;
        Ok(Self::read(uri.path(), uri.query().unwrap_or_default()))
    }
}

impl Query {
    fn read(path: &str, text: &str) -> Self {
        let parameters = text
            .split('&')
            .filter(|part| !part.is_empty())
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .map(|(name, value)| (decode(name), decode(value)))
            .collect();
        Self { path: path.to_owned(), parameters }
    }

    /// Returns a parameter as text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns a parameter that is true or false.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.text(name) {
            None => Ok(None),
            // `?show_processed` alone is meant.
            Some("true" | "True" | "1" | "") => Ok(Some(true)),
            Some("false" | "False" | "0") => Ok(Some(false)),
            Some(other) => Err(bad(name, "`true` or `false`", other)),
        }
    }

    /// Returns a parameter that is a number.
    pub(crate) fn count(&self, name: &str) -> Result<Option<usize>, ApiError> {
        match self.text(name) {
            None => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| bad(name, "a whole number of at least 0", text)),
        }
    }

    /// Returns which part of a list is wanted.
    pub(crate) fn page(&self) -> Result<Page, ApiError> {
        let offset = self.count("offset")?.unwrap_or(0);
        let limit = self.count("limit")?;
        if limit == Some(0) {
            return Err(bad("limit", "at least 1", "0"));
        }
        Ok(Page { offset, limit, query: self.clone() })
    }
}

/// Which part of a list is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// How many to skip.
    pub(crate) offset: usize,
    /// How many at most.
    pub(crate) limit: Option<usize>,
    query: Query,
}

impl Page {
    /// Returns the address of the page that begins at another offset.
    pub(crate) fn at(&self, offset: usize) -> String {
        let others = self.query.parameters.iter().filter(|(name, _)| name != "offset");
        let mut text = format!("{}?offset={offset}", self.query.path);
        for (name, value) in others {
            text.push_str(&format!("&{}={}", encode(name), encode(value)));
        }
        text
    }
}

/// Which part of a list is wanted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only the description of the API reads the fields; requests are read by hand")]
pub(crate) struct PageQuery {
    /// How many to skip.
    offset: Option<usize>,
    /// How many at most; everything if not given.
    limit: Option<usize>,
}

fn bad(name: &str, wanted: &str, given: &str) -> ApiError {
    ApiError::bad_request(format!("query parameter `{name}` must be {wanted}, it is `{given}`"))
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_keeps_the_rest_of_the_query() {
        let query = Query::read("/api/a%20b", "limit=2&key=x+y%26z&offset=0");
        assert_eq!(query.text("key"), Some("x y&z"));
        assert_eq!(query.page().unwrap().at(2), "/api/a%20b?offset=2&limit=2&key=x%20y%26z");
    }

    #[test]
    fn flags_are_understood_or_refused() {
        let query = Query::read("/", "a&b=false&c=maybe");
        assert_eq!(
            (query.flag("a").unwrap(), query.flag("b").unwrap(), query.flag("d").unwrap()),
            (Some(true), Some(false), None)
        );
        assert!(query.flag("c").is_err());
    }
}
