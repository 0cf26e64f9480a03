//! The one seam between host functions and the machine.
//!
//! Capabilities decide (is this call granted?), a [`Machine`] does. Calls and answers are plain data, so that a fake
//! machine, a recording, a crash point or a process boundary can stand in this place.
//!
//! Whatever is decided by looking at the file system (a link on the way, an owner, a mount) is decided inside the
//! machine, by handle, together with the effect: the [`Scope`] travels with the request for that.

pub mod local;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A machine that host functions act on.
#[async_trait]
pub trait Machine: Send + Sync {
    /// Does one thing. The answer has the variant of the same name as the request.
    async fn call(&self, request: Request) -> Result<Reply, MachineError>;
}

/// What a machine can be asked to do.
#[expect(missing_docs, reason = "the fields are what their types and the variant say")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Looks at each path itself.
    Stat { scope: Scope, paths: Vec<String>, digesting: Digesting },
    /// Reads a regular file of at most `limit` bytes.
    Read { scope: Scope, path: String, limit: u64 },
    /// Lists the names in a directory, sorted.
    List { scope: Scope, path: String },
    /// Puts content in place atomically.
    Replace {
        scope: Scope,
        path: String,
        content: Content,
        metadata: Metadata,
        validation: Option<Invocation>,
    },
    /// Creates a directory whose parent exists.
    MakeDirectory { scope: Scope, path: String, metadata: Metadata },
    /// Sets owner and mode.
    SetMetadata { scope: Scope, path: String, metadata: Metadata },
    /// Removes a file, a link or an empty directory.
    Remove { scope: Scope, path: String },
    /// Numbers of users by name.
    UserIds(Vec<String>),
    /// Numbers of groups by name.
    GroupIds(Vec<String>),
    /// Names of users by number.
    UserNames(Vec<u32>),
    /// Names of groups by number.
    GroupNames(Vec<u32>),
    /// Runs a program.
    Run(Invocation),
    /// Runs a delivered script.
    RunScript(ScriptInvocation),
    /// What the machine is.
    Facts,
}

/// What a machine answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// By position.
    Stat(Vec<Result<Entry, MachineError>>),
    /// The content.
    Read(Bytes),
    /// The names.
    List(Vec<String>),
    /// Replaced, made, set or removed.
    Done,
    /// By position, for users and groups alike.
    Ids(Vec<Option<u32>>),
    /// By position, for users and groups alike.
    Names(Vec<Option<String>>),
    /// How a program or script ended.
    Ran(Output),
    /// The facts.
    Facts(Facts),
}

/// The directories within which a request may act, after every link was resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Absolute paths, reading.
    pub read: Vec<String>,
    /// Absolute paths, reading and changing.
    pub write: Vec<String>,
}

/// Which digest of a file's content is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Digesting {
    /// None.
    No,
    /// SHA-256.
    Sha256,
    /// HMAC-SHA-256 under a key of this machine.
    Keyed,
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Permission bits (0o7777).
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// In bytes.
    pub size: u64,
    /// Names that the file has.
    pub links: u32,
    /// Of a regular file, where asked for.
    pub digest: Option<[u8; 32]>,
    /// Of a symbolic link.
    pub target: Option<String>,
}

/// The kinds of things at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Nothing.
    Absent,
    /// A regular file.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A device, socket or pipe; never opened.
    Other,
}

/// What to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// A blob that the host keeps, by digest; already resolved to a file the host owns.
    File(std::path::PathBuf),
    /// The bytes.
    Bytes(Bytes),
}

/// Owner and mode; only what is given is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Permission bits (0o7777).
    pub mode: Option<u32>,
    /// Owner.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
}

/// One run of a granted program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invocation {
    /// Absolute path.
    pub program: String,
    /// Its arguments; `{candidate}` alone stands for the file to be validated, in a validation only.
    pub arguments: Vec<String>,
    /// The whole environment besides `PATH` and `LC_ALL`.
    pub environment: Vec<(String, String)>,
    /// What it reads from standard input.
    pub stdin: Bytes,
    /// A query runs where it cannot write; a change runs apart from the agent.
    pub effect: hostwright_manifest::grants::Effect,
    /// How long it may run.
    pub timeout: Duration,
    /// How much of each output is kept.
    pub output_bytes: u64,
    /// Unique name of a changing run, under which it is found again after a crash. Chars `[a-z0-9-]`.
    pub name: Option<String>,
}

/// One run of a delivered script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptInvocation {
    /// Where it lies.
    pub path: String,
    /// SHA-256 that the file must have when it is opened for running.
    pub digest: [u8; 32],
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The account that runs it.
    pub user: String,
    /// What it reads from standard input.
    pub stdin: Bytes,
    /// How long it may run.
    pub timeout: Duration,
    /// How much of each output is kept.
    pub output_bytes: u64,
    /// Unique name of the run, under which it is found again after a crash. Chars `[a-z0-9-]`.
    pub name: Option<String>,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Exit status; 128 + n for signal n.
    pub status: i32,
    /// The beginning of what it wrote.
    pub stdout: Bytes,
    /// The end of what it wrote.
    pub stderr: Bytes,
    /// Something was cut off.
    pub truncated: bool,
}

/// What a machine is; see `hostwright:host/facts`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// `ID` of os-release.
    pub os: String,
    /// `VERSION_ID`.
    pub os_version: String,
    /// `ID_LIKE`.
    pub os_like: Vec<String>,
    /// As `uname -m` says it.
    pub architecture: String,
    /// `systemd` or `none`.
    pub init: String,
    /// Whether programs may be run at all.
    pub programs: bool,
    /// Whether owners of files are managed.
    pub owners: bool,
    /// Everything else, by dotted name.
    pub more: Vec<(String, String)>,
}

/// Why a machine did not do it. The messages are shown to people and to plugins.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum MachineError {
    /// The rules of the machine or the scope forbid it.
    #[error("{action} is refused: {reason}")]
    Denied {
        /// e.g. `write /proc/self/mem`.
        action: String,
        /// Which rule.
        reason: String,
    },
    /// This machine cannot do that.
    #[error("{0}")]
    Unsupported(String),
    /// It did not work.
    #[error("{message}")]
    Failed {
        /// What, with the path or program.
        message: String,
        /// The program's command line, status and output, where one ran.
        run: Option<(String, Output)>,
    },
    /// It was begun and nobody knows how it ended.
    #[error("{0}")]
    Interrupted(String),
}
