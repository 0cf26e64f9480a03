//! One word of a pattern.

use super::CANDIDATE;
use super::placeholder::Placeholder;

/// One word of a pattern; matches one argument, or one or more where it is repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) parts: Vec<Part>,
    pub(super) repeated: bool,
}

/// A piece of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Literal(String),
    Placeholder(Placeholder),
    /// The file to be judged; the only part of its word.
    Candidate,
}

/// What is wrong with a word of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// A control character.
    #[error("it has a control character")]
    Control,
    /// A brace that nothing closes.
    #[error("a `{{` is not closed (`${{...}}` is literal text)")]
    Unclosed,
    /// A type that the host does not have.
    #[error("`{{{name}}}` is no placeholder; there are {}", names())]
    Unknown {
        /// What stands between the braces.
        name: String,
    },
    /// Where one ends and the next begins could not be told.
    #[error("two placeholders need a literal between them")]
    Adjacent,
    /// Part of a word.
    #[error("`{CANDIDATE}` must be a word of its own, and not repeated")]
    Candidate,
}

fn names() -> String {
    let names: Vec<String> =
        Placeholder::ALL.iter().map(|placeholder| format!("`{{{}}}`", placeholder.name())).collect();
    format!("{} and `{CANDIDATE}`", names.join(", "))
}

impl Token {
    pub(super) fn parse(word: &str) -> Result<Self, TokenError> {
        if word.chars().any(char::is_control) {
            return Err(TokenError::Control);
        }
        if word == CANDIDATE {
            return Ok(Self { parts: vec![Part::Candidate], repeated: false });
        }
        let (body, dots) = match word.strip_suffix("...") {
            Some(body) if body.ends_with('}') => (body, true),
            _ => (word, false),
        };
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = body;
        while let Some(start) = rest.find('{') {
            let (before, from_brace) = rest.split_at(start);
            let end = from_brace.find('}').ok_or(TokenError::Unclosed)?;
            let (braced, after) = from_brace.split_at(end + 1);
            literal.push_str(before);
            rest = after;
            if before.ends_with('$') {
                literal.push_str(braced);
                continue;
            }
            if braced == CANDIDATE {
                return Err(TokenError::Candidate);
            }
            let name = &braced[1..end];
            let placeholder =
                Placeholder::named(name).ok_or_else(|| TokenError::Unknown { name: name.to_owned() })?;
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            } else if matches!(parts.last(), Some(Part::Placeholder(_))) {
                return Err(TokenError::Adjacent);
            }
            parts.push(Part::Placeholder(placeholder));
        }
        literal.push_str(rest);
        let has_placeholder = !parts.is_empty();
        // Three dots after plain text, or after `${...}`, are three dots.
        if dots && !has_placeholder {
            literal.push_str("...");
        }
        if !literal.is_empty() || parts.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self { parts, repeated: dots && has_placeholder })
    }

    pub(super) fn placeholders(&self) -> impl Iterator<Item = Placeholder> + '_ {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder(placeholder) => Some(*placeholder),
            Part::Literal(_) | Part::Candidate => None,
        })
    }

    /// Checks one argument. `accepts` may refuse a well-formed value.
    ///
    /// A placeholder ends at the first occurrence of the literal that follows it: there is one way to read an argument,
    /// and what could be read in two is not tried twice.
    pub(super) fn check(
        &self,
        argument: &str,
        accepts: &impl Fn(Placeholder, &str) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut rest = argument;
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Candidate if rest == CANDIDATE => rest = "",
                Part::Candidate => return Err(format!("is not `{CANDIDATE}`")),
                Part::Literal(literal) => {
                    let Some(after) = rest.strip_prefix(literal.as_str()) else {
                        return Err(self.expectation());
                    };
                    rest = after;
                }
                Part::Placeholder(placeholder) => {
                    let end = match self.parts.get(index + 1) {
                        Some(Part::Literal(next)) => {
                            rest.find(next.as_str()).ok_or_else(|| self.expectation())?
                        }
                        _ => rest.len(),
                    };
                    let (value, after) = rest.split_at(end);
                    let name = placeholder.name();
                    placeholder.check(value).map_err(|reason| {
                        if value == argument {
                            format!("is no {name}: it {reason}")
                        } else {
                            format!("has no {name} in `{}`: it {reason}", value.escape_debug())
                        }
                    })?;
                    accepts(*placeholder, value)?;
                    rest = after;
                }
            }
        }
        if rest.is_empty() { Ok(()) } else { Err(self.expectation()) }
    }

    fn expectation(&self) -> String {
        format!("is not of the form `{self}`")
    }
}

impl std::fmt::Display for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in &self.parts {
            match part {
                Part::Literal(literal) => formatter.write_str(literal)?,
                Part::Placeholder(placeholder) => write!(formatter, "{{{}}}", placeholder.name())?,
                Part::Candidate => formatter.write_str(CANDIDATE)?,
            }
        }
        formatter.write_str(if self.repeated { "..." } else { "" })
    }
}
