//! Looking at one thing, by handle or by name in a directory's handle, never following a link.

use std::ffi::OsStr;
use std::os::fd::AsFd;

use rustix::fs::{AtFlags, FileType, Statx, StatxFlags};

use crate::machine::Kind;

/// Which thing it is, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
}

/// What was seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) identity: Identity,
    /// Where the kernel tells (since Linux 5.8).
    pub(super) mount: Option<u64>,
    pub(super) kind: Kind,
    /// 0o7777.
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) size: u64,
    pub(super) links: u32,
}

impl Look {
    /// Looks at a name in a directory; a link there is looked at itself.
    pub(super) fn at(directory: impl AsFd, name: &OsStr) -> rustix::io::Result<Self> {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        Ok(Self::from_statx(&rustix::fs::statx(directory, name, flags, wanted())?))
    }

    /// Looks at what is open.
    pub(super) fn of(handle: impl AsFd) -> rustix::io::Result<Self> {
        Ok(Self::from_statx(&rustix::fs::statx(handle, c"", AtFlags::EMPTY_PATH, wanted())?))
    }

    /// Returns whether this lies on another mount than its directory.
    pub(super) fn is_mounted_over(&self, directory: &Look) -> bool {
        self.identity.device != directory.identity.device || self.mount != directory.mount
    }

    /// Returns whether group or others may write.
    pub(super) fn is_shared_for_writing(&self) -> bool {
        // An access list that lets somebody write shows as write permission of the group.
        self.mode & 0o022 != 0
    }

    fn from_statx(statx: &Statx) -> Self {
        let kind = match FileType::from_raw_mode(u32::from(statx.stx_mode)) {
            FileType::RegularFile => Kind::Regular,
            FileType::Directory => Kind::Directory,
            FileType::Symlink => Kind::Symlink,
            _ => Kind::Other,
        };
        let has_mount = StatxFlags::from_bits_retain(statx.stx_mask).contains(StatxFlags::MNT_ID);
        Self {
            identity: Identity {
                device: u64::from(statx.stx_dev_major) << 32 | u64::from(statx.stx_dev_minor),
                inode: statx.stx_ino,
            },
            mount: has_mount.then_some(statx.stx_mnt_id),
            kind,
            mode: u32::from(statx.stx_mode) & 0o7777,
            uid: statx.stx_uid,
            gid: statx.stx_gid,
            size: statx.stx_size,
            links: statx.stx_nlink,
        }
    }
}

fn wanted() -> StatxFlags {
    StatxFlags::TYPE
        | StatxFlags::MODE
        | StatxFlags::NLINK
        | StatxFlags::UID
        | StatxFlags::GID
        | StatxFlags::INO
        | StatxFlags::SIZE
        | StatxFlags::MNT_ID
}
