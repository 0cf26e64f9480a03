//! Requests that may come twice: `Idempotency-Key`.
//!
//! A second request must be the first one again, body included. The body's digest is taken while the handler reads it, which
//! is after the caller was let in: nobody makes this program hold a body for it. A form is not compared, because its boundary
//! is made up anew each time.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt as _;
use hostwright_store::{Replay, StoredAnswer};
use sha2::{Digest as _, Sha256};

use super::ApiError;
use super::body::read_failure;
use crate::access::Caller;
use crate::operations::Work;

const HEADER: &str = "idempotency-key";
/// Headers that belong to an answer itself and not to its way.
const KEPT: [&str; 5] = ["content-type", "location", "etag", "link", "hostwright-change"];

/// What was read of a request's body, for comparing.
#[derive(Clone, Debug, Default)]
struct BodyDigest(Arc<Mutex<Sha256>>);

impl BodyDigest {
    fn update(&self, piece: &Bytes) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).update(piece);
    }

    fn so_far(&self) -> String {
        hex::encode(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().finalize())
    }
}

/// A request that says it may come twice.
#[derive(Clone, Debug)]
pub(crate) struct Repeatable {
    caller: String,
    key: String,
    request: String,
    body: BodyDigest,
}

impl Repeatable {
    /// Reads what a request says.
    pub(crate) fn of(parts: &Parts, caller: &Caller) -> Result<Option<Self>, ApiError> {
        if parts.method == Method::GET || parts.method == Method::HEAD {
            return Ok(None);
        }
        let Some(value) = parts.headers.get(HEADER) else { return Ok(None) };
        let key = value.to_str().unwrap_or_default().trim();
        if key.is_empty() || key.len() > 255 {
            return Err(ApiError::bad_request("`Idempotency-Key` must be 1 to 255 plain characters"));
        }
        let body = parts.extensions.get::<BodyDigest>().cloned().unwrap_or_default();
        let request = format!("{}\n{}", parts.method, parts.uri);
        Ok(Some(Self { caller: caller.identity(), key: key.to_owned(), request, body }))
    }

    fn fingerprint(&self) -> String {
        hex::encode(Sha256::digest(format!("{}\n{}", self.request, self.body.so_far())))
    }

    /// Ends the request with the answer that it had before, if it came before. Its body is read by now.
    pub(crate) async fn replay(&self, work: &mut Work) -> Result<(), ApiError> {
        let now = work.now();
        let found = work.tx().replay(&self.caller, &self.key, &self.fingerprint(), now).await;
        match found.map_err(ApiError::store)? {
            Replay::First => Ok(()),
            Replay::Answered(answer) => Err(ApiError::Replayed(answer)),
            Replay::Different => Err(ApiError::new(
                StatusCode::CONFLICT,
                format!("`Idempotency-Key: {}` was used for another request: make up a new one", self.key),
            )),
        }
    }

    /// Remembers the answer together with what it tells of.
    pub(crate) async fn store(self, work: &mut Work, answer: Response) -> Result<Response, ApiError> {
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, usize::MAX).await.map_err(|error| read_failure(&error, usize::MAX))?;
        let kept = |name: &HeaderName| KEPT.contains(&name.as_str());
        let headers = parts.headers.iter().filter(|(name, _)| kept(name));
        let headers = headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let stored = StoredAnswer { status: parts.status.as_u16(), headers, body: body.to_vec() };
        work.tx().store_answer(&self.caller, &self.key, &stored).await.map_err(ApiError::store)?;
        Ok(Response::from_parts(parts, Body::from(body)))
    }
}

/// Gives an answer once more.
pub(super) fn respond(answer: StoredAnswer) -> Response {
    let StoredAnswer { status, headers, body } = answer;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let mut response = (status, body).into_response();
    response.headers_mut().clear();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

/// Has the body of a request that may come twice digested as it is read.
pub(super) async fn digest_body(request: Request, next: Next) -> Response {
    let kind = request.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    if !request.headers().contains_key(HEADER) || kind.starts_with(b"multipart/") {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let digest = BodyDigest::default();
    parts.extensions.insert(digest.clone());
    let pieces = body.into_data_stream().inspect_ok(move |piece| digest.update(piece));
    next.run(Request::from_parts(parts, Body::from_stream(pieces))).await
}
