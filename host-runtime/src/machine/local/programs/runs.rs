//! Changing runs: begun at most once, apart from the agent, found again by name.

use std::collections::HashSet;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::record::{Exit, Record, RunRequest, State, VERSION, What};
use super::spawn::Supervisor;
use super::supervise::cgroup;
use super::wait::Watch;
use super::{launch, systemd};
use crate::machine::{MachineError, Output};

/// How long a supervisor may take to begin.
pub(super) const BEGIN_WITHIN: Duration = Duration::from_secs(30);
/// How much longer than its time limit a run is waited for: it was asked to end and may do so.
const GRACE: Duration = Duration::from_secs(5);
/// How often a run is looked at although nothing was heard: its supervisor may have died.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const MOST_LAUNCHES: usize = 5;
const LAUNCH_AGAIN_AFTER: Duration = Duration::from_millis(300);
const LONGEST_NAME: usize = 200;

/// What is known of a run that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Its supervisor lives.
    Running,
    /// It ended.
    Exited(Output),
    /// It was begun and nobody knows how it ended, or it was ended by its time limit; the text says which.
    Lost(String),
}

/// A change to be run.
#[derive(Debug)]
pub(in super::super) struct Order {
    /// Under which it is found again; without, its record is removed when it ended.
    pub(in super::super) name: Option<String>,
    pub(in super::super) what: What,
    pub(in super::super) script: Vec<u8>,
    pub(in super::super) arguments: Vec<String>,
    pub(in super::super) environment: Vec<(String, String)>,
    pub(in super::super) stdin: Bytes,
    pub(in super::super) timeout: Duration,
    pub(in super::super) output_bytes: u64,
}

/// A change that is recorded.
#[derive(Debug)]
pub(in super::super) struct Run {
    name: String,
    is_named: bool,
    record: Record,
    request: RunRequest,
    timeout: Duration,
}

/// All runs of a machine.
#[derive(Debug)]
pub(in super::super) struct Runs {
    directory: PathBuf,
    supervisor: Supervisor,
    /// Records are made one at a time.
    making: Mutex<()>,
    launching: Names,
}

impl Runs {
    pub(in super::super) fn new(directory: PathBuf, supervisor: Supervisor) -> Self {
        Self { directory, supervisor, making: Mutex::new(()), launching: Names::default() }
    }

    pub(in super::super) fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// Records what is to be run, or finds the record of that name. Nothing is begun yet.
    pub(in super::super) fn draw_up(&self, order: Order) -> Result<Run, MachineError> {
        let is_named = order.name.is_some();
        let name = match order.name {
            Some(name) => name,
            None => unique_name().map_err(|error| failed(format!("cannot name a run: {error}")))?,
        };
        let record = self.record(&name)?;
        let request = RunRequest {
            version: VERSION,
            what: order.what,
            arguments: order.arguments,
            environment: order.environment,
            timeout_ms: u64::try_from(order.timeout.as_millis()).unwrap_or(u64::MAX),
            output_bytes: order.output_bytes,
            own_cgroup: !launch::makes_units(),
        };
        self.write_record(&record, &request, &order.stdin, &order.script)?;
        Ok(Run { name, is_named, record, request, timeout: order.timeout })
    }

    /// Begins a run unless it was begun, and waits for its end.
    pub(in super::super) async fn carry_out(&self, run: &Run) -> Result<Output, MachineError> {
        let launching = self.launching.claim(&run.name);
        if launching.is_some() && matches!(state(&run.record)?, State::Waiting) {
            self.launch(&run.name, &run.record, &run.request).await?;
        }
        wait_for_end(&run.name, &run.record, run.timeout).await
    }

    /// Removes the record of a run that nobody can ask for again.
    pub(in super::super) fn tidy_up(&self, run: &Run) -> Result<(), MachineError> {
        if run.is_named || matches!(state(&run.record)?, State::Running) {
            return Ok(());
        }
        self.forget(&run.name)
    }

    /// Finds a run that was begun. One that was only going to be is prevented from it.
    pub(in super::super) fn adopt(&self, name: &str) -> Result<Option<RunState>, MachineError> {
        let record = self.record(name)?;
        let Some(request) = record.request().map_err(|error| unreadable(&error))? else { return Ok(None) };
        if matches!(state(&record)?, State::Waiting) && record.start().map_err(|error| unreadable(&error))? {
            record.remove().map_err(|error| unreadable(&error))?;
            return Ok(None);
        }
        Ok(Some(match state(&record)? {
            State::Running | State::Waiting => RunState::Running,
            State::Lost => RunState::Lost(lost(name, &record, &request)),
            State::Ended(exit) => match judge(&record, &request, exit) {
                Ok(output) => RunState::Exited(output),
                Err(error) => RunState::Lost(error.to_string()),
            },
        }))
    }

    /// Waits for the end of a run that was begun.
    pub(in super::super) async fn wait(&self, name: &str, at_most: Duration) -> Result<Output, MachineError> {
        wait_for_end(name, &self.record(name)?, at_most).await
    }

    /// Removes what is known of a run that ended.
    pub(in super::super) fn forget(&self, name: &str) -> Result<(), MachineError> {
        let record = self.record(name)?;
        if matches!(state(&record)?, State::Running) {
            return Err(failed(format!("run `{name}` has not ended yet")));
        }
        cgroup::remove(name);
        record.remove().map_err(|error| unreadable(&error))
    }

    fn record(&self, name: &str) -> Result<Record, MachineError> {
        let is_sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(is_sound) {
            return Err(failed(format!(
                "`{name}` is no name for a run: letters a-z, digits and `-` make one"
            )));
        }
        Ok(Record::at(self.directory.join(name)))
    }

