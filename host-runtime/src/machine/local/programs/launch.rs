//! Starting a supervisor that nothing binds to this process.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use super::super::facts;
use super::record::{Record, RunRequest};
use super::runs::BEGIN_WITHIN;
use super::spawn::{Supervisor, clean};
use super::supervise::status_code;
use super::systemd;

/// Returns whether runs are units here.
pub(super) fn makes_units() -> bool {
    facts::has_systemd() && rustix::process::geteuid().is_root()
}

/// Starts the supervisor of a record, and says why not where it cannot.
pub(super) async fn start_supervisor(
    supervisor: &Supervisor,
    name: &str,
    record: &Record,
    request: &RunRequest,
) -> Result<(), String> {
    let mut command = tokio::process::Command::from(if request.own_cgroup {
        in_session(supervisor, record)
    } else {
        as_unit(supervisor, name, record, request)
    });
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    match tokio::time::timeout(BEGIN_WITHIN, command.output()).await {
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(format!("its supervisor ended with status {}: {said}", status_code(output.status)))
        }
        Ok(Err(error)) => Err(format!("its supervisor could not be started: {error}")),
        Err(_elapsed) => Err(format!("its supervisor was not started within {} s", BEGIN_WITHIN.as_secs())),
    }
}

fn in_session(supervisor: &Supervisor, record: &Record) -> Command {
    let mut command = supervisor.command("launch");
    command.arg("--record").arg(record.path());
    command
}

fn as_unit(supervisor: &Supervisor, name: &str, record: &Record, request: &RunRequest) -> Command {
    let change = supervisor.command("change");
    let mut line = vec![change.get_program().to_owned()];
    line.extend(change.get_args().map(OsString::from));
    line.extend(["--record".into(), record.path().into()]);
    let mut command = clean(Path::new(systemd::SYSTEMD_RUN), &[]);
    command.args(systemd::arguments(name, &request.command_line(), &line));
    command
}
