//! Why a request has no result.

use std::time::Duration;

use hostwright_api_types::ErrorBody;

/// A request has no result.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The base address cannot be used.
    #[error("`{address}` cannot be used as the address of the API: {reason}")]
    Address {
        /// As given.
        address: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The name or the secret of a login cannot be sent.
    #[error("the login contains characters that cannot be sent")]
    Login,
    /// The HTTP client could not be set up.
    #[error("failed to set up the HTTP client")]
    SetUp(#[source] reqwest::Error),
    /// Nobody answered.
    #[error("no answer from `{address}`")]
    Unreachable {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The server refused, and says why.
    #[error("{}", .body.detail)]
    Refused {
        /// In the server's words.
        body: Box<ErrorBody>,
    },
    /// Whoever answered is not this API.
    #[error("`{address}` answered {status} with something that is not of this API: {start}")]
    Foreign {
        /// Where.
        address: String,
        /// The HTTP status.
        status: u16,
        /// How the answer begins.
        start: String,
    },
    /// The answer is not what this client knows.
    #[error("the answer of `{address}` is not understood")]
    NotUnderstood {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// It took longer than the caller wanted to wait.
    #[error("{what} did not happen within {} s", .waited.as_secs())]
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long.
        waited: Duration,
    },
}

impl ClientError {
    /// Returns the HTTP status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { body } => Some(body.status),
            Self::Foreign { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Returns whether the thing is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { body } if body.status == 404)
    }
}
