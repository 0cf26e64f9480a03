//! What happens to every request on its way in and to every answer on its way out.

use std::any::Any;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use rand::RngCore as _;
use tracing::Instrument as _;

use super::error::{PROBLEM, respond};

const REQUEST_ID: &str = "x-request-id";

/// Gives the request an id and a span, and says how it went.
pub(super) async fn trace(request: Request, next: Next) -> Response {
    let given =
        request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|id| is_id(id));
    let id = given.map_or_else(make_id, str::to_owned);
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("request", request.id = %id, http.method = %method, http.route = %route);
    let mut response = async {
        let start = Instant::now();
        let response = next.run(request).await;
        let elapsed_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let status = response.status().as_u16();
        tracing::debug!(http.status = status, elapsed_ms, "answered {method} {route} with {status}");
        response
    }
    .instrument(span)
    .await;
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn make_id() -> String {
    let mut bytes = [0; 12];
    rand::thread_rng().fill_bytes(&mut bytes);
    hex::encode(bytes)
}

/// Gives every refusal that was not made here, such as one of the framework's, the one body of errors.
pub(super) async fn explain(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || is_explained(&response) {
        return response;
    }
    let detail = match status {
        StatusCode::NOT_FOUND => format!("there is nothing at `{path}`"),
        // The router adds the header outside of all layers.
        StatusCode::METHOD_NOT_ALLOWED => {
            format!("{method} cannot be done here; the header `Allow` of this answer says what can")
        }
        StatusCode::PAYLOAD_TOO_LARGE => "the body is too large".to_owned(),
        other => other.canonical_reason().unwrap_or("the request was refused").to_lowercase(),
    };
    let mut explained = respond(status, detail, Vec::new());
    for (name, value) in response.headers() {
        if name != CONTENT_TYPE && name != CONTENT_LENGTH {
            explained.headers_mut().insert(name.clone(), value.clone());
        }
    }
    explained
}

fn is_explained(response: &Response) -> bool {
    response.headers().get(CONTENT_TYPE).is_some_and(|value| value == PROBLEM)
}

/// Turns a panic of a handler into an answer.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
pub(super) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = text.unwrap_or("unknown"), "a request handler panicked");
    let detail = "failed to do that because of a fault here".to_owned();
    respond(StatusCode::INTERNAL_SERVER_ERROR, detail, Vec::new())
}
