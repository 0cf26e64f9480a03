//! Why something was not done.

use std::fmt;

/// Why an operation was not done. Each variant tells the person who reads it something different to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The attributes do not satisfy the collection's schema or the provider's rules.
    Invalid {
        /// JSON pointer (RFC 6901) into the attributes, empty for the whole.
        pointer: String,
        /// What is wrong and how to mend it, without a value that may be secret.
        message: String,
    },
    /// This provider or this machine cannot do it.
    Unsupported(String),
    /// The host refused, because no grant covers it or because the call may change nothing.
    Denied {
        /// What was asked for.
        action: String,
        /// Why, and the grant that would allow it.
        reason: String,
    },
    /// Somebody else holds a lock; names who. Trying later may work.
    Busy(String),
    /// It did not work although it was allowed.
    Failed(Failed),
}

/// Something that did not work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failed {
    /// What failed, as a person would say it.
    pub message: String,
    /// The program and its arguments, where one ran.
    pub command: Option<String>,
    /// Its exit status.
    pub status: Option<i32>,
    /// The end of what it wrote.
    pub output: Option<String>,
}

impl Error {
    /// The attribute at the JSON pointer is not as it must be.
    ///
    /// ```
    /// use hostwright_sdk::Error;
    /// let error = Error::invalid("/mode", "a mode is three or four octal digits such as \"0644\"");
    /// assert_eq!(error.to_string(), "/mode: a mode is three or four octal digits such as \"0644\"");
    /// ```
    pub fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { pointer: pointer.into(), message: message.into() }
    }

    /// It did not work; no program was involved.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(Failed { message: message.into(), ..Failed::default() })
    }

    /// This provider or this machine cannot do it.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::Unsupported(message.into())
    }

    /// Says what was being done when it happened; the kind of error stays.
    #[must_use]
    pub fn context(self, doing: &str) -> Self {
        match self {
            Self::Failed(failed) => {
                Self::Failed(Failed { message: format!("{doing}: {}", failed.message), ..failed })
            }
            Self::Unsupported(message) => Self::Unsupported(format!("{doing}: {message}")),
            other @ (Self::Invalid { .. } | Self::Denied { .. } | Self::Busy(_)) => other,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { pointer, message } if pointer.is_empty() => out.write_str(message),
            Self::Invalid { pointer, message } => write!(out, "{pointer}: {message}"),
            Self::Unsupported(message) => out.write_str(message),
            Self::Denied { action, reason } => write!(out, "{action} is denied: {reason}"),
            Self::Busy(who) => out.write_str(who),
            Self::Failed(failed) => failed.fmt(out),
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)?;
        if let Some(command) = &self.command {
            write!(out, " (`{command}`")?;
            if let Some(status) = self.status {
                write!(out, " ended with status {status}")?;
            }
            out.write_str(")")?;
        }
        if let Some(output) = self.output.as_deref().filter(|output| !output.is_empty()) {
            write!(out, ": {output}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::{Error, Failed};

    #[test]
    fn a_failed_program_is_told_with_command_status_and_output() {
        let error = Error::Failed(Failed {
            message: "packages were not installed".into(),
            command: Some("/usr/bin/apt-get install".into()),
            status: Some(100),
            output: Some("E: no space left".into()),
        });
        insta::assert_snapshot!(
            error,
            @"packages were not installed (`/usr/bin/apt-get install` ended with status 100): E: no space left"
        );
    }

    #[test]
    fn context_keeps_the_kind() {
        let busy = Error::Busy("process 7 holds the lock".into());
        assert_eq!(busy.clone().context("install"), busy);
        assert_eq!(
            Error::failed("no space").context("write /etc/motd"),
            Error::failed("write /etc/motd: no space")
        );
    }
}
