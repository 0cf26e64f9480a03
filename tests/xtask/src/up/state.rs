//! What `up` leaves for scripts and for its sister commands.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::workspace::Workspace;

/// Held by the process that keeps a site up. The kernel lets go of it when that process ends, however it ends.
#[derive(Debug)]
pub(super) struct Hold {
    _file: File,
}

impl Hold {
    /// Takes it; nothing if another process has it.
    pub(super) fn take(workspace: &Workspace) -> Result<Option<Self>> {
        // Whoever looks whether something is up has it for a moment.
        for _ in 0..20 {
            if let Some(hold) = Self::try_take(workspace)? {
                return Ok(Some(hold));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(None)
    }

    fn try_take(workspace: &Workspace) -> Result<Option<Self>> {
        fs::create_dir_all(workspace.site())
            .with_context(|| format!("create {}", workspace.site().display()))?;
        let path = workspace.site().join("up.lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| format!("open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("lock {}", path.display())),
        }
    }
}

/// `.hostwright/up.json`: present while something is up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpState {
    /// Base URL of the API, ending in `/api`.
    pub api: String,
    /// The administrator.
    pub user: String,
    /// The administrator's password.
    pub password: String,
    /// The example's organization.
    pub organization: String,
    /// Its environment.
    pub environment: String,
    /// Its host.
    pub host: String,
    /// Where the example's page is seen; nothing where the host runs no programs.
    pub page: Option<String>,
    /// The process that keeps it all up.
    pub supervisor: u32,
    /// The host's own pid 1 seen from outside; nothing for a confined directory.
    pub leader: Option<u32>,
}

impl UpState {
    /// Reads it; nothing if nothing is up.
    pub fn load(workspace: &Workspace) -> Result<Option<Self>> {
        let path = path(workspace);
        let Ok(written) = fs::read(&path) else { return Ok(None) };
        let state: Self =
            serde_json::from_slice(&written).with_context(|| format!("read {}", path.display()))?;
        // What was killed left its file, and nobody holds the lock.
        let is_up = Hold::try_take(workspace)?.is_none();
        Ok(is_up.then_some(state))
    }

    /// Writes it, for its owner only.
    pub fn save(&self, workspace: &Workspace) -> Result<()> {
        let path = path(workspace);
        let fresh = path.with_extension("json.new");
        let mut file = File::options()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&fresh)
            .with_context(|| format!("write {}", fresh.display()))?;
        file.write_all(&serde_json::to_vec_pretty(self).context("write down what is up")?)
            .context("write down what is up")?;
        fs::rename(&fresh, &path).with_context(|| format!("put {} in place", path.display()))
    }

    /// Removes it.
    pub fn forget(workspace: &Workspace) {
        let _ = fs::remove_file(path(workspace));
    }

    /// The pid 1 of the host, which is the only one.
    pub fn leader_of(&self, host: Option<&str>) -> Result<u32> {
        if let Some(host) = host.filter(|host| *host != self.host) {
            bail!("there is no host `{host}`; the one that is up is `{}`", self.host);
        }
        self.leader.with_context(|| format!("`{}` is a confined directory, not a booted machine", self.host))
    }
}

fn path(workspace: &Workspace) -> PathBuf {
    workspace.site().join("up.json")
}
