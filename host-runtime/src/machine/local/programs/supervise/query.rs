//! Job `query`: a program in namespaces of its own, until its time limit or the agent's end.

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal};

use super::super::spawn::{Supervisor, clean};
use super::complaint::{COULD_NOT, Complaint};
use super::line::{Line, QueryLine};
use super::{exit_code, kernel, status_code};

pub(super) fn query(arguments: &[OsString]) -> Result<ExitCode, String> {
    let line = Line::parse(arguments.to_vec())?;
    let supervisor = Supervisor::myself(line.prefix());
    let query = line.query()?;
    kernel::inherit_nothing_else().map_err(|error| error.to_string())?;
    // In the agent's session a terminal could reach the program.
    let _session = rustix::process::setsid();
    let mut child = if query.is_isolated {
        kernel::leave_namespaces().map_err(|error| format!("cannot make namespaces: {error}"))?;
        // The sandbox takes the same arguments, prefix included.
        let mut sandbox = clean(&supervisor.program, &[]);
        sandbox.args(&supervisor.arguments_prefix).arg("sandbox").args(arguments);
        sandbox.spawn()
    } else {
        program(&query).process_group(0).spawn()
    }
    .map_err(|error| error.to_string())?;

    let outcome = watch(&mut child, query.timeout);
    if !query.is_isolated {
        kill_group(&child);
    }
    let Some(status) = outcome.map_err(|error| error.to_string())? else {
        Complaint::TooSlow.make();
        return Ok(ExitCode::from(COULD_NOT));
    };
    Ok(exit_code(status))
}

/// The program itself, ready to start.
pub(super) fn program(query: &QueryLine) -> Command {
    let mut command = clean(&query.program, &query.environment);
    command.arg0(&query.name).args(&query.arguments);
    command
}

/// Waits for the child; `None` if it had to be ended. Ends it also if nobody reads its output any more.
pub(super) fn watch(child: &mut Child, timeout: Duration) -> std::io::Result<Option<i32>> {
    let handle = rustix::process::pidfd_open(pid(child), PidfdFlags::empty())?;
    let stdout = std::io::stdout();
    let deadline = Instant::now() + timeout;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut waiting = [
            PollFd::new(&handle, PollFlags::IN),
            // Asked for nothing: only the loss of the reader is reported.
            PollFd::from_borrowed_fd(stdout.as_fd(), PollFlags::empty()),
        ];
        let limit = Timespec::try_from(left).ok();
        match poll(&mut waiting, limit.as_ref()) {
            Err(rustix::io::Errno::INTR) => continue,
            result => result?,
        };
        if waiting[0].revents().contains(PollFlags::IN) {
            return Ok(Some(status_code(child.wait()?)));
        }
        if left.is_zero() || !waiting[1].revents().is_empty() {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
    }
}

fn kill_group(leader: &Child) {
    // Most often nobody is left in it.
    let _killed = rustix::process::kill_process_group(pid(leader), Signal::KILL);
}

fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}
