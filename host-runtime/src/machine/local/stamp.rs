//! Whether something changed, without asking what.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Statx, StatxFlags, StatxTimestamp};

use super::visit::Visit;
use super::walk::Found;

/// What the kernel keeps of what stands at a path.
///
/// As long as it is the same, nobody replaced the thing, changed its owner or mode, or wrote to it: every one of these sets
/// the time of change, which nobody can set back. Two changes within one tick of the clock look alike, so only a stamp
/// whose time of change lies in the past says anything. What was mapped into memory before may be written without a trace,
/// and so may what lies on another machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    device: (u32, u32),
    inode: u64,
    /// With the kind.
    mode: u16,
    owner: (u32, u32),
    size: u64,
    links: u32,
    modified: (i64, u32),
    changed: (i64, u32),
}

impl Stamp {
    /// Returns when the kernel last saw a change, by the machine's clock.
    pub fn changed(&self) -> SystemTime {
        let (seconds, nanoseconds) = self.changed;
        SystemTime::UNIX_EPOCH + Duration::new(u64::try_from(seconds).unwrap_or(0), nanoseconds)
    }

    fn at(directory: impl AsFd, name: &OsStr) -> rustix::io::Result<Self> {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        Ok(Self::from_statx(&rustix::fs::statx(directory, name, flags, StatxFlags::BASIC_STATS)?))
    }

    fn from_statx(statx: &Statx) -> Self {
        let time = |time: &StatxTimestamp| (time.tv_sec, time.tv_nsec);
        Self {
            device: (statx.stx_dev_major, statx.stx_dev_minor),
            inode: statx.stx_ino,
            mode: statx.stx_mode,
            owner: (statx.stx_uid, statx.stx_gid),
            size: statx.stx_size,
            links: statx.stx_nlink,
            modified: time(&statx.stx_mtime),
            changed: time(&statx.stx_ctime),
        }
    }
}

/// Looks at each path itself; nothing for one where nothing stands or that cannot be looked at.
pub(super) fn stamps(visit: &mut Visit<'_>, paths: &[String]) -> Vec<Option<Stamp>> {
    let mut stamps = Vec::with_capacity(paths.len());
    for path in paths {
        stamps.push(match visit.find_for_reading(path) {
            Ok(Found::Place(place)) => Stamp::at(&place.directory.handle, &place.name).ok(),
            Ok(Found::Directory(_)) | Err(_) => None,
        });
    }
    stamps
}
