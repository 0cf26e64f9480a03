//! One request among the files: what it may touch, and the few steps that every action shares.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::look::Look;
use super::obstacle::{Obstacle, Rule};
use super::territory::Territory;
use super::walk::{Directory, Found, Ground, Last, Place, components, open_as_it_is};
use crate::machine::{Kind, Scope};

/// How often a file that is replaced while it is looked at is looked at again.
const MOST_LOOKS: usize = 8;

/// One request among the files.
pub(super) struct Visit<'a> {
    pub(super) ground: Ground<'a>,
    territory: Territory,
    /// Directories by the path that led there, so that a batch walks each only once.
    known: HashMap<String, KnownDirectory>,
}

#[derive(Clone)]
struct KnownDirectory {
    directory: Arc<Directory>,
    /// Everything in it may be read.
    is_covered: bool,
}

impl<'a> Visit<'a> {
    pub(super) fn new(ground: Ground<'a>, scope: &Scope) -> Self {
        Self { ground, territory: Territory::resolve(&ground, scope), known: HashMap::new() }
    }

    /// For what the machine itself looks up.
    pub(super) fn everywhere(ground: Ground<'a>) -> Self {
        Self { ground, territory: Territory::everywhere(), known: HashMap::new() }
    }

    /// Finds where a path leads, for reading.
    pub(super) fn find_for_reading(&mut self, path: &str) -> Result<Found, Obstacle> {
        if let Some((directory, name)) = plainly_split(path) {
            let known = match self.known.get(directory) {
                Some(known) => known.clone(),
                None => self.learn(directory, name)?,
            };
            let place = Place { directory: known.directory, name: name.into() };
            if !known.is_covered {
                self.check_reading(&place.path())?;
            }
            return Ok(Found::Place(place));
        }
        let found = self.ground.walk(components(path)?, Last::Name)?;
        match &found {
            Found::Directory(directory) => self.check_reading(&directory.path)?,
            Found::Place(place) => self.check_reading(&place.path())?,
        }
        Ok(found)
    }

    /// Finds where a path leads, for changing what stands there.
    pub(super) fn find_for_writing(&self, path: &str) -> Result<Place, Obstacle> {
        match self.ground.walk(components(path)?, Last::Name) {
            Ok(Found::Directory(_)) => Err(Obstacle::State("it is the root directory".to_owned())),
            Ok(Found::Place(place)) => {
                self.check_writing(&place.path())?;
                Ok(place)
            }
            Err(Obstacle::Missing(path)) => {
                self.check_writing(&path)?;
                Err(Obstacle::Missing(path))
            }
            Err(obstacle) => Err(obstacle),
        }
    }

    /// Finds where a path leads, for putting something there.
    pub(super) fn find_for_creating(&self, path: &str) -> Result<Place, Obstacle> {
        self.find_for_writing(path).map_err(|obstacle| match obstacle {
            Obstacle::Missing(_) => Obstacle::State("its directory does not exist".to_owned()),
            other => other,
        })
    }

    /// Looks at what stands there and refuses what may not be touched at all.
    pub(super) fn look(&self, place: &Place) -> Result<Option<Look>, Obstacle> {
        let look = match Look::at(&place.directory.handle, &place.name) {
            Err(Errno::NOENT) => return Ok(None),
            look => look?,
        };
        self.admit(place, &look)?;
        Ok(Some(look))
    }

    /// Opens a regular file for reading. The look is of what is open.
    pub(super) fn open_regular(&self, place: &Place) -> Result<(File, Look), Obstacle> {
        for _ in 0..MOST_LOOKS {
            let Some(seen) = self.look(place)? else {
                return Err(Obstacle::Missing(place.path()));
            };
            if seen.kind != Kind::Regular {
                return Err(not_regular(&seen));
            }
            if let Some(opened) = open_seen(place, &seen)? {
                return Ok(opened);
            }
        }
        Err(Obstacle::State("it is replaced again and again while it is looked at".to_owned()))
    }

    /// Refuses what is protected or lies in a pseudo file system.
    pub(super) fn admit(&self, place: &Place, look: &Look) -> Result<(), Obstacle> {
        let pinned = || open_as_it_is(&place.directory, &place.name);
        if look.links > 1 || look.is_mounted_over(&place.directory.look) {
            return self.ground.admit(look, &place.directory.look, &place.path(), pinned);
        }
        if self.ground.guard.is_protected(look.identity) {
            return Err(Rule::Protected(place.path()).into());
        }
        Ok(())
    }

