//! Makes text of templates.
//!
//! Strict: what is not defined is an error that names it, and so is printing a `null`. Lines that hold only a block leave
//! nothing behind, everything prints as it is written in JSON (text without its quotes), nothing is escaped unless a filter
//! says so. The engine's debug mode stays off, because it prints values.

mod engine;
mod error;
mod lookup;
mod variables;

pub use self::error::{RenderError, RenderProblem};
pub use self::variables::{Private, Variables};
use crate::template::Delimiters;

/// How large a rendered file may be.
pub const MAXIMUM_BYTES: usize = 16 * 1024 * 1024;

/// Renders the content of a file. Content that is not UTF-8 is no template and comes back as it is.
///
/// `subject` says in errors what was rendered.
pub fn file(
    subject: &str,
    source: &[u8],
    delimiters: &Delimiters,
    variables: &Variables,
) -> Result<Vec<u8>, RenderError> {
    let Ok(source) = std::str::from_utf8(source) else { return Ok(source.to_vec()) };
    engine::render(subject, source, delimiters, engine::Lines::Trimmed, variables).map(String::into_bytes)
}

/// Renders an attribute: only variables count in it, and `$${` stands for `${`.
///
/// `subject` says in errors what was rendered.
pub fn attribute(subject: &str, source: &str, variables: &Variables) -> Result<String, RenderError> {
    if !source.contains("${") {
        return Ok(source.to_owned());
    }
    let source = engine::escape_doubled(source);
    let rendered =
        engine::render(subject, &source, &engine::attribute_delimiters(), engine::Lines::Kept, variables);
    rendered.map_err(|error| RenderError { line: error.line.filter(|_| source.contains('\n')), ..error })
}

#[cfg(test)]
mod tests;
