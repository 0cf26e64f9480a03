//! What is known of a changing run, in a directory of its own that outlives everybody.
//!
//! | file | by | says |
//! |---|---|---|
//! | `request` | agent | what is to be run; complete before the directory has its name |
//! | `stdin`, `script` | agent | what it reads, what it is; standard input is gone once it was opened |
//! | `lock` | supervisor | held as long as it lives |
//! | `started` | supervisor | made exclusively, before anything is run: whoever makes it may run, nobody else ever |
//! | `process` | supervisor | number and start time of the program's process |
//! | `stdout`, `stderr`, `exit` | supervisor | how it ended; space for `exit` is taken before anything is run |

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use crate::machine::Output;

pub(super) const VERSION: u32 = 1;
const EXIT_ROOM: usize = 4096;

/// What is to be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RunRequest {
    pub(super) version: u32,
    pub(super) what: What,
    pub(super) arguments: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) timeout_ms: u64,
    pub(super) output_bytes: u64,
    /// The supervisor makes a control group of its own, as no unit gives it one.
    pub(super) own_cgroup: bool,
}

/// A program or a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) enum What {
    /// A program that only root could have changed.
    Program {
        /// Links resolved.
        path: PathBuf,
        /// As it was asked for.
        name: String,
    },
    /// The content in the record.
    Script {
        /// Where it was delivered.
        name: String,
        /// SHA-256, hexadecimal.
        digest: String,
        /// Who runs it.
        uid: u32,
        /// Its group.
        gid: u32,
        /// Its other groups.
        groups: Vec<u32>,
        /// Where it runs, if it may.
        home: String,
    },
}

impl RunRequest {
    pub(super) fn command_line(&self) -> String {
        let (What::Program { name, .. } | What::Script { name, .. }) = &self.what;
        command_line(name, &self.arguments)
    }

    /// Returns whether both run the same, however long they may take.
    pub(super) fn is_same_run(&self, other: &Self) -> bool {
        self.what == other.what && self.arguments == other.arguments && self.environment == other.environment
    }
}

