//! The directory of everything that the agent keeps: owner-only, and of one agent at a time.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

/// Where things lie in the state directory.
#[derive(Clone, Debug)]
pub struct StateDirectory {
    path: PathBuf,
}

/// Held while an agent runs on the directory.
#[derive(Debug)]
pub struct Lock {
    _file: fs::File,
}

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be made or looked at.
    #[error("failed to use the state directory {}", path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// The system's word.
        #[source]
        source: io::Error,
    },
    /// It belongs to another user, who could read and change everything in it.
    #[error("the state directory {} belongs to user {owner}, but the agent runs as {user}", path.display())]
    Foreign {
        /// Which.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who runs the agent.
        user: u32,
    },
    /// Another agent runs on it.
    #[error("an agent runs on the state directory {} already", path.display())]
    Locked {
        /// Which.
        path: PathBuf,
    },
}

impl StateDirectory {
    /// Makes the directory if needed; takes from everybody else what they may do there.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let unusable = |source| Error::Unusable { path: path.to_owned(), source };
        make_private(path).map_err(unusable)?;
        let path = path.canonicalize().map_err(unusable)?;
        let owner = fs::metadata(&path).map_err(unusable)?.uid();
        let user = rustix::process::geteuid().as_raw();
        if owner != user {
            return Err(Error::Foreign { path, owner, user });
        }
        Ok(Self { path })
    }

    /// Takes the directory for one running agent.
    pub fn lock(&self) -> Result<Lock, Error> {
        let path = self.path.join("lock");
        let unusable = |source| Error::Unusable { path: self.path.clone(), source };
        let file = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(unusable)?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Lock { _file: file }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::Locked { path: self.path.clone() }),
            Err(error) => Err(unusable(error.into())),
        }
    }

    /// Returns the directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns where the ledger lies.
    pub fn ledger(&self) -> PathBuf {
        self.path.join("ledger.db")
    }

    pub(crate) fn keys(&self, file_name: &str) -> PathBuf {
        self.path.join(file_name)
    }

    pub(crate) fn pending_keys(&self) -> PathBuf {
        self.path.join("keys-pending")
    }

    pub(crate) fn blobs(&self) -> PathBuf {
        self.path.join("blobs")
    }

    pub(crate) fn compiled(&self) -> PathBuf {
        self.path.join("compiled")
    }

    pub(crate) fn runs(&self) -> PathBuf {
        self.path.join("runs")
    }

    /// Returns where the running agent answers for its status.
    pub fn socket(&self) -> PathBuf {
        self.path.join("status.sock")
    }
}

/// Makes a directory, and those above it, that only its owner can enter.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let permissions = fs::metadata(path)?.permissions();
    if permissions.mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Writes a file that only its owner can read, wholly or not at all.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let directory = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = tempfile::Builder::new()
        .prefix(".new-")
        .permissions(fs::Permissions::from_mode(0o600))
        .tempfile_in(directory)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    fs::File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn everything_in_it_is_for_the_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("agent");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let state = StateDirectory::open(&path).unwrap();
        write_private(&state.pending_keys(), b"secret").unwrap();
        assert_eq!((mode(&path), mode(&state.pending_keys())), (0o700, 0o600));
    }

    #[test]
    fn two_agents_do_not_share_it() {
        let directory = tempfile::tempdir().unwrap();
        let state = StateDirectory::open(directory.path()).unwrap();
        let held = state.lock().unwrap();
        assert!(matches!(state.lock(), Err(Error::Locked { .. })));
        drop(held);
        assert!(state.lock().is_ok());
    }
}
