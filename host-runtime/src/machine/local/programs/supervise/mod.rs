//! What the supervisor does: the agent's executable, called anew for one program.
//!
//! | job | is | does |
//! |---|---|---|
//! | `query` | child of the agent | makes namespaces, starts `sandbox`, ends it at the time limit or with the agent |
//! | `sandbox` | process 1 of the namespaces | takes away every way to change something, watches over the program |
//! | `launch` | child of the agent | leaves the agent's session, starts `change`, ends |
//! | `change` | unit, or session of its own | starts `enter`, asks it to end at the time limit, writes down how it ended |
//! | `enter` | child of `change` | becomes the user, becomes the program or script |
//!
//! Each is entered before the process has a second thread.

pub(super) mod cgroup;
mod change;
mod complaint;
mod enter;
mod kernel;
mod line;
mod query;
mod relay;
mod sandbox;

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

pub(super) use complaint::{COULD_NOT, Complaint};
pub(super) use line::QueryLine;

/// Does one of the supervisor's jobs; the arguments are those after the prefix.
///
/// Must be called before the process has a second thread: namespaces, capabilities and user ids belong to threads.
pub fn supervise_main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut arguments = arguments;
    let job = arguments.next().unwrap_or_default();
    let rest: Vec<OsString> = arguments.collect();
    let done = match job.to_str() {
        Some("query") => query::query(&rest),
        Some("sandbox") => sandbox::sandbox(rest),
        Some("launch") => change::launch(rest),
        Some("change") => change::change(rest),
        Some("enter") => enter::enter(rest),
        _ => Err(format!("`{}` is not a job of the supervisor", job.to_string_lossy())),
    };
    done.unwrap_or_else(|why| {
        Complaint::Failed(why).make();
        ExitCode::from(COULD_NOT)
    })
}

/// The exit status as a shell says it.
pub(super) fn status_code(status: ExitStatus) -> i32 {
    status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(255)
}

fn exit_code(status: i32) -> ExitCode {
    ExitCode::from(u8::try_from(status).unwrap_or(255))
}
