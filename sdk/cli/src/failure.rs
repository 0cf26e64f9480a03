//! Why a command did not do what was asked, and the exit status that says so.

use std::process::ExitCode;

use hostwright_client::ClientError;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// It is done.
    Done = 0,
    /// A change that was waited for did not end well.
    ChangeFailed = 1,
    /// The command line, the configuration or a local file is not right.
    Usage = 2,
    /// The API refused or did not answer.
    Refused = 3,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line, the configuration or a local file is not right.
    Usage {
        /// What is wrong.
        message: String,
        /// How to mend it.
        hint: Option<String>,
    },
    /// A change did not end well; it was shown already.
    Change,
    /// The API refused or did not answer.
    Api(ClientError),
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: None }
    }

    pub(crate) fn usage_with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: Some(hint.into()) }
    }

    /// A local file could not be used.
    pub(crate) fn file(path: &std::path::Path, what: &str, error: &dyn std::fmt::Display) -> Self {
        Self::usage(format!("{what} {}: {error}", path.display()))
    }

    pub(crate) fn status(&self) -> ExitStatus {
        match self {
            Self::Usage { .. } => ExitStatus::Usage,
            Self::Change => ExitStatus::ChangeFailed,
            Self::Api(_) => ExitStatus::Refused,
        }
    }

    /// Returns what to print: the message, single problems, and what to do next.
    pub(crate) fn lines(&self) -> (Vec<String>, Option<String>) {
        match self {
            Self::Usage { message, hint } => (vec![message.clone()], hint.clone()),
            Self::Change => (Vec::new(), None),
            Self::Api(error) => (api_lines(error), api_hint(error)),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Api(error)
    }
}

fn api_lines(error: &ClientError) -> Vec<String> {
    let mut lines = vec![error.to_string()];
    match error {
        ClientError::Refused { body } => {
            for item in &body.errors {
                let pointer = item.pointer.as_deref().filter(|pointer| !pointer.is_empty());
                // A single problem is often the same text as the whole.
                let is_said = item.detail == body.detail;
                lines.push(match pointer {
                    Some(pointer) if is_said => format!("  at {pointer}"),
                    Some(pointer) => format!("  {pointer}: {}", item.detail),
                    None if is_said => continue,
                    None => format!("  {}", item.detail),
                });
            }
        }
        other => {
            let mut source = std::error::Error::source(other);
            while let Some(cause) = source {
                lines.push(format!("  because: {cause}"));
                source = cause.source();
            }
        }
    }
    lines
}

fn api_hint(error: &ClientError) -> Option<String> {
    let hint = match error {
        ClientError::Unreachable { .. } => {
            "is the orchestrator running there? another address: `--api URL`, or `wright login`"
        }
        ClientError::Foreign { .. } => "the address of the API ends in `/api`; is this the right one?",
        ClientError::Refused { body } if body.status == 401 => {
            "log in with `wright login`, or give `--user` and `--pass`"
        }
        ClientError::TimedOut { .. } => {
            "it goes on without you: `wright changes watch`; more patience: `--timeout SECONDS`"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

#[cfg(test)]
mod tests {
    use hostwright_api_types::{ErrorBody, ErrorItem};
    use insta::assert_snapshot;

    use super::*;

    fn refused(detail: &str, errors: &[(&str, &str)]) -> Failure {
        let errors = errors.iter().map(|(pointer, detail)| ErrorItem {
            pointer: Some((*pointer).to_owned()),
            detail: (*detail).to_owned(),
        });
        let body = ErrorBody {
            error: vec![],
            kind: "about:blank".into(),
            title: "Bad request".into(),
            status: 400,
            detail: detail.into(),
            errors: errors.collect(),
        };
        Failure::from(ClientError::Refused { body: Box::new(body) })
    }

    #[test]
    fn a_single_problem_is_said_once() {
        let failure = refused("`name` is missing", &[("/name", "`name` is missing")]);
        assert_snapshot!(failure.lines().0.join("\n"), @r"
        `name` is missing
          at /name
        ");
    }

    #[test]
    fn a_refusal_is_printed_once_with_every_place() {
        let failure = refused("2 problems", &[("/name", "`name` is missing"), ("", "2 problems")]);
        assert_snapshot!(failure.lines().0.join("\n"), @r"
        2 problems
          /name: `name` is missing
        ");
        assert_eq!(failure.status(), ExitStatus::Refused);
    }
}
