//! The one body of every error.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hostwright_api_types::input::Problems;
use hostwright_api_types::{ErrorBody, ErrorItem};
use hostwright_store::StoredAnswer;

use super::repeatable;
use crate::operations::OperationError;

/// The media type of error bodies (RFC 9457). What has it needs no translation on the way out.
pub(crate) const PROBLEM: &str = "application/problem+json";

/// Why a request has no result, as it is answered.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// It is refused.
    Refused(Refusal),
    /// It was answered before, under the same key.
    Replayed(StoredAnswer),
}

/// A refusal with everything that its body says.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    detail: String,
    items: Vec<ErrorItem>,
}

impl ApiError {
    /// Refuses with a status and one text.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::Refused(Refusal { status, detail: detail.into(), items: Vec::new() })
    }

    /// Refuses what was sent.
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// Refuses a caller who is not known.
    pub(crate) fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    /// Refuses one place of what was sent.
    pub(crate) fn invalid(pointer: &str, detail: impl Into<String>) -> Self {
        OperationError::invalid(pointer, detail.into()).into()
    }

    /// Translates what the store says about reading.
    pub(crate) fn store(error: hostwright_store::Error) -> Self {
        OperationError::from(error).into()
    }
}

impl From<OperationError> for ApiError {
    fn from(error: OperationError) -> Self {
        let detail = error.to_string();
        let status = match error {
            OperationError::NotFound { .. } => StatusCode::NOT_FOUND,
            OperationError::Taken { .. } | OperationError::Conflict { .. } | OperationError::Stale { .. } => {
                StatusCode::CONFLICT
            }
            OperationError::Forbidden { .. } => StatusCode::FORBIDDEN,
            OperationError::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            OperationError::Invalid(problems) => {
                let items = problems
                    .into_iter()
                    .map(|problem| ErrorItem { pointer: Some(problem.pointer), detail: problem.message })
                    .collect();
                return Self::Refused(Refusal::of_items(items));
            }
            OperationError::Internal(source) => {
                tracing::error!(
                    error = &*source as &dyn std::error::Error,
                    "a request failed because of a fault here"
                );
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Self::new(status, detail)
    }
}

impl From<Problems> for ApiError {
    fn from(problems: Problems) -> Self {
        Self::Refused(Refusal::of_items(problems.0.into_iter().map(ErrorItem::from).collect()))
    }
}

impl Refusal {
    fn of_items(items: Vec<ErrorItem>) -> Self {
        let detail = match items.as_slice() {
            [one] => one.detail.clone(),
            many => format!("{} things are wrong with what was sent", many.len()),
        };
        Self { status: StatusCode::BAD_REQUEST, detail, items }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(Refusal { status, detail, items }) => respond(status, detail, items),
            Self::Replayed(answer) => repeatable::respond(answer),
        }
    }
}

/// Builds the answer that says what went wrong.
pub(crate) fn respond(status: StatusCode, detail: String, errors: Vec<ErrorItem>) -> Response {
    let error = if errors.is_empty() { vec![detail.clone()] } else { errors.iter().map(text).collect() };
    let (kind, title) = kind(status);
    let kind = format!("urn:hostwright:error:{kind}");
    let body = ErrorBody { error, kind, title: title.to_owned(), status: status.as_u16(), detail, errors };
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    if status == StatusCode::UNAUTHORIZED {
        response
            .headers_mut()
            .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"hostwright\""));
    }
    response
}

/// One text for clients that know only the list of texts.
fn text(item: &ErrorItem) -> String {
    match item.pointer.as_deref() {
        Some(pointer) if !pointer.is_empty() => format!("{} (at {pointer})", item.detail),
        _ => item.detail.clone(),
    }
}

fn kind(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::BAD_REQUEST => ("invalid", "What was sent is not right"),
        StatusCode::UNAUTHORIZED => ("unauthenticated", "It is not known who calls"),
        StatusCode::FORBIDDEN => ("forbidden", "The caller may not do that"),
        StatusCode::NOT_FOUND => ("not-found", "There is no such thing"),
        StatusCode::METHOD_NOT_ALLOWED => ("method-not-allowed", "That cannot be done here"),
        StatusCode::CONFLICT => ("conflict", "Something stands in the way"),
        StatusCode::PRECONDITION_FAILED => ("precondition-failed", "It was changed in the meantime"),
        StatusCode::PAYLOAD_TOO_LARGE => ("too-large", "What was sent is too large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ("unsupported-media-type", "What was sent is of the wrong type")
        }
        StatusCode::TOO_MANY_REQUESTS => ("too-many-requests", "There were too many requests"),
        StatusCode::SERVICE_UNAVAILABLE => ("unavailable", "It cannot be done now"),
        status if status.is_client_error() => ("refused", "It is refused"),
        _ => ("internal", "There is a fault here"),
    }
}
