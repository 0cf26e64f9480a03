//! Putting content in place atomically.
//!
//! A [`Candidate`] is the new file under a temporary name in the same directory, complete and durable; until it is put
//! in place nothing has changed, and if it is dropped nothing is left.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid, XattrFlags};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use super::look::{Identity, Look};
use super::obstacle::{Obstacle, Rule};
use super::root::Root;
use super::visit::{Visit, has_untrusted_names, open_seen};
use super::walk::Place;
use crate::machine::{Content, Kind, Metadata};

const DEFAULT_MODE: u32 = 0o644;
const MOST_ATTRIBUTES: usize = 64 * 1024;

/// A new file that is not in place yet.
pub(super) struct Candidate {
    place: Place,
    temporary: OsString,
    file: File,
    _claim: Claim,
}

impl Candidate {
    /// Writes the new file beside the old one.
    pub(super) fn write(
        visit: &Visit<'_>,
        claims: &Claims,
        path: &str,
        content: &Content,
        metadata: &Metadata,
    ) -> Result<Self, Obstacle> {
        let place = visit.find_for_creating(path)?;
        let old = visit.look(&place)?;
        match old.map(|look| look.kind) {
            Some(Kind::Directory) => return Err(Obstacle::State("it is a directory".to_owned())),
            Some(Kind::Other) => return Err(Rule::Special.into()),
            _ => {}
        }
        let old = old.filter(|look| look.kind == Kind::Regular);
        let root = visit.ground.root;
        check_owner(root, metadata, old.as_ref())?;

        let claim = claims.claim(&place)?;
        let temporary = temporary_name(&place);
        remove_leftover(&place, &temporary)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&place.directory.handle, &temporary, flags, Mode::RUSR | Mode::WUSR)?;
        let mut candidate = Self { place, temporary, file: File::from(file), _claim: claim };
        candidate.fill(content)?;
        if let Some(old) = old {
            candidate.copy_attributes(&old)?;
        }
        candidate.set_metadata(root, metadata, old.as_ref())?;
        candidate.file.sync_all()?;
        Ok(candidate)
    }

    /// Where it lies until it is put in place.
    pub(super) fn path(&self) -> PathBuf {
        self.place.directory.path.join(&self.temporary)
    }

    /// Puts it in place.
    pub(super) fn commit(self) -> Result<(), Obstacle> {
        let directory = &self.place.directory.handle;
        let mine = Look::of(&self.file)?;
        match Look::at(directory, &self.temporary) {
            Ok(look) if look.identity == mine.identity => {}
            Ok(_) | Err(Errno::NOENT) => {
                return Err(Obstacle::State("the new file was taken away before it was in place".to_owned()));
            }
            Err(errno) => return Err(errno.into()),
        }
        rustix::fs::renameat(directory, &self.temporary, directory, &self.place.name)?;
        sync_directory(directory)
    }

    fn fill(&mut self, content: &Content) -> Result<(), Obstacle> {
        match content {
            Content::Bytes(bytes) => self.file.write_all(bytes)?,
            Content::File(path) => {
                let mut blob = File::open(path).map_err(|error| {
                    Obstacle::State(format!("the delivered content is not there: {error}"))
                })?;
                io::copy(&mut blob, &mut self.file)?;
            }
        }
        Ok(())
    }

    fn set_metadata(&self, root: &Root, given: &Metadata, old: Option<&Look>) -> Result<(), Obstacle> {
        if root.manages_owners() {
            let uid = given.uid.or(old.map(|look| look.uid)).unwrap_or(0);
            let gid = given.gid.or(old.map(|look| look.gid)).unwrap_or(0);
            rustix::fs::fchown(&self.file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
        } else if let Some(old) = old {
            // As far as the running user may: a group of its own is kept, others cannot be.
            let _kept = rustix::fs::fchown(&self.file, None, Some(Gid::from_raw(old.gid)));
        }
        // Whose identity a program takes on was somebody's decision about the old content: the new one does not inherit it.
        let kept = old.map(|look| look.mode & 0o1777);
        let mode = given.mode.or(kept).unwrap_or(DEFAULT_MODE);
        Ok(rustix::fs::fchmod(&self.file, Mode::from_raw_mode(mode & 0o7777))?)
    }

    /// Copies what users and the security label say of the old file. Access lists and signatures belong to the old
    /// content and owner: they could give the new content to somebody.
    fn copy_attributes(&self, old: &Look) -> Result<(), Obstacle> {
        if has_untrusted_names(&self.place, old) {
            return Ok(());
        }
        let Some((file, _)) = open_seen(&self.place, old)? else { return Ok(()) };
        let mut names = vec![0; MOST_ATTRIBUTES];
        let Ok(length) = rustix::fs::flistxattr(&file, &mut names) else { return Ok(()) };
        for name in names[..length].split(|byte| *byte == 0) {
            if name.starts_with(b"user.") || name == b"security.selinux" {
                let mut value = vec![0; MOST_ATTRIBUTES];
                if let Ok(length) = rustix::fs::fgetxattr(&file, name, &mut value) {
                    // Where it is not permitted, the file is better than no file.
                    let _copied =
                        rustix::fs::fsetxattr(&self.file, name, &value[..length], XattrFlags::empty());
                }
            }
        }
        Ok(())
    }
}

impl Drop for Candidate {
    fn drop(&mut self) {
        // After a commit the name is gone already.
        let _removed = rustix::fs::unlinkat(&self.place.directory.handle, &self.temporary, AtFlags::empty());
    }
}

/// Files that are being replaced: a temporary name belongs to one of them at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims(Arc<Mutex<HashSet<(Identity, OsString)>>>);

impl Claims {
    fn claim(&self, place: &Place) -> Result<Claim, Obstacle> {
        let key = (place.directory.look.identity, place.name.clone());
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !taken.insert(key.clone()) {
            return Err(Obstacle::State("it is being replaced already".to_owned()));
        }
        drop(taken);
        Ok(Claim { claims: self.clone(), key })
    }
}

struct Claim {
    claims: Claims,
    key: (Identity, OsString),
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// Refuses owners where they cannot be set, unless they are what they would be anyway.
pub(super) fn check_owner(root: &Root, given: &Metadata, old: Option<&Look>) -> Result<(), Obstacle> {
    if root.manages_owners() {
        return Ok(());
    }
    let uid = old.map_or_else(|| rustix::process::geteuid().as_raw(), |look| look.uid);
    let gid = old.map_or_else(|| rustix::process::getegid().as_raw(), |look| look.gid);
    if given.uid.is_some_and(|wanted| wanted != uid) || given.gid.is_some_and(|wanted| wanted != gid) {
        return Err(Obstacle::Unsupported("owners are not managed on this host".to_owned()));
    }
    Ok(())
}

/// Makes names in a directory durable.
pub(super) fn sync_directory(directory: impl AsFd) -> Result<(), Obstacle> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let readable = rustix::fs::openat(directory, c".", flags, Mode::empty())?;
    Ok(rustix::fs::fsync(readable)?)
}

/// The same for every attempt, so that the next one finds what a crash left.
fn temporary_name(place: &Place) -> OsString {
    let digest = Sha256::digest(place.name.as_bytes());
    OsString::from(format!(".hostwright-{}", hex::encode(&digest[..8])))
}

fn remove_leftover(place: &Place, temporary: &OsString) -> Result<(), Obstacle> {
    match rustix::fs::unlinkat(&place.directory.handle, temporary, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}