    /// Makes the record, or checks that the one there is of the same run.
    fn write_record(
        &self,
        record: &Record,
        request: &RunRequest,
        stdin: &[u8],
        script: &[u8],
    ) -> Result<(), MachineError> {
        let cannot = |error: io::Error| {
            failed(format!("{} was not begun: cannot record it: {error}", request.command_line()))
        };
        let making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if record.request().map_err(cannot)?.is_none() {
            make_private(&self.directory).map_err(cannot)?;
            record.create(request, stdin, script).map_err(cannot)?;
        }
        drop(making);
        match record.request().map_err(cannot)? {
            Some(recorded) if recorded.is_same_run(request) => Ok(()),
            recorded => Err(failed(format!(
                "{} was not begun: a run of that name is {}",
                request.command_line(),
                recorded.map_or_else(|| "gone".to_owned(), |recorded| recorded.command_line())
            ))),
        }
    }

    /// Starts a supervisor that nothing binds to this process.
    async fn launch(&self, name: &str, record: &Record, request: &RunRequest) -> Result<(), MachineError> {
        let mut why = String::new();
        for _ in 0..MOST_LAUNCHES {
            match launch::start_supervisor(&self.supervisor, name, record, request).await {
                Ok(()) => return Ok(()),
                Err(failure) => why = failure,
            }
            // The unit of an earlier attempt or of a run that was forgotten may still be there.
            tokio::time::sleep(LAUNCH_AGAIN_AFTER).await;
            if !matches!(state(record)?, State::Waiting) {
                return Ok(());
            }
        }
        prevent(name, record, request, &why)
    }
}

/// Names of runs that somebody here starts and waits for.
#[derive(Debug, Default)]
struct Names(Mutex<HashSet<String>>);

struct Claim<'a> {
    names: &'a Names,
    name: String,
}

impl Names {
    /// `None` if somebody else does.
    fn claim(&self, name: &str) -> Option<Claim<'_>> {
        let is_free = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        is_free.then(|| Claim { names: self, name: name.to_owned() })
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.names.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

async fn wait_for_end(name: &str, record: &Record, at_most: Duration) -> Result<Output, MachineError> {
    let request = record.request().map_err(|error| unreadable(&error))?;
    let request = request.ok_or_else(|| failed(format!("there is no run `{name}`")))?;
    let mut watch = Watch::on(record.path());
    let since = Instant::now();
    loop {
        match state(record)? {
            State::Ended(exit) => return judge(record, &request, exit),
            State::Lost => return Err(MachineError::Interrupted(lost(name, record, &request))),
            State::Waiting if since.elapsed() > BEGIN_WITHIN => {
                prevent(name, record, &request, "its supervisor did not begin it")?;
            }
            State::Running if since.elapsed() > at_most.saturating_add(GRACE) => {
                return Err(failed(still_running(name, record, &request, at_most)));
            }
            State::Waiting | State::Running => watch.changed(LOOK_EVERY).await,
        }
    }
}

/// Makes sure that what was not begun never is. If it was begun after all, that is fine.
fn prevent(name: &str, record: &Record, request: &RunRequest, why: &str) -> Result<(), MachineError> {
    if !record.start().map_err(|error| unreadable(&error))? {
        return Ok(());
    }
    record.remove().map_err(|error| unreadable(&error))?;
    Err(failed(format!("{} was not begun as run `{name}`: {why}", request.command_line())))
}

fn judge(record: &Record, request: &RunRequest, exit: Exit) -> Result<Output, MachineError> {
    let line = request.command_line();
    match exit {
        Exit::NotStarted { why } => Err(failed(format!("{line} could not be run: {why}"))),
        Exit::Ended { status, timed_out: false, truncated } => Ok(record.output(status, truncated)),
        Exit::Ended { status, timed_out: true, truncated } => Err(MachineError::Failed {
            message: format!(
                "{line} was asked to end after {} ms, its time limit, and ended with status {status}",
                request.timeout_ms
            ),
            run: Some((line, record.output(status, truncated))),
        }),
    }
}

fn lost(name: &str, record: &Record, request: &RunRequest) -> String {
    let rest = match record.process() {
        Some(pid) => format!("; process {pid} still runs"),
        None => String::new(),
    };
    format!("{} was begun as run `{name}` and nobody knows how it ended{rest}", request.command_line())
}

fn still_running(name: &str, record: &Record, request: &RunRequest, at_most: Duration) -> String {
    let whereabouts = if request.own_cgroup {
        format!("run `{name}`")
    } else {
        format!("unit {}", systemd::unit_name(name))
    };
    let process = record.process().map_or_else(String::new, |pid| format!(", process {pid}"));
    let limit = at_most.as_millis();
    format!(
        "{} was asked to end after {limit} ms, its time limit, and still runs: {whereabouts}{process}",
        request.command_line()
    )
}

/// Units have names for the whole machine, and records outlive this process.
fn unique_name() -> io::Result<String> {
    let random = std::fs::read_to_string("/proc/sys/kernel/random/uuid")?;
    Ok(format!("unnamed-{}", random.trim()))
}

fn make_private(directory: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

fn state(record: &Record) -> Result<State, MachineError> {
    record.state().map_err(|error| unreadable(&error))
}

fn unreadable(error: &io::Error) -> MachineError {
    failed(format!("cannot read what is known of a run: {error}"))
}

fn failed(message: String) -> MachineError {
    MachineError::Failed { message, run: None }
}
