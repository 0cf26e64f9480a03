//! Making directories, setting owner and mode, removing.

use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, Gid, Mode, Uid};
use rustix::io::Errno;

use super::look::Look;
use super::obstacle::{Obstacle, Rule};
use super::replace::{check_owner, sync_directory};
use super::visit::{Visit, by_handle, has_untrusted_names};
use super::walk::{Place, open_as_it_is};
use crate::machine::{Kind, Metadata};

const DEFAULT_DIRECTORY_MODE: u32 = 0o755;

/// Creates a directory whose parent exists. If it is there already, it gets the given owner and mode.
pub(super) fn make_directory(visit: &Visit<'_>, path: &str, metadata: &Metadata) -> Result<(), Obstacle> {
    let place = visit.find_for_creating(path)?;
    let root = visit.ground.root;
    match visit.look(&place)? {
        Some(look) if look.kind == Kind::Directory => return set_at(visit, &place, metadata),
        Some(_) => return Err(Obstacle::State("something that is not a directory is there".to_owned())),
        None => check_owner(root, metadata, None)?,
    }
    rustix::fs::mkdirat(&place.directory.handle, &place.name, Mode::RWXU)?;
    let (handle, look) = pin(visit, &place)?;
    if look.kind != Kind::Directory || look.uid != rustix::process::geteuid().as_raw() {
        return Err(Obstacle::State("it was taken away while it was made".to_owned()));
    }
    let mode = metadata.mode.unwrap_or(DEFAULT_DIRECTORY_MODE);
    let owner = if root.manages_owners() {
        Metadata { uid: metadata.uid.or(Some(0)), gid: metadata.gid.or(Some(0)), mode: Some(mode) }
    } else {
        Metadata { mode: Some(mode), ..Metadata::default() }
    };
    apply(&handle, &owner)?;
    sync_directory(&place.directory.handle)
}

/// Sets owner and mode of a file or directory.
pub(super) fn set_metadata(visit: &Visit<'_>, path: &str, metadata: &Metadata) -> Result<(), Obstacle> {
    let place = visit.find_for_writing(path)?;
    set_at(visit, &place, metadata)
}

/// Removes a file, a link or an empty directory.
pub(super) fn remove(visit: &Visit<'_>, path: &str) -> Result<(), Obstacle> {
    let place = match visit.find_for_writing(path) {
        Err(Obstacle::Missing(_)) => return Ok(()),
        place => place?,
    };
    let flags = match visit.look(&place)?.map(|look| look.kind) {
        None | Some(Kind::Absent) => return Ok(()),
        Some(Kind::Directory) => AtFlags::REMOVEDIR,
        Some(Kind::Regular | Kind::Symlink) => AtFlags::empty(),
        Some(Kind::Other) => return Err(Rule::Special.into()),
    };
    match rustix::fs::unlinkat(&place.directory.handle, &place.name, flags) {
        Ok(()) | Err(Errno::NOENT) => sync_directory(&place.directory.handle),
        Err(errno) => Err(errno.into()),
    }
}

fn set_at(visit: &Visit<'_>, place: &Place, metadata: &Metadata) -> Result<(), Obstacle> {
    let (handle, look) = pin(visit, place)?;
    match look.kind {
        Kind::Regular | Kind::Directory => {}
        Kind::Symlink => return Err(Obstacle::State("it is a symbolic link".to_owned())),
        Kind::Absent | Kind::Other => return Err(Rule::Special.into()),
    }
    if has_untrusted_names(place, &look) {
        return Err(Rule::SeveralNames(look.links).into());
    }
    check_owner(visit.ground.root, metadata, Some(&look))?;
    let after =
        Look { uid: metadata.uid.unwrap_or(look.uid), mode: metadata.mode.unwrap_or(look.mode), ..look };
    if visit.ground.guard.is_holder(look.identity) && !visit.ground.root.is_trusted(&after) {
        return Err(Rule::HoldsProtected(place.path()).into());
    }
    apply(&handle, metadata)
}

/// Holds what stands there, without opening it.
fn pin(visit: &Visit<'_>, place: &Place) -> Result<(OwnedFd, Look), Obstacle> {
    let handle = match open_as_it_is(&place.directory, &place.name) {
        Err(Errno::NOENT) => return Err(Obstacle::Missing(place.path())),
        handle => handle?,
    };
    let look = Look::of(&handle)?;
    visit.admit(place, &look)?;
    Ok((handle, look))
}

fn apply(handle: &OwnedFd, metadata: &Metadata) -> Result<(), Obstacle> {
    let Metadata { mode, uid, gid } = *metadata;
    if uid.is_some() || gid.is_some() {
        let (uid, gid) = (uid.map(Uid::from_raw), gid.map(Gid::from_raw));
        // Owner first: changing it clears set-user-id bits.
        rustix::fs::chownat(handle, c"", uid, gid, AtFlags::EMPTY_PATH)?;
    }
    if let Some(mode) = mode {
        rustix::fs::chmod(by_handle(handle), Mode::from_raw_mode(mode & 0o7777))?;
    }
    Ok(())
}
