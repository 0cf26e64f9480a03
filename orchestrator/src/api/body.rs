//! Bodies of requests.

use axum::body::to_bytes;
use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use hostwright_api_types::input::{self, Fields};

use super::ApiError;

/// How large a JSON body may be.
pub(crate) const LARGEST_JSON: usize = 4 << 20;
/// How large the content of a file may be, with the form around it.
pub(crate) const LARGEST_CONTENT: usize = 32 << 20;
/// How large a component may be, with the form around it.
pub(crate) const LARGEST_COMPONENT: usize = 64 << 20;

/// A JSON object that has to be there.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

/// A JSON object that may be left out.
#[derive(Debug)]
pub(crate) struct OptionalJsonBody<T>(pub(crate) T);

/// A body that says nothing: empty, or an empty JSON object.
#[derive(Debug)]
pub(crate) struct NoBody;

impl<S: Send + Sync, T: input::Request> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        Ok(Self(input::read_text(&json_text(request).await?)?))
    }
}

impl<S: Send + Sync, T: input::Request> FromRequest<S> for OptionalJsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        Ok(Self(input::read_optional_text(&json_text(request).await?)?))
    }
}

impl input::Request for NoBody {
    fn read(_fields: &mut Fields<'_>) -> Self {
        Self
    }
}

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        Ok(input::read_optional_text(&json_text(request).await?)?)
    }
}

/// Text that is a JSON document of any kind, for the few that are no object.
#[derive(Debug)]
pub(crate) struct RawJson(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for RawJson {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        Ok(Self(json_text(request).await?))
    }
}

async fn json_text(request: Request) -> Result<Bytes, ApiError> {
    let (parts, body) = request.into_parts();
    let text = to_bytes(body, LARGEST_JSON).await.map_err(|error| read_failure(&error, LARGEST_JSON))?;
    // An empty body has no type, whatever the client's library says.
    if !text.is_empty() {
        require_json(&parts.headers)?;
    }
    Ok(text)
}

fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let essence =
        value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_lowercase();
    if essence == "application/json" || essence.ends_with("+json") {
        return Ok(());
    }
    let detail = format!("the body is `{essence}`: send JSON with `Content-Type: application/json`");
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}

/// Says why a body could not be read.
pub(super) fn read_failure(error: &axum::Error, largest: usize) -> ApiError {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(cause) = source {
        if cause.is::<http_body_util::LengthLimitError>() {
            return ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the body is larger than {} MiB", largest >> 20),
            );
        }
        source = cause.source();
    }
    ApiError::bad_request("the body ended before it was complete")
}

/// The parts of an upload: the file itself, and a text beside it.
#[derive(Debug)]
pub(crate) struct Upload {
    /// Field `file`.
    pub(crate) file: Bytes,
    /// Field `signature`.
    pub(crate) signature: Option<String>,
}

/// What an upload may consist of besides its field `file`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    /// Nothing.
    Nothing,
    /// A signature.
    Signature,
}

impl Upload {
    /// Reads a form with a file.
    pub(crate) async fn read(request: Request, beside: Beside, largest: usize) -> Result<Self, ApiError> {
        let mut form = Multipart::from_request(request, &()).await.map_err(|rejection| {
            let detail = format!(
                "the file is to be sent as `multipart/form-data` with a field `file`: {}",
                rejection.body_text().trim_end_matches('.').to_lowercase()
            );
            ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
        })?;
        let (mut file, mut signature) = (None, None);
        while let Some(field) = form.next_field().await.map_err(|error| form_failure(&error, largest))? {
            let name = field.name().unwrap_or_default().to_owned();
            match name.as_str() {
                "file" => file = Some(field.bytes().await.map_err(|error| form_failure(&error, largest))?),
                "signature" if beside == Beside::Signature => {
                    signature = Some(field.text().await.map_err(|error| form_failure(&error, largest))?);
                }
                other => {
                    return Err(ApiError::invalid(
                        "",
                        format!("unknown field `{other}` in the form, the nearest known field is `file`"),
                    ));
                }
            }
        }
        let file = file.ok_or_else(|| ApiError::invalid("", "the form has no field `file`"))?;
        Ok(Self { file, signature })
    }
}

fn form_failure(error: &MultipartError, largest: usize) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the form is larger than {} MiB", largest >> 20),
        );
    }
    ApiError::bad_request(format!("the form is not understood: {}", error.body_text()))
}
