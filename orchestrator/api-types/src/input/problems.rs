//! What is wrong with a request, and where.

use std::fmt;

use crate::ErrorItem;

/// A JSON pointer (RFC 6901) into the body of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pointer(String);

impl Pointer {
    /// Points at the whole body.
    pub fn root() -> Self {
        Self::default()
    }

    /// Points at a member or an element below this place.
    #[must_use]
    pub fn child(&self, name: impl fmt::Display) -> Self {
        let escaped = name.to_string().replace('~', "~0").replace('/', "~1");
        Self(format!("{}/{escaped}", self.0))
    }

    /// Returns the pointer's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub pointer: Pointer,
    /// What, and how to mend it.
    pub detail: String,
}

impl From<Problem> for ErrorItem {
    fn from(problem: Problem) -> Self {
        Self { pointer: Some(problem.pointer.to_string()), detail: problem.detail }
    }
}

/// Everything that is wrong with one request; never empty when returned as an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Makes the list of a single problem.
    pub fn one(pointer: Pointer, detail: impl Into<String>) -> Self {
        Self(vec![Problem { pointer, detail: detail.into() }])
    }

    /// Returns whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, pointer: Pointer, detail: impl Into<String>) {
        self.0.push(Problem { pointer, detail: detail.into() });
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}", problem.detail)?;
            if !problem.pointer.as_str().is_empty() {
                write!(f, " (at {})", problem.pointer)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
