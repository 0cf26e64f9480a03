//! Jobs `launch` and `change`: a program that outlives the agent, and somebody who sees how it ends.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use rustix::fs::Mode;
use rustix::process::{Pid, Signal};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use super::super::output::Kept;
use super::super::record::{Exit, Record, RunRequest, What};
use super::super::spawn::Supervisor;
use super::complaint::{COULD_NOT, Complaint};
use super::line::Line;
use super::{cgroup, kernel, status_code};

/// How long output is awaited from what a program left behind.
const LINGER: Duration = Duration::from_millis(500);
/// How often the end is tried to be written down.
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// Leaves the agent's session and starts `change` there.
pub(super) fn launch(arguments: Vec<OsString>) -> Result<ExitCode, String> {
    let line = Line::parse(arguments)?;
    kernel::inherit_nothing_else().map_err(|error| error.to_string())?;
    rustix::process::setsid().map_err(|error| error.to_string())?;
    let supervisor = Supervisor::myself(line.prefix());
    let mut change = supervisor.command("change");
    change.arg("--record").arg(line.one("--record")?);
    change.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // This process ends at once; whoever takes in orphans sees the end of this one.
    let _orphan = change.spawn().map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// Runs what a record says, unless somebody did.
pub(super) fn change(arguments: Vec<OsString>) -> Result<ExitCode, String> {
    let line = Line::parse(arguments)?;
    let record = Record::at(line.one("--record")?.into());
    let supervisor = Supervisor::myself(line.prefix());
    let describe = |error: io::Error| error.to_string();
    kernel::inherit_nothing_else().map_err(describe)?;
    rustix::process::umask(Mode::from_raw_mode(0o022));

    let _lock = record.lock().map_err(describe)?;
    let request = record.request().map_err(describe)?.ok_or("there is no such record")?;
    if record.is_started() {
        return Ok(ExitCode::SUCCESS);
    }
    record.reserve_exit().map_err(describe)?;
    if !record.start().map_err(describe)? {
        return Ok(ExitCode::SUCCESS);
    }
    let own_cgroup = record.path().file_name().and_then(|name| name.to_str()).filter(|_| request.own_cgroup);
    if let Some(name) = own_cgroup {
        cgroup::enter(name);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(describe)?;
    runtime.block_on(async {
        let mut kept = Kept::new(request.output_bytes);
        let exit = match oversee(&supervisor, &record, &request, &mut kept).await {
            Ok((status, timed_out)) => ended(status, timed_out, kept),
            Err(error) => (Exit::NotStarted { why: error.to_string() }, Vec::new(), Vec::new()),
        };
        if let Some(name) = own_cgroup {
            cgroup::leave(name);
        }
        write_down(&record, &exit).await;
    });
    Ok(ExitCode::SUCCESS)
}

async fn oversee(
    supervisor: &Supervisor,
    record: &Record,
    request: &RunRequest,
    kept: &mut Kept,
) -> io::Result<(ExitStatus, bool)> {
    // A unit that is stopped and a session that ends do not take the program along.
    let mut stop = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;

    let stdin: File = record.take_stdin()?;
    let mut command = supervisor.command("enter");
    command.arg("--record").arg(record.path());
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = tokio::process::Command::from(command).spawn()?;
    let pid = child.id().ok_or_else(|| io::Error::other("the program has no process"))?;
    // Only for people: nothing depends on it.
    let _noted = record.note_process(pid);
    let (Some(output), Some(errors)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(io::Error::other("the program has no pipes"));
    };

    let pump = kept.pump(None, output, errors);
    tokio::pin!(pump);
    let deadline = Instant::now() + Duration::from_millis(request.timeout_ms);
    let (mut is_pumped, mut timed_out) = (false, false);
    loop {
        // All of these lose nothing when another one comes first.
        tokio::select! {
            status = child.wait() => {
                if !is_pumped {
                    let _rest = tokio::time::timeout(LINGER, &mut pump).await;
                }
                return Ok((status?, timed_out));
            }
            () = &mut pump, if !is_pumped => is_pumped = true,
            () = tokio::time::sleep_until(deadline), if !timed_out => {
                timed_out = true;
                ask_to_end(pid, &request.what);
            }
            _ = stop.recv() => {}
            _ = interrupt.recv() => {}
            _ = hang_up.recv() => {}
        }
    }
}

/// Asks, and never more: a package manager that is killed leaves half an installation. A script's children are asked
/// too, a program's are its own affair.
fn ask_to_end(pid: u32, what: &What) {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
    // It may have ended meanwhile.
    let _asked = match what {
        What::Program { .. } => rustix::process::kill_process(pid, Signal::TERM),
        What::Script { .. } => rustix::process::kill_process_group(pid, Signal::TERM),
    };
}

fn ended(status: ExitStatus, timed_out: bool, kept: Kept) -> (Exit, Vec<u8>, Vec<u8>) {
    let status = status_code(status);
    let (stdout, mut stderr, truncated) = kept.into_parts();
    if status == i32::from(COULD_NOT)
        && let Some(Complaint::Failed(why)) = Complaint::take(&mut stderr)
    {
        return (Exit::NotStarted { why }, stdout, stderr);
    }
    (Exit::Ended { status, timed_out, truncated }, stdout, stderr)
}

/// Writes down how it ended, as soon as that is possible: until then it counts as running.
async fn write_down(record: &Record, (exit, stdout, stderr): &(Exit, Vec<u8>, Vec<u8>)) {
    while record.finish(exit, stdout, stderr).is_err() && record.path().exists() {
        tokio::time::sleep(WRITE_EVERY).await;
    }
}
