//! A control group for a run that no unit gives one to, as far as the machine has them.

use std::fs;
use std::path::{Path, PathBuf};

const CGROUP2: u64 = 0x6367_7270;

/// Moves this process into a control group of its own. Without control groups there is nothing to leave.
pub(super) fn enter(run: &str) {
    let Some(directory) = directory(run) else { return };
    if fs::create_dir(&directory).is_ok() || directory.is_dir() {
        // Somebody else's rules may forbid it; the session of its own is then all that sets it apart.
        let _entered = fs::write(directory.join("cgroup.procs"), "0");
    }
}

/// Leaves it again, so that it can be removed.
pub(super) fn leave(run: &str) {
    let Some(directory) = directory(run) else { return };
    if let Some(above) = directory.parent() {
        let _left = fs::write(above.join("cgroup.procs"), "0");
    }
    remove(run);
}

/// Removes the control group of a run that ended. Daemons that it left keep it.
pub(in super::super) fn remove(run: &str) {
    if let Some(directory) = directory(run) {
        let _removed = fs::remove_dir(directory);
    }
}

fn directory(run: &str) -> Option<PathBuf> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let mounts = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map(Path::new);
    let is_cgroup2 = |path: &&Path| {
        #[expect(clippy::cast_sign_loss, reason = "the magic number fits into 32 bits")]
        rustix::fs::statfs(*path).is_ok_and(|status| status.f_type as u64 == CGROUP2)
    };
    Some(mounts.into_iter().find(is_cgroup2)?.join(format!("hostwright-run-{run}")))
}