/// A command line for people.
pub(in super::super) fn command_line(program: &str, arguments: &[String]) -> String {
    let mut line = program.to_owned();
    for argument in arguments {
        line.push(' ');
        if argument.is_empty() || argument.contains(|letter: char| letter.is_whitespace() || letter == '\'') {
            line.push_str(&format!("{argument:?}"));
        } else {
            line.push_str(argument);
        }
    }
    line
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Exit {
    Ended { status: i32, timed_out: bool, truncated: bool },
    NotStarted { why: String },
}

/// What a record says.
#[derive(Debug)]
pub(super) enum State {
    Waiting,
    Running,
    Ended(Exit),
    /// Begun, and its supervisor is gone without a word.
    Lost,
}

/// A record.
#[derive(Clone, Debug)]
pub(super) struct Record {
    directory: PathBuf,
}

impl Record {
    pub(super) fn at(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Makes a record. Returns `false` if there is one of that name.
    pub(super) fn create(&self, request: &RunRequest, stdin: &[u8], script: &[u8]) -> io::Result<bool> {
        let unfinished = self.beside(".new-")?;
        remove_tree(&unfinished)?;
        DirBuilder::new().mode(0o700).create(&unfinished)?;
        let draft = Self::at(unfinished);
        draft.write_durably("request", &serde_json::to_vec(request)?)?;
        draft.write_durably("stdin", stdin)?;
        draft.write_durably("script", script)?;
        draft.sync()?;
        let is_new = match fs::rename(&draft.directory, &self.directory) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => false,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
            Err(error) => {
                remove_tree(&draft.directory)?;
                return Err(error);
            }
        };
        remove_tree(&draft.directory)?;
        if let Some(parent) = self.directory.parent() {
            File::open(parent)?.sync_all()?;
        }
        Ok(is_new)
    }

    /// `None` where there is no such record.
    pub(super) fn request(&self) -> io::Result<Option<RunRequest>> {
        match fs::read(self.directory.join("request")) {
            Ok(bytes) => {
                let request: RunRequest = serde_json::from_slice(&bytes)?;
                if request.version == VERSION {
                    return Ok(Some(request));
                }
                let message = format!("it is of version {}, only {VERSION} is known", request.version);
                Err(io::Error::other(message))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn state(&self) -> io::Result<State> {
        if let Some(exit) = self.exit()? {
            return Ok(State::Ended(exit));
        }
        if !self.is_started() {
            return Ok(State::Waiting);
        }
        let lock = self.lock_file()?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Ok(self.exit()?.map_or(State::Lost, State::Ended)),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(State::Running),
            Err(errno) => Err(errno.into()),
        }
    }

    pub(super) fn is_started(&self) -> bool {
        self.directory.join("started").exists()
    }

    /// Takes the right to run it, once and for all. Returns whether it was still free.
    pub(super) fn start(&self) -> io::Result<bool> {
        let mut exclusively = OpenOptions::new();
        exclusively.write(true).create_new(true).mode(0o600);
        match exclusively.open(self.directory.join("started")) {
            Ok(file) => {
                file.sync_all()?;
                self.sync()?;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Waits for other supervisors of this record to end; the lock is held as long as the file is open.
    pub(super) fn lock(&self) -> io::Result<File> {
        let lock = self.lock_file()?;
        rustix::fs::flock(&lock, FlockOperation::LockExclusive)?;
        Ok(lock)
    }

    /// Opens standard input and removes its name: it may hold a secret.
    pub(super) fn take_stdin(&self) -> io::Result<File> {
        let path = self.directory.join("stdin");
        let file = File::open(&path)?;
        fs::remove_file(&path)?;
        Ok(file)
    }

    pub(super) fn script(&self) -> io::Result<Vec<u8>> {
        fs::read(self.directory.join("script"))
    }

    /// Notes the program's process.
    pub(super) fn note_process(&self, pid: u32) -> io::Result<()> {
        let start_time = start_time(pid).unwrap_or_default();
        self.write_durably("process", format!("{pid} {start_time}").as_bytes())
    }

    /// The program's process, if it still runs.
    pub(super) fn process(&self) -> Option<u32> {
        let text = fs::read_to_string(self.directory.join("process")).ok()?;
        let (pid, noted) = text.split_once(' ')?;
        let pid = pid.parse().ok()?;
        (start_time(pid)? == noted).then_some(pid)
    }

    /// Makes sure that the end can be written down even on a full disk.
    pub(super) fn reserve_exit(&self) -> io::Result<()> {
        self.write_durably("exit.new", &[b' '; EXIT_ROOM])
    }

    /// Writes down how it ended. Outputs are kept as far as there is room.
    pub(super) fn finish(&self, exit: &Exit, stdout: &[u8], stderr: &[u8]) -> io::Result<()> {
        let mut exit = exit.clone();
        let is_kept =
            self.write_durably("stdout", stdout).is_ok() && self.write_durably("stderr", stderr).is_ok();
        if let Exit::Ended { truncated, .. } = &mut exit {
            *truncated |= !is_kept;
        }
        let mut text = serde_json::to_vec(&exit)?;
        text.resize(EXIT_ROOM.max(text.len()), b' ');
        let path = self.directory.join("exit.new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&path, self.directory.join("exit"))?;
        self.sync()
    }

    /// The output of a run that ended.
    pub(super) fn output(&self, status: i32, truncated: bool) -> Output {
        let part = |name| fs::read(self.directory.join(name)).unwrap_or_default().into();
        Output { status, stdout: part("stdout"), stderr: part("stderr"), truncated }
    }

    /// Removes it at once: nobody who still looks for it finds half of it.
    pub(super) fn remove(&self) -> io::Result<()> {
        let removed = self.beside(".old-")?;
        remove_tree(&removed)?;
        match fs::rename(&self.directory, &removed) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => remove_tree(&removed),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.directory
    }

    fn beside(&self, prefix: &str) -> io::Result<PathBuf> {
        let Some(name) = self.directory.file_name() else {
            return Err(io::Error::other("a record needs a name"));
        };
        let mut other = OsString::from(prefix);
        other.push(name);
        Ok(self.directory.with_file_name(other))
    }

    fn exit(&self) -> io::Result<Option<Exit>> {
        match fs::read(self.directory.join("exit")) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn lock_file(&self) -> io::Result<File> {
        let path = self.directory.join("lock");
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
    }

    fn write_durably(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.directory.join(name);
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.directory)?.sync_all()
    }
}

fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// When a process began, in the kernel's ticks: numbers of processes come again, this does not.
fn start_time(pid: u32) -> Option<String> {
    let mut text = String::new();
    File::open(format!("/proc/{pid}/stat")).ok()?.read_to_string(&mut text).ok()?;
    let (_, after_name) = text.rsplit_once(')')?;
    after_name.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> RunRequest {
        RunRequest {
            version: VERSION,
            what: What::Program { path: "/usr/bin/true".into(), name: "/bin/true".to_owned() },
            arguments: vec![],
            environment: vec![],
            timeout_ms: 1,
            output_bytes: 10,
            own_cgroup: false,
        }
    }

    #[test]
    fn a_record_is_made_once_and_started_once() {
        let directory = tempfile::tempdir().unwrap();
        let record = Record::at(directory.path().join("one"));
        assert!(record.create(&request(), b"in", b"").unwrap());
        assert!(!record.create(&request(), b"other", b"").unwrap());
        assert_eq!(record.request().unwrap(), Some(request()));
        assert!(matches!(record.state().unwrap(), State::Waiting));

        assert!(record.start().unwrap());
        assert!(!record.start().unwrap());
        let mut input = String::new();
        record.take_stdin().unwrap().read_to_string(&mut input).unwrap();
        assert_eq!(input, "in");
        assert!(record.take_stdin().is_err(), "a secret must not stay");
    }

    #[test]
    fn a_run_without_supervisor_and_without_end_is_lost() {
        let directory = tempfile::tempdir().unwrap();
        let record = Record::at(directory.path().join("one"));
        record.create(&request(), b"", b"").unwrap();
        let lock = record.lock().unwrap();
        record.start().unwrap();
        assert!(matches!(record.state().unwrap(), State::Running));
        drop(lock);
        assert!(matches!(record.state().unwrap(), State::Lost));

        record.reserve_exit().unwrap();
        let exit = Exit::Ended { status: 3, timed_out: false, truncated: false };
        record.finish(&exit, b"out", b"err").unwrap();
        let State::Ended(ended) = record.state().unwrap() else { panic!("not ended") };
        assert_eq!(ended, exit);
        assert_eq!(record.output(3, false).stdout, "out");
    }

    #[test]
    fn a_process_is_known_by_number_and_start() {
        let directory = tempfile::tempdir().unwrap();
        let record = Record::at(directory.path().join("one"));
        record.create(&request(), b"", b"").unwrap();
        record.note_process(std::process::id()).unwrap();
        assert_eq!(record.process(), Some(std::process::id()));
        fs::write(record.path().join("process"), format!("{} 1", std::process::id())).unwrap();
        assert_eq!(record.process(), None);
    }

    #[test]
    fn command_lines_are_readable() {
        let arguments = ["-y".to_owned(), "a b".to_owned(), String::new()];
        assert_eq!(command_line("/usr/bin/apt-get", &arguments), "/usr/bin/apt-get -y \"a b\" \"\"");
    }
}
