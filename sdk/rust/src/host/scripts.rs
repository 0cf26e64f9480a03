//! Scripts that a signed change delivered, recognised by their digest.
//!
//! ```no_run
//! use std::time::Duration;
//! use hostwright_sdk::host::scripts::{self, Script};
//!
//! let output = scripts::run(&Script {
//!     path: "/usr/local/sbin/migrate".into(),
//!     arguments: vec!["--all".into()],
//!     user: "postgres".into(),
//!     stdin: None,
//!     timeout: Duration::from_secs(60),
//!     output_limit: 65_536,
//! })?;
//! assert!(output.succeeded());
//! # Ok::<(), hostwright_sdk::Error>(())
//! ```

use std::time::Duration;

use super::error_from_host;
use super::exec::Output;
use crate::Error;
use crate::bindings::provider::hostwright::host::scripts as wit;

/// One run of a delivered script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Where it lies.
    pub path: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The account that runs it.
    pub user: String,
    /// What it reads.
    pub stdin: Option<Vec<u8>>,
    /// How long it may run.
    pub timeout: Duration,
    /// Of standard output and standard error each, in bytes.
    pub output_limit: u32,
}

/// Runs a script and waits. An exit status other than 0 is an output, not an error.
pub fn run(script: &Script) -> Result<Output, Error> {
    let Script { path, arguments, user, stdin, timeout, output_limit } = script.clone();
    let command_line = std::iter::once(&path).chain(&arguments).cloned().collect::<Vec<_>>().join(" ");
    let timeout_ms = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
    let script = wit::Script { path, arguments, user, stdin, timeout_ms, output_limit };
    wit::run(&script).map(|output| Output::new(command_line, output)).map_err(error_from_host)
}
