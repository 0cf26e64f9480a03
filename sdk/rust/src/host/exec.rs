//! Programs by argument vector; never a shell.
//!
//! A program runs only if a pattern in the manifest, and the grant for it, fit its whole command line. Patterns marked
//! `query` run where they cannot write, also while planning; patterns marked `change` are refused while planning.
//!
//! ```no_run
//! use hostwright_sdk::host::exec::Command;
//!
//! let output = Command::new("/usr/bin/systemctl").arguments(["show", "--", "nginx.service"]).run()?;
//! if !output.succeeded() {
//!     return Err(output.failed("the unit was not shown"));
//! }
//! # Ok::<(), hostwright_sdk::Error>(())
//! ```

use std::time::Duration;

use super::error_from_host;
use crate::Error;
use crate::bindings::provider::hostwright::host::exec as wit;
use crate::types::Failed;

/// How much of a program's output goes into an error.
const TAIL_BYTES: usize = 2000;

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    program: String,
    arguments: Vec<String>,
    stdin: Option<Vec<u8>>,
    timeout: Option<Duration>,
}

impl Command {
    /// Names the program by its absolute path.
    pub fn new(program: impl Into<String>) -> Self {
        Self { program: program.into(), arguments: Vec::new(), stdin: None, timeout: None }
    }

    /// Appends an argument.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Appends arguments.
    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Gives the program something to read.
    #[must_use]
    pub fn stdin(self, stdin: impl Into<Vec<u8>>) -> Self {
        Self { stdin: Some(stdin.into()), ..self }
    }

    /// Allows less time than the pattern does.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Runs the program and waits. An exit status other than 0 is an output, not an error.
    pub fn run(self) -> Result<Output, Error> {
        let Self { program, arguments, stdin, timeout } = self;
        let command_line = std::iter::once(&program).chain(&arguments).cloned().collect::<Vec<_>>().join(" ");
        let timeout_ms = timeout.map(|timeout| u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX));
        let command = wit::Command { program, arguments, stdin, timeout_ms };
        wit::run(&command).map(|output| Output::new(command_line, output)).map_err(error_from_host)
    }

    /// Runs the program and takes an exit status other than 0 for a failure of `doing`.
    pub fn run_or_fail(self, doing: &str) -> Result<Output, Error> {
        let output = self.run()?;
        if output.succeeded() { Ok(output) } else { Err(output.failed(doing)) }
    }
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// What was run, for people.
    pub command_line: String,
    /// Its exit status; 128 + n where signal n ended it.
    pub status: i32,
    /// The beginning of what it wrote to standard output.
    pub stdout: Vec<u8>,
    /// The end of what it wrote to standard error.
    pub stderr: Vec<u8>,
    /// More was written than the pattern's limit allows.
    pub truncated: bool,
}

impl Output {
    pub(crate) fn new(command_line: String, output: wit::Output) -> Self {
        let wit::Output { status, stdout, stderr, truncated } = output;
        Self { command_line, status, stdout, stderr, truncated }
    }

    /// Returns whether the exit status is 0.
    pub fn succeeded(&self) -> bool {
        self.status == 0
    }

    /// Returns standard output as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Returns standard error as text; what is not UTF-8 is replaced.
    pub fn error_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Makes an error of it, with the command, its status and the end of what it wrote.
    pub fn failed(&self, message: impl Into<String>) -> Error {
        let written = if self.stderr.is_empty() { &self.stdout } else { &self.stderr };
        Error::Failed(Failed {
            message: message.into(),
            command: Some(self.command_line.clone()),
            status: Some(self.status),
            output: Some(tail(written)),
        })
    }
}

/// Returns the end of what a program wrote, from the beginning of a line where one is near.
pub fn tail(written: &[u8]) -> String {
    let text = String::from_utf8_lossy(written);
    let text = text.trim_end();
    if text.len() <= TAIL_BYTES {
        return text.to_owned();
    }
    let mut from = text.len() - TAIL_BYTES;
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let end = &text[from..];
    end.split_once('\n').map_or(end, |(_, lines)| lines).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Output, tail};

    #[test]
    fn a_failure_carries_the_end_of_what_was_written() {
        let mut output = Output {
            command_line: "/usr/bin/false --now".into(),
            status: 1,
            stdout: b"out\n".to_vec(),
            stderr: Vec::new(),
            truncated: false,
        };
        insta::assert_snapshot!(
            output.failed("nothing was done"),
            @"nothing was done (`/usr/bin/false --now` ended with status 1): out"
        );
        output.stderr = b"E: reason\n".to_vec();
        insta::assert_snapshot!(
            output.failed("nothing was done"),
            @"nothing was done (`/usr/bin/false --now` ended with status 1): E: reason"
        );
    }

    #[test]
    fn a_long_output_is_cut_at_a_line_and_never_inside_a_character() {
        let long = "é".repeat(3000) + "\nlast line\n";
        assert_eq!(tail(long.as_bytes()), "last line");
        assert!(tail("é".repeat(3000).as_bytes()).len() <= 2000);
    }
}
