//! Why something could not be rendered.

use std::fmt;

/// Something could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderError {
    /// What was rendered, e.g. ``file `site.conf` of application `Web Server` ``.
    pub subject: String,
    /// In which line of its template.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: RenderProblem,
}

/// What is wrong with a template, or with what it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenderProblem {
    /// A variable has no value at any level.
    Undefined {
        /// Which, as far as can be told.
        variable: Option<String>,
        /// One that is defined and has nearly that name.
        nearest: Option<String>,
    },
    /// A variable has no value to print: it is `null`.
    Null {
        /// Which, as far as can be told.
        variable: Option<String>,
    },
    /// The template cannot be read.
    Syntax(String),
    /// It takes too long, or becomes too large.
    TooMuch,
    /// Something else.
    Other(String),
}

impl std::error::Error for RenderError {}

impl fmt::Display for RenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.subject)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        f.write_str(": ")?;
        match &self.problem {
            RenderProblem::Undefined { variable: Some(variable), nearest: Some(nearest) } => {
                write!(f, "variable `{variable}` is not defined; the nearest is `{nearest}`")
            }
            RenderProblem::Undefined { variable: Some(variable), nearest: None } => {
                write!(f, "variable `{variable}` is not defined: set it, or ask for it with `is defined`")
            }
            RenderProblem::Undefined { variable: None, .. } => {
                f.write_str("a variable, or a part of one, is not defined")
            }
            RenderProblem::Null { variable: Some(variable) } => {
                write!(f, "variable `{variable}` is null and cannot be printed")
            }
            RenderProblem::Null { variable: None } => f.write_str("null cannot be printed"),
            RenderProblem::Syntax(message) | RenderProblem::Other(message) => f.write_str(message),
            RenderProblem::TooMuch => f.write_str("rendering takes too long, or the result is too large"),
        }
    }
}
