//! The laws of providers that need real programs, kept by the shipped components on a booted Debian host.
//!
//! The component runs out here, as it does in an agent; the machine that it sees is the host's, served from inside by
//! `hostwright-test-machine`.

#![expect(clippy::unwrap_used, reason = "what helpers of tests cannot do ends the test")]

mod executables;
mod packages;
mod queries;
mod services;

use std::fs;
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hostwright_runtime::Call;
use hostwright_runtime::machine::{Machine, Request};
use hostwright_runtime::provider::{Desired, Outcome, ProviderError, State};
use hostwright_testkit::{Bench, RemoteMachine};
use hostwright_tests::hosts;
use serde_json::Value as Json;
use tokio::process::{ChildStdin, ChildStdout};
use xtask::lab::host::{Host, Tree};
use xtask::workspace::Workspace;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hostwright-test-machine");
/// Where it lies in the host.
const SERVER: &str = "/usr/bin/hostwright-test-machine";
const SOON: Duration = Duration::from_mins(2);

/// A booted host, and the way to its machine.
struct Served {
    host: Host,
    machine: Arc<dyn Machine>,
    server: Child,
}

impl Served {
    /// Boots a host that has what `prepare` puts into its tree.
    fn boot(name: &str, prepare: impl FnOnce(&Tree)) -> Self {
        let host = hosts::boot(name).unwrap();
        prepare(host.tree());
        host.tree().install(Path::new(PROGRAM), SERVER).unwrap();
        host.program("systemctl").arg("daemon-reload").capture().unwrap();
        // The distribution's own timers would write while others are watched.
        host.program("systemctl").args(["stop", "*.timer"]).capture().unwrap();
        let (server, machine) = connect(&host);
        Self { host, machine, server }
    }

    /// A shipped provider that sees this machine.
    async fn bench(&self, plugin: &str) -> Bench {
        Bench::of(shipped(plugin), self.machine.clone()).unwrap().load().await.unwrap()
    }

    /// What a line of shell writes, inside.
    fn shell(&self, line: &str) -> String {
        self.host.program("sh").args(["-c", line]).capture().unwrap()
    }

    /// Every file with the time of the last change of its inode, which the kernel alone sets; without logs, and without
    /// what is mounted elsewhere.
    fn files(&self) -> String {
        self.shell(
            r"find / -xdev -path /var/log -prune -o -printf '%p %y %m %U:%G %s %C@ %l\n' | LC_ALL=C sort",
        )
    }

    fn put_away(self) {
        let Self { host, machine: _, mut server } = self;
        server.kill().unwrap();
        server.wait().unwrap();
        hosts::remove(host.cut_power()).unwrap();
    }
}

/// Starts the server inside and returns the machine that it serves.
fn connect(host: &Host) -> (Child, Arc<dyn Machine>) {
    let log = host.tree().directory().join("test-machine.log");
    let mut server = host.program(SERVER).converse(&log).unwrap();
    let (stdin, stdout) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
    let (stdin, stdout) = (ChildStdin::from_std(stdin).unwrap(), ChildStdout::from_std(stdout).unwrap());
    (server, Arc::new(RemoteMachine::new(stdout, stdin)))
}

/// A component as it is shipped: packed, with its manifest in it.
fn shipped(plugin: &str) -> Bytes {
    let directory = Workspace::locate().plugins();
    let is_it = |name: &str| {
        let version =
            name.strip_prefix(&format!("hostwright-{plugin}-")).and_then(|name| name.strip_suffix(".wasm"));
        version.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
    };
    let mut files = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
    let file = files.find(|path| is_it(&path.file_name().unwrap().to_string_lossy()));
    fs::read(file.unwrap_or_else(|| panic!("no {plugin}: run `cargo xtask build` first"))).unwrap().into()
}

fn desired(id: &str, attributes: &Json) -> Desired {
    Desired { id: id.to_owned(), state: State::Present(attributes.to_string()) }
}

/// Applies a batch to what is there, and forgets what was asked of the machine before.
async fn apply(bench: &Bench, batch: &[(&str, Json)]) -> Vec<Result<Outcome, String>> {
    let wanted: Vec<Desired> = batch.iter().map(|(id, attributes)| desired(id, attributes)).collect();
    let ids: Vec<String> = batch.iter().map(|(id, _)| (*id).to_owned()).collect();
    let observed = bench.provider.read(&Call::plan(), &ids).await.unwrap();
    bench.machine.take_requests();
    let outcomes = bench.provider.apply(&fresh_run(), &wanted, &observed).await.unwrap();
    outcomes.into_iter().map(|outcome| outcome.map_err(|error| in_words(&error))).collect()
}

async fn perform(bench: &Bench, id: &str, action: &str) -> Result<Outcome, String> {
    let performed = bench.provider.perform(&fresh_run(), id, action, "{}").await;
    performed.map_err(|error| match &error {
        hostwright_runtime::CallError::Refused(refusal) => in_words(refusal),
        other => other.to_string(),
    })
}

/// Names of changing runs are used once on a machine.
fn fresh_run() -> Call {
    use std::sync::atomic::{AtomicU32, Ordering};
    static RUNS: AtomicU32 = AtomicU32::new(0);
    Call::apply(format!("scenario-{}", RUNS.fetch_add(1, Ordering::Relaxed)))
}

/// An error with the output of the program that failed, after a bar.
fn in_words(error: &ProviderError) -> String {
    match error {
        ProviderError::Failed { message, output, .. } => {
            format!("{message}|{}", output.as_deref().unwrap_or_default())
        }
        other => other.to_string(),
    }
}

/// Programs that were run, as command lines.
fn command_lines(requests: &[Request]) -> Vec<String> {
    let runs = requests.iter().filter_map(|request| match request {
        Request::Run(run) => Some(format!("{} {}", run.program, run.arguments.join(" "))),
        _ => None,
    });
    runs.collect()
}
