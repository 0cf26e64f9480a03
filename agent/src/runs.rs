//! Programs that outlive the agent, and how to find them again.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use hostwright_runtime::machine::MachineError;
use hostwright_runtime::machine::local::{LocalMachine, RunState};
use tracing::{info, warn};

/// A run that goes on is waited for; this only bounds one look at it.
const LONG: Duration = Duration::from_hours(24);

/// How the programs of one effect stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// No program was ever begun under the name.
    NothingRan,
    /// The last one ended by itself.
    Ended {
        /// Its exit status.
        status: i32,
        /// The end of what it wrote.
        output: String,
    },
    /// One was begun, and nobody knows how it ended.
    Unknown {
        /// What is known.
        reason: String,
    },
}

/// Finds the programs of an effect that an earlier life of the agent began.
#[async_trait]
pub(crate) trait Runs: Send + Sync {
    /// Waits while a program of the run goes on, and tells how it ended. None is begun under the name any more.
    async fn settle(&self, run: &str) -> Settled;

    /// Forgets the programs of a change that has ended, by how their names begin.
    async fn forget(&self, beginning: &str);
}

/// The programs that the machine records.
pub(crate) struct RecordedRuns {
    machine: LocalMachine,
    directory: PathBuf,
}

impl RecordedRuns {
    /// Looks at the runs of a machine, recorded in this directory.
    pub(crate) const fn new(machine: LocalMachine, directory: PathBuf) -> Self {
        Self { machine, directory }
    }

    /// Tells how one program stands; the host names those of a call by appending a number.
    async fn settle_one(&self, name: &str) -> Option<Settled> {
        loop {
            match self.machine.adopt(name).await {
                Ok(None) => return None,
                Ok(Some(RunState::Exited(output))) => {
                    let text = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
                    let output_text = String::from_utf8_lossy(text).into_owned();
                    return Some(Settled::Ended { status: output.status, output: output_text });
                }
                Ok(Some(RunState::Lost(reason))) => return Some(Settled::Unknown { reason }),
                Ok(Some(RunState::Running)) => {
                    info!("a program that was begun before, `{name}`, still runs; it is waited for");
                    if let Err(MachineError::Interrupted(reason)) = self.machine.wait(name, LONG).await {
                        return Some(Settled::Unknown { reason });
                    }
                }
                Err(error) => return Some(Settled::Unknown { reason: error.to_string() }),
            }
        }
    }
}

#[async_trait]
impl Runs for RecordedRuns {
    async fn settle(&self, run: &str) -> Settled {
        let mut last = Settled::NothingRan;
        for number in 1_u32.. {
            match self.settle_one(&format!("{run}-{number}")).await {
                None => break,
                Some(unknown @ Settled::Unknown { .. }) => return unknown,
                Some(settled) => last = settled,
            }
        }
        last
    }

    async fn forget(&self, beginning: &str) {
        let Ok(entries) = std::fs::read_dir(&self.directory) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(beginning)
                && let Err(error) = self.machine.forget(&name).await
            {
                warn!(error = &error as &dyn std::error::Error, "what is known of the run `{name}` stays");
            }
        }
    }
}