    fn learn(&mut self, directory: &str, name: &OsStr) -> Result<KnownDirectory, Obstacle> {
        let found = match self.ground.walk(components(directory)?, Last::Follow) {
            Ok(Found::Directory(found)) => found,
            Ok(Found::Place(place)) => return Err(Obstacle::NotADirectory(place.path())),
            Err(Obstacle::Missing(path)) => {
                self.check_reading(&path.join(name))?;
                return Err(Obstacle::Missing(path));
            }
            Err(obstacle) => return Err(obstacle),
        };
        // What is protected in it is recognised by identity; only the directory itself may not be there yet.
        self.check_protected(&found.path)?;
        let known =
            KnownDirectory { is_covered: self.territory.covers_reading(&found.path), directory: found };
        self.known.insert(directory.to_owned(), known.clone());
        Ok(known)
    }

    fn check_reading(&self, path: &Path) -> Result<(), Obstacle> {
        self.check_protected(path)?;
        if !self.territory.covers_reading(path) {
            return Err(Rule::OutsideScope(path.to_path_buf()).into());
        }
        Ok(())
    }

    fn check_writing(&self, path: &Path) -> Result<(), Obstacle> {
        self.check_protected(path)?;
        if !self.territory.covers_writing(path) {
            return Err(Rule::OutsideScope(path.to_path_buf()).into());
        }
        Ok(())
    }

    fn check_protected(&self, path: &Path) -> Result<(), Obstacle> {
        if self.ground.guard.covers_path(path) {
            return Err(Rule::Protected(path.to_path_buf()).into());
        }
        Ok(())
    }
}

/// Opens what was just seen; `None` if something else stands there by now.
pub(super) fn open_seen(place: &Place, seen: &Look) -> Result<Option<(File, Look)>, Obstacle> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let opened = if place.directory.is_secure {
        let flags = flags | OFlags::NOFOLLOW;
        rustix::fs::openat(&place.directory.handle, &place.name, flags, Mode::empty())
    } else {
        // Somebody may put a device here meanwhile, and opening one can be enough to make it act.
        open_as_it_is(&place.directory, &place.name).and_then(|pinned| {
            if Look::of(&pinned)?.identity != seen.identity {
                return Err(Errno::NOENT);
            }
            rustix::fs::open(by_handle(&pinned), flags, Mode::empty())
        })
    };
    let file = match opened {
        Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => return Ok(None),
        file => file?,
    };
    let look = Look::of(&file)?;
    if look.identity != seen.identity || look.kind != Kind::Regular {
        return Ok(None);
    }
    if has_untrusted_names(place, &look) {
        return Err(Rule::SeveralNames(look.links).into());
    }
    Ok(Some((File::from(file), look)))
}

/// Returns whether one of a file's names may be somebody else's, put there by who may write the directory.
pub(super) fn has_untrusted_names(place: &Place, look: &Look) -> bool {
    look.kind == Kind::Regular && look.links > 1 && !place.directory.is_secure
}

/// The way to what a handle holds, for calls that take only paths.
pub(super) fn by_handle(handle: impl AsFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", handle.as_fd().as_raw_fd()))
}

fn not_regular(look: &Look) -> Obstacle {
    match look.kind {
        Kind::Directory => Obstacle::State("it is a directory".to_owned()),
        Kind::Symlink => Obstacle::State("it is a symbolic link".to_owned()),
        _ => Rule::Special.into(),
    }
}

/// Splits directory and name where that needs no thought.
fn plainly_split(path: &str) -> Option<(&str, &OsStr)> {
    let (directory, name) = path.rsplit_once('/')?;
    let is_plain = !directory.is_empty() && !matches!(name, "" | "." | "..") && !name.contains('\0');
    is_plain.then(|| (directory, OsStr::new(name)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::guard::Protected;
    use super::super::root::Root;
    use super::*;

    #[test]
    fn what_was_swapped_after_it_was_seen_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("seen"), "seen").unwrap();
        fs::write(directory.path().join("other"), "other").unwrap();
        for mode in [0o700, 0o777] {
            let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
            fs::set_permissions(directory.path(), permissions).unwrap();
            let root = Root::open(directory.path()).unwrap();
            let protected = Protected::new(&[]);
            let guard = protected.guard(&root);
            let mut visit = Visit::everywhere(Ground { root: &root, guard: &guard });
            let place = |found| match found {
                Ok(Found::Place(place)) => place,
                other => panic!("{other:?}"),
            };
            let seen = place(visit.find_for_reading("/seen"));
            let other = place(visit.find_for_reading("/other"));
            assert_eq!(seen.directory.is_secure, mode == 0o700);
            let look = visit.look(&seen).unwrap().unwrap();
            assert!(open_seen(&seen, &look).unwrap().is_some());
            assert!(open_seen(&other, &look).unwrap().is_none());
        }
    }
}
