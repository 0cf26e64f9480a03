//! The directory that is `/` for every request.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::look::Look;
use super::pseudo::DeviceTrees;

/// The directory that is `/` for every request, held open from the start.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) handle: OwnedFd,
    pub(super) look: Look,
    /// Where it lies on the real machine.
    pub(super) real: PathBuf,
    /// It is not the machine's own root.
    pub(super) is_confined: bool,
    pub(super) device_trees: DeviceTrees,
    /// The user that takes root's place in a confined directory.
    user: u32,
}

impl Root {
    /// Opens it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let real = path.canonicalize()?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = rustix::fs::open(&real, flags, Mode::empty())?;
        let look = Look::of(&handle)?;
        Ok(Self {
            is_confined: real != Path::new("/"),
            device_trees: DeviceTrees::find(&look),
            user: rustix::process::geteuid().as_raw(),
            handle,
            look,
            real,
        })
    }

    /// Returns whether only root (in a confined directory also the running user) could have changed it.
    pub(super) fn is_trusted(&self, look: &Look) -> bool {
        let by_owner = look.uid == 0 || (self.is_confined && look.uid == self.user);
        by_owner && !look.is_shared_for_writing()
    }

    /// Returns whether files can be given to other users.
    pub(super) fn manages_owners(&self) -> bool {
        !self.is_confined && self.user == 0
    }
}
