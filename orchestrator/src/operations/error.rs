//! Why something that a person wanted was not done.

use hostwright_model::application::Problem;
use hostwright_model::names::InvalidName;

/// Why something that a person wanted was not done.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// There is no such thing, or it belongs to somebody else, which is not told apart.
    #[error("there is no {what} `{name}`")]
    NotFound {
        /// e.g. `host`.
        what: &'static str,
        /// As it was asked for.
        name: String,
    },
    /// The name or the place is taken.
    #[error("{what} `{name}` is there already")]
    Taken {
        /// e.g. `host`.
        what: &'static str,
        /// What was to be made.
        name: String,
    },
    /// It cannot be done as things stand.
    #[error("{reason}")]
    Conflict {
        /// What stands in the way, and how to get it out of the way.
        reason: String,
    },
    /// Somebody else changed it in between.
    #[error("{what} was changed by somebody else: read it again")]
    Stale {
        /// e.g. `host`.
        what: &'static str,
    },
    /// What was given cannot be used; nothing of it was.
    #[error("{}", list(.0))]
    Invalid(Vec<Problem>),
    /// The caller may not do that.
    #[error("{reason}")]
    Forbidden {
        /// What would be needed.
        reason: String,
    },
    /// It cannot be done now; later it may.
    #[error("{reason}")]
    Unavailable {
        /// What is missing.
        reason: String,
    },
    /// A fault of this program or of what it stands on.
    #[error("failed to do that because of a fault here")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl OperationError {
    /// Refuses one thing that was given.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers hand over what they have at hand, a text or an error"
    )]
    pub fn invalid(pointer: impl Into<String>, message: impl ToString) -> Self {
        Self::Invalid(vec![Problem { pointer: pointer.into(), message: message.to_string() }])
    }

    /// Says that something is not there.
    #[expect(clippy::needless_pass_by_value, reason = "callers hand over a name of whatever type")]
    pub fn not_found(what: &'static str, name: impl ToString) -> Self {
        Self::NotFound { what, name: name.to_string() }
    }

    /// Says what stands in the way.
    pub fn conflict(reason: impl Into<String>) -> Self {
        Self::Conflict { reason: reason.into() }
    }

    /// Says what is missing now.
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable { reason: reason.into() }
    }

    /// Wraps a fault.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }

    /// Returns a translation of the store's word about making something of this name.
    pub(crate) fn taken(
        what: &'static str,
        name: &dyn std::fmt::Display,
    ) -> impl FnOnce(hostwright_store::Error) -> Self + use<> {
        let name = name.to_string();
        move |error| match error {
            hostwright_store::Error::Taken { .. } => Self::Taken { what, name },
            other => other.into(),
        }
    }
}

fn list(problems: &[Problem]) -> String {
    let problems = problems.iter().map(|problem| match problem.pointer.as_str() {
        "" => problem.message.clone(),
        pointer => format!("{} (at {pointer})", problem.message),
    });
    problems.collect::<Vec<_>>().join("; ")
}

impl From<hostwright_store::Error> for OperationError {
    fn from(error: hostwright_store::Error) -> Self {
        use hostwright_store::Error;
        match error {
            Error::Taken { what } => Self::Conflict { reason: format!("{what} is taken") },
            Error::InUse { what } => Self::Conflict { reason: format!("{what} is in use") },
            Error::Stale { what } => Self::Stale { what },
            Error::Unavailable { .. } => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the database is not available");
                Self::Unavailable { reason: "the database is not available: try again".to_owned() }
            }
            other => Self::Internal(Box::new(other)),
        }
    }
}

impl From<InvalidName> for OperationError {
    fn from(error: InvalidName) -> Self {
        Self::invalid("/name", error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_told_with_its_place() {
        let error = OperationError::Invalid(vec![
            Problem { pointer: "/files/0/path".to_owned(), message: "`x` is not absolute".to_owned() },
            Problem { pointer: String::new(), message: "it is empty".to_owned() },
        ]);
        assert_eq!(error.to_string(), "`x` is not absolute (at /files/0/path); it is empty");
    }
}
