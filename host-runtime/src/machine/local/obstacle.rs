//! Why a path cannot be used, in words for people and plugins.

use std::io;
use std::path::PathBuf;

use crate::machine::MachineError;

/// Why a path cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Obstacle {
    #[error("a rule forbids it")]
    Rule(#[from] Rule),
    #[error("`{}` does not exist", .0.display())]
    Missing(PathBuf),
    #[error("`{}` is not a directory", .0.display())]
    NotADirectory(PathBuf),
    #[error("{0}")]
    State(String),
    #[error("{0}")]
    Unsupported(String),
    #[error("input or output failed")]
    Io(#[from] io::Error),
}

/// The rules of this machine, by the one that was broken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Rule {
    #[error("paths are absolute")]
    NotAbsolute,
    #[error("paths contain no NUL")]
    ContainsNul,
    #[error("paths contain no `..`")]
    ContainsParent,
    #[error("`{}` is a link where not only root may write, and such links are not followed", .0.display())]
    UntrustedLink(PathBuf),
    #[error("too many links on the way")]
    TooManyLinks,
    #[error("`{}` lies in {filesystem}, which is not a place for files", path.display())]
    PseudoFileSystem { path: PathBuf, filesystem: &'static str },
    #[error("`{}` belongs to the agent itself, which no grant covers", .0.display())]
    Protected(PathBuf),
    #[error("`{}` holds what belongs to the agent itself, which nobody but root may be able to write", .0.display())]
    HoldsProtected(PathBuf),
    #[error("it lies at `{}`, outside the granted directories", .0.display())]
    OutsideScope(PathBuf),
    #[error("only files, directories and links are touched")]
    Special,
    #[error(
        "the file has {0} names where not only root may write, so one of them may be somebody else's file"
    )]
    SeveralNames(u32),
    #[error("the file's content is not what was delivered")]
    OtherContent,
    #[error("`{}` is not a regular file that may be executed", .0.display())]
    NotExecutable(PathBuf),
    #[error("`{}` or a directory above it can be changed by others than root", .0.display())]
    UntrustedProgram(PathBuf),
}

impl Obstacle {
    /// Says it of an action on a path as it was asked for.
    pub(super) fn of(self, verb: &str, path: &str) -> MachineError {
        match self {
            Obstacle::Rule(rule) => {
                MachineError::Denied { action: format!("{verb} {path}"), reason: rule.to_string() }
            }
            Obstacle::Unsupported(why) => MachineError::Unsupported(why),
            Obstacle::Io(error) => failed(verb, path, &error.to_string()),
            other => failed(verb, path, &other.to_string()),
        }
    }
}

impl From<rustix::io::Errno> for Obstacle {
    fn from(errno: rustix::io::Errno) -> Self {
        Obstacle::Io(errno.into())
    }
}

fn failed(verb: &str, path: &str, why: &str) -> MachineError {
    MachineError::Failed { message: format!("cannot {verb} {path}: {why}"), run: None }
}
