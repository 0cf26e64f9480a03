//! The form of a program's command line: literals, and placeholders whose types the host owns.
//!
//! Names are small languages: to `apt-get install` the word `curl-` is a removal and `./x.deb` a local file, to
//! `systemctl` a `*` is every unit. So a placeholder is never "any text that the plugin likes": its type says which
//! spellings can be nothing but a name.
//!
//! - `{package}` is one argument, `{package}...` one or more, `{package}={version}` a composite of one argument.
//! - The types: [`Placeholder`]. `{candidate}`, alone, stands for a file to be judged before it goes live.
//! - `${...}` is literal text, as in the formats of `dpkg-query`.
//! - No value begins with `-`, has a control character or is empty or unbounded.

mod command;
mod placeholder;
mod token;

pub use command::{CommandPattern, Mismatch, PatternError};
pub use placeholder::Placeholder;
pub use token::TokenError;

/// How a validation names the file that it judges, in patterns and in arguments.
pub const CANDIDATE: &str = "{candidate}";

#[cfg(test)]
mod tests;
