//! Answers that are no error.

use axum::Json;
use axum::http::header::{ETAG, LINK, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hostwright_api_types::List;
use hostwright_model::change::Change;
use hostwright_model::organization::Organization;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::ApiError;
use super::conditional::etag;
use super::query::Page;
use crate::operations::{Work, hosts};

/// What needs no encoding in one segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// Names a change that a write made.
const CHANGE: HeaderName = HeaderName::from_static("hostwright-change");
/// More changes than this are not named one by one: headers have their limits.
const NAMED_CHANGES: usize = 50;

/// Builds an address below `/api` of names as they are.
pub(crate) fn location(segments: &[&str]) -> String {
    let mut path = "/api".to_owned();
    for segment in segments {
        path.push('/');
        path.push_str(&utf8_percent_encode(segment, SEGMENT).to_string());
    }
    path
}

/// Answers with one thing.
pub(crate) fn entity(version: u64, body: impl Serialize) -> Response {
    ([(ETAG, etag(version))], Json(body)).into_response()
}

/// Answers with something new and says where it is.
pub(crate) fn created(location: &str, version: u64, body: impl Serialize) -> Response {
    let mut response = entity(version, body);
    if let Ok(value) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, value);
    }
    response
}

/// Answers that something is gone.
pub(crate) fn deleted() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// Answers that something is on its way.
pub(crate) fn accepted() -> Response {
    StatusCode::ACCEPTED.into_response()
}

/// Answers with one page of a list.
pub(crate) fn list<T: Serialize>(items: Vec<T>, page: &Page) -> Response {
    let list = List::page(items, page.offset, page.limit);
    let next = list.next_offset();
    let mut response = Json(list).into_response();
    if let Some(next) = next
        && let Ok(value) = HeaderValue::try_from(format!("<{}>; rel=\"next\"", page.at(next)))
    {
        response.headers_mut().append(LINK, value);
    }
    response
}

/// Names the changes that a write made: by key, and by a link with `rel="change"`.
pub(crate) async fn with_changes(
    work: &mut Work,
    organization: &Organization,
    changes: &[Change],
    mut answer: Response,
) -> Result<Response, ApiError> {
    let mut headers = HeaderMap::new();
    for change in changes.iter().take(NAMED_CHANGES) {
        let host = work.tx().host(organization.id, change.host).await.map_err(ApiError::store)?;
        let Some(host) = host else { continue };
        let path = hosts::path_of(work, &host).await?;
        let number = change.order_number.to_string();
        let address = location(&[
            "organizations",
            organization.name.as_str(),
            "environments",
            path.environment.as_str(),
            "hosts",
            path.host.as_str(),
            "changes",
            &number,
        ]);
        if let (Ok(key), Ok(link)) = (
            HeaderValue::try_from(change.id.to_string()),
            HeaderValue::try_from(format!("<{address}>; rel=\"change\"")),
        ) {
            headers.append(CHANGE, key);
            headers.append(LINK, link);
        }
    }
    answer.headers_mut().extend(headers);
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_in_addresses() {
        assert_eq!(location(&["hosts", "my host (1)"]), "/api/hosts/my%20host%20%281%29");
    }
}
