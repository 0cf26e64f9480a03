//! Stand-ins for the programs that our own providers run, for tests of those providers.
//!
//! They know the command lines that the providers use and no others. What the real programs do is seen on booted hosts.

mod debian;
mod systemd;

pub use debian::Debian;
pub use systemd::{Start, Systemd, Unit};

use hostwright_runtime::machine::Output;

fn wrote(stdout: impl Into<String>) -> Output {
    Output { status: 0, stdout: stdout.into().into(), stderr: bytes::Bytes::new(), truncated: false }
}

fn complained(status: i32, stderr: impl Into<String>) -> Output {
    Output { status, stdout: bytes::Bytes::new(), stderr: stderr.into().into(), truncated: false }
}
