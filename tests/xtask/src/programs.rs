//! Runs other programs: the one file of this crate that does.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context as _, Result, bail};

/// One program with its arguments, to be run in one of several ways.
#[derive(Debug)]
pub struct Program {
    command: Command,
}

impl Program {
    /// Begins a command line.
    #[expect(clippy::disallowed_methods, reason = "this file owns the starting of programs")]
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::null());
        Self { command }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds several arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets its working directory.
    #[must_use]
    pub fn current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Runs it with its output on the terminal; an exit status other than 0 is an error.
    pub fn run(mut self) -> Result<()> {
        let status = self.command.status().with_context(|| format!("start {}", self.line()))?;
        if !status.success() {
            bail!("{} ended with {status}", self.line());
        }
        Ok(())
    }

    /// Runs it in place of a person's shell: input and output are the terminal's. Returns its exit status.
    pub fn interact(mut self) -> Result<i32> {
        self.command.stdin(Stdio::inherit());
        let status = self.command.status().with_context(|| format!("start {}", self.line()))?;
        Ok(status.code().unwrap_or(1))
    }

    /// Runs it and returns what it wrote, whatever its exit status.
    pub fn output(mut self) -> Result<Output> {
        self.command.output().with_context(|| format!("start {}", self.line()))
    }

    /// Runs it silently and returns its standard output; a failure shows the end of what it wrote.
    pub fn capture(self) -> Result<String> {
        let line = self.line();
        let output = self.output()?;
        if !output.status.success() {
            bail!("{line} ended with {}\n{}", output.status, tail(&output.stdout, &output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it silently with `input` on its standard input.
    pub fn feed(mut self, input: &[u8]) -> Result<String> {
        let line = self.line();
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().with_context(|| format!("start {line}"))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input).with_context(|| format!("write to {line}"))?;
        }
        let output = child.wait_with_output().with_context(|| format!("wait for {line}"))?;
        if !output.status.success() {
            bail!("{line} ended with {}\n{}", output.status, tail(&output.stdout, &output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Starts it in a process group of its own, with its output in a file, and goes on.
    pub fn start(self, log: &Path) -> Result<Child> {
        let printed = append(log)?;
        self.start_printing_to(printed, log)
    }

    /// As [`start`](Self::start), with standard output to a file that is open already and only the rest in the log.
    pub fn start_printing_to(mut self, printed: std::fs::File, log: &Path) -> Result<Child> {
        use std::os::unix::process::CommandExt as _;
        let line = self.line();
        let file = append(log)?;
        self.command.stdout(printed).stderr(file).process_group(0);
        self.command.spawn().with_context(|| format!("start {line}"))
    }

    /// Starts it with pipes to its standard input and output, and the rest in a log.
    pub fn converse(mut self, log: &Path) -> Result<Child> {
        let line = self.line();
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(append(log)?);
        self.command.spawn().with_context(|| format!("start {line}"))
    }

    fn line(&self) -> String {
        let words = std::iter::once(self.command.get_program()).chain(self.command.get_args());
        let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
        format!("`{}`", words.join(" "))
    }
}

fn append(log: &Path) -> Result<std::fs::File> {
    let file = std::fs::File::options().create(true).append(true).open(log);
    file.with_context(|| format!("open {}", log.display()))
}

fn tail(stdout: &[u8], stderr: &[u8]) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(stdout), String::from_utf8_lossy(stderr));
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_and_shows_what_it_wrote() {
        let error = Program::new("sh")
            .args(["-c", "echo out; echo err >&2; exit 3"])
            .capture()
            .unwrap_err()
            .to_string();
        assert!(error.contains("exit 3") && error.contains("out\nerr"), "{error}");
    }

    #[test]
    fn input_reaches_the_program() {
        assert_eq!(Program::new("cat").feed(b"hello").unwrap(), "hello");
    }
}
