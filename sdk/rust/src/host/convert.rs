//! Errors and digests as they cross.

use crate::Error;
use crate::bindings::provider::hostwright::host::types as wit;
use crate::types::{Digest, Failed};

pub(crate) fn error_from_host(error: wit::Error) -> Error {
    match error {
        wit::Error::Invalid(wit::Invalid { pointer, message }) => Error::Invalid { pointer, message },
        wit::Error::Unsupported(message) => Error::Unsupported(message),
        wit::Error::Denied(wit::Denied { action, reason }) => Error::Denied { action, reason },
        wit::Error::Busy(who) => Error::Busy(who),
        wit::Error::Failed(wit::Failed { message, command, status, output }) => {
            Error::Failed(Failed { message, command, status, output })
        }
    }
}

pub(crate) fn error_to_host(error: Error) -> wit::Error {
    match error {
        Error::Invalid { pointer, message } => wit::Error::Invalid(wit::Invalid { pointer, message }),
        Error::Unsupported(message) => wit::Error::Unsupported(message),
        Error::Denied { action, reason } => wit::Error::Denied(wit::Denied { action, reason }),
        Error::Busy(who) => wit::Error::Busy(who),
        Error::Failed(Failed { message, command, status, output }) => {
            wit::Error::Failed(wit::Failed { message, command, status, output })
        }
    }
}

pub(crate) fn digest_from_host(digest: wit::Digest) -> Digest {
    let wit::Digest { a, b, c, d } = digest;
    Digest([a, b, c, d])
}
