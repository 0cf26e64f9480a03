//! The one place where processes are made.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// The executable that watches over programs: the agent's own, called with arguments that lead it to
/// [`supervise_main`](super::supervise_main).
#[derive(Clone, Debug)]
pub struct Supervisor {
    /// An absolute path.
    pub program: PathBuf,
    /// Comes before the arguments of `supervise_main`.
    pub arguments_prefix: Vec<OsString>,
}

impl Supervisor {
    /// The same executable again, from within a supervisor; also where an upgrade has put another one in its place.
    pub(super) fn myself(arguments_prefix: Vec<OsString>) -> Self {
        Self { program: PathBuf::from("/proc/self/exe"), arguments_prefix }
    }

    /// One of the supervisor's jobs, with a clean environment.
    pub(super) fn command(&self, job: &str) -> Command {
        let mut command = clean(&self.program, &[]);
        command.args(&self.arguments_prefix).arg(job);
        for argument in &self.arguments_prefix {
            command.arg("--prefix").arg(argument);
        }
        command
    }
}

/// A command with nothing but the given environment, in `/`.
pub(super) fn clean(program: &Path, environment: &[(String, String)]) -> Command {
    #[expect(clippy::disallowed_methods, reason = "this file owns the making of processes")]
    let mut command = Command::new(program);
    command.env_clear().env("PATH", PATH).env("LC_ALL", "C.UTF-8").current_dir("/");
    command.envs(environment.iter().map(|(name, value)| (OsStr::new(name), OsStr::new(value))));
    command
}
