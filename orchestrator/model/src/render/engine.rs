//! The template engine, set up in one place.

use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value, escape_formatter};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::MAXIMUM_BYTES;
use super::error::{RenderError, RenderProblem};
use super::lookup::{Missed, Node, json_of};
use super::variables::Variables;
use crate::template::{Delimiters, Pair};

/// How many instructions a template may take.
const FUEL: u64 = 5_000_000;
/// A noncharacter: text for interchange never contains it, so delimiters made of it switch something off.
const NEVER: char = '\u{fdd0}';
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What becomes of lines that hold only a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    /// They leave nothing behind.
    Trimmed,
    /// White space stays as it is.
    Kept,
}

pub(super) fn render(
    subject: &str,
    source: &str,
    delimiters: &Delimiters,
    lines: Lines,
    variables: &Variables,
) -> Result<String, RenderError> {
    let missed = Missed::default();
    let rendered = || {
        let mut environment = environment(delimiters, lines)?;
        let name = "template";
        environment.add_template(name, source)?;
        let mut output = Bounded(Vec::new());
        let root = Value::from_object(Node::root(variables.root.clone(), missed.clone()));
        environment.get_template(name)?.render_captured_to(root, &mut output)?;
        Ok(String::from_utf8_lossy(&output.0).into_owned())
    };
    rendered().map_err(|error: Error| RenderError {
        subject: subject.to_owned(),
        line: error.line(),
        problem: problem(&error, &missed),
    })
}

/// Only `${` `}` counts; the blocks, which nobody can write, serve [`escape_doubled`].
pub(super) fn attribute_delimiters() -> Delimiters {
    Delimiters { block: Some(never("block")), ..Delimiters::default() }
}

/// Replaces `$${` by a raw block that holds `${`.
pub(super) fn escape_doubled(source: &str) -> String {
    let Pair { start, end } = never("block");
    source.replace("$${", &format!("{start}raw{end}${{{start}endraw{end}"))
}

fn never(what: &str) -> Pair {
    Pair::new(format!("{NEVER}{what}("), format!("){what}{NEVER}"))
}

fn environment(delimiters: &Delimiters, lines: Lines) -> Result<Environment<'static>, Error> {
    let Delimiters { variable, block, comment } = delimiters.clone();
    let block = block.unwrap_or_else(|| never("block"));
    let comment = comment.unwrap_or_else(|| never("comment"));
    let trimmed = lines == Lines::Trimmed;
    let syntax = SyntaxConfig::builder()
        .variable_delimiters(variable.start, variable.end)
        .block_delimiters(block.start, block.end)
        .comment_delimiters(comment.start, comment.end)
        .trim_blocks(trimmed)
        .lstrip_blocks(trimmed)
        .keep_trailing_newline(true)
        .build()?;

    let mut environment = Environment::new();
    environment.set_debug(false);
    environment.set_syntax(syntax);
    environment.set_fuel(Some(FUEL));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_formatter(|output, state, value| match value.kind() {
        ValueKind::None => Err(Error::new(ErrorKind::NonPrimitive, NULL)),
        ValueKind::Bool | ValueKind::Seq | ValueKind::Map => {
            write!(output, "{}", json_of(value)?).map_err(|_| Error::from(ErrorKind::WriteFailure))
        }
        _ => escape_formatter(output, state, value),
    });
    environment.add_filter("url", |text: &str| utf8_percent_encode(text, UNRESERVED).to_string());
    environment.add_filter("json", |value: &Value| json_of(value).map(|json| json.to_string()));
    Ok(environment)
}

const NULL: &str = "null cannot be printed";

fn problem(error: &Error, missed: &Missed) -> RenderProblem {
    let detail = || error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let miss = missed.last();
    match error.kind() {
        ErrorKind::UndefinedError => {
            let (variable, nearest) = miss.undefined.unzip();
            RenderProblem::Undefined { variable, nearest: nearest.flatten() }
        }
        ErrorKind::NonPrimitive if error.detail() == Some(NULL) => {
            RenderProblem::Null { variable: miss.null }
        }
        ErrorKind::SyntaxError => RenderProblem::Syntax(format!("syntax error: {}", detail())),
        ErrorKind::OutOfFuel | ErrorKind::WriteFailure => RenderProblem::TooMuch,
        _ => RenderProblem::Other(detail()),
    }
}

struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAXIMUM_BYTES {
            return Err(io::Error::other("too large"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
