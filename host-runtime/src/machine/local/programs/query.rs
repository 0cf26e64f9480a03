//! Running a query: under a supervisor, where it cannot change anything.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use bytes::Bytes;

use super::isolation::QueryIsolation;
use super::output::Kept;
use super::record::command_line;
use super::spawn::Supervisor;
use super::supervise::{COULD_NOT, Complaint, QueryLine, status_code};
use crate::machine::{Invocation, MachineError, Output};

/// How much longer than the program the supervisor may take.
const GRACE: Duration = Duration::from_secs(10);
const KILLED: i32 = 128 + 9;
/// How long output is awaited from what a program left behind.
const LINGER: Duration = Duration::from_millis(200);

/// One query, ready to run.
pub(in super::super) struct Query {
    /// The program, links resolved.
    pub(in super::super) program: PathBuf,
    pub(in super::super) invocation: Invocation,
    /// Paths of which nothing is to be seen.
    pub(in super::super) masks: Vec<PathBuf>,
    /// A file that is to be seen even where everything else is hidden.
    pub(in super::super) exposed: Option<PathBuf>,
}

impl Query {
    /// Runs it and waits.
    pub(in super::super) async fn run(
        self,
        supervisor: &Supervisor,
        isolation: QueryIsolation,
    ) -> Result<Output, MachineError> {
        let Invocation { program, arguments, environment, stdin, timeout, output_bytes, .. } =
            self.invocation;
        let said = command_line(&program, &arguments);
        let line = QueryLine {
            is_isolated: isolation == QueryIsolation::Namespaces,
            timeout,
            masks: self.masks,
            exposed: self.exposed,
            environment,
            name: program,
            program: self.program,
            arguments,
        };
        let mut command = supervisor.command("query");
        command.args(line.to_arguments());
        let mut kept = Kept::new(output_bytes);
        match tokio::time::timeout(timeout + GRACE, watch(command.into(), stdin, &mut kept)).await {
            Ok(Ok(status)) => judge(status, kept, said, timeout),
            Ok(Err(error)) => Err(failed(format!("cannot run {said}: {error}"), None)),
            Err(_elapsed) => {
                let (stdout, stderr, truncated) = kept.into_parts();
                Err(too_slow(said, timeout, output(KILLED, stdout, stderr, truncated)))
            }
        }
    }
}

async fn watch(
    mut command: tokio::process::Command,
    stdin: Bytes,
    kept: &mut Kept,
) -> std::io::Result<ExitStatus> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let (Some(input), Some(output), Some(errors)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(std::io::Error::other("the program has no pipes"));
    };
    let pump = kept.pump(Some((input, stdin)), output, errors);
    tokio::pin!(pump);
    tokio::select! {
        () = &mut pump => child.wait().await,
        status = child.wait() => {
            let _rest = tokio::time::timeout(LINGER, &mut pump).await;
            status
        }
    }
}

fn judge(status: ExitStatus, kept: Kept, said: String, timeout: Duration) -> Result<Output, MachineError> {
    let status = status_code(status);
    let (stdout, mut stderr, truncated) = kept.into_parts();
    if status == i32::from(COULD_NOT)
        && let Some(complaint) = Complaint::take(&mut stderr)
    {
        return Err(match complaint {
            Complaint::TooSlow => too_slow(said, timeout, output(KILLED, stdout, stderr, truncated)),
            Complaint::Failed(why) => failed(format!("cannot run {said}: {why}"), None),
        });
    }
    Ok(output(status, stdout, stderr, truncated))
}

fn output(status: i32, stdout: Vec<u8>, stderr: Vec<u8>, truncated: bool) -> Output {
    Output { status, stdout: stdout.into(), stderr: stderr.into(), truncated }
}

fn too_slow(said: String, timeout: Duration, output: Output) -> MachineError {
    failed(format!("{said} was ended after {} ms, its time limit", timeout.as_millis()), Some((said, output)))
}

fn failed(message: String, run: Option<(String, Output)>) -> MachineError {
    MachineError::Failed { message, run }
}
