//! From a path to a handle, component by component.
//!
//! The kernel never follows a link here: each component is opened as itself, a link is read and its target walked in
//! turn, inside the root, and only where nobody but root could have put it.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::guard::Guard;
use super::look::Look;
use super::obstacle::{Obstacle, Rule};
use super::pseudo;
use super::root::Root;
use crate::machine::Kind;

const MOST_LINKS: usize = 40;

/// An open directory and how it was reached.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) handle: OwnedFd,
    pub(super) look: Look,
    /// As requests say it, without links.
    pub(super) path: PathBuf,
    /// Only root could have changed it and everything above it.
    pub(super) is_secure: bool,
}

/// A name in an open directory; whether something stands there is another question.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) directory: Arc<Directory>,
    pub(super) name: OsString,
}

impl Place {
    pub(super) fn path(&self) -> PathBuf {
        self.directory.path.join(&self.name)
    }
}

/// Where a path leads.
#[derive(Clone, Debug)]
pub(super) enum Found {
    Directory(Arc<Directory>),
    Place(Place),
}

/// What to do with the last component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// It is a name, whatever stands there.
    Name,
    /// It is opened if it is a directory, and followed if it is a link that may be followed.
    Follow,
}

/// Where to walk and what not to touch.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) root: &'a Root,
    pub(super) guard: &'a Guard<'a>,
}

/// Splits a path as requests say it.
pub(super) fn components(path: &str) -> Result<VecDeque<OsString>, Rule> {
    if !path.starts_with('/') {
        return Err(Rule::NotAbsolute);
    }
    if path.contains('\0') {
        return Err(Rule::ContainsNul);
    }
    let mut components = VecDeque::new();
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." => return Err(Rule::ContainsParent),
            name => components.push_back(OsString::from(name)),
        }
    }
    Ok(components)
}

impl Ground<'_> {
    /// Walks from the root.
    pub(super) fn walk(&self, mut pending: VecDeque<OsString>, last: Last) -> Result<Found, Obstacle> {
        let mut stack = vec![self.root_directory()?];
        let mut link_count = 0;
        while let Some(name) = pending.pop_front() {
            if name == ".." {
                if stack.len() > 1 {
                    stack.pop();
                }
                continue;
            }
            let top = Arc::clone(&stack[stack.len() - 1]);
            if pending.is_empty() && last == Last::Name {
                return Ok(Found::Place(Place { directory: top, name }));
            }
            let path = top.path.join(&name);
            let handle = match open_as_it_is(&top, &name) {
                Err(Errno::NOENT) => return Err(Obstacle::Missing(rest_of(path, &pending))),
                opened => opened?,
            };
            let look = Look::of(&handle)?;
            match look.kind {
                Kind::Symlink => {
                    if !top.is_secure {
                        return Err(Rule::UntrustedLink(path).into());
                    }
                    link_count += 1;
                    if link_count > MOST_LINKS {
                        return Err(Rule::TooManyLinks.into());
                    }
                    let target = rustix::fs::readlinkat(&handle, c"", Vec::new())?.into_bytes();
                    if target.first() == Some(&b'/') {
                        stack.truncate(1);
                    }
                    prepend(&mut pending, &target);
                }
                Kind::Directory => {
                    self.admit(&look, &top.look, &path, || Ok(&handle))?;
                    let is_secure = top.is_secure && self.root.is_trusted(&look);
                    stack.push(Arc::new(Directory { handle, look, path, is_secure }));
                }
                _ if pending.is_empty() => return Ok(Found::Place(Place { directory: top, name })),
                _ => return Err(Obstacle::NotADirectory(path)),
            }
        }
        Ok(Found::Directory(Arc::clone(&stack[stack.len() - 1])))
    }

    /// Refuses what is protected or lies in a pseudo file system. `handle` is asked for only where a mount was crossed.
    pub(super) fn admit<H: AsFd>(
        &self,
        look: &Look,
        directory: &Look,
        path: &Path,
        handle: impl FnOnce() -> rustix::io::Result<H>,
    ) -> Result<(), Obstacle> {
        if self.guard.is_protected(look.identity) {
            return Err(Rule::Protected(path.to_path_buf()).into());
        }
        let has_other_names = look.kind != Kind::Directory && look.links > 1;
        let is_mount = look.is_mounted_over(directory);
        if (has_other_names || is_mount) && self.guard.contains(look.identity) {
            return Err(Rule::Protected(path.to_path_buf()).into());
        }
        if is_mount
            && let Some(filesystem) = pseudo::file_system(&self.root.device_trees, look.identity, handle()?)?
        {
            return Err(Rule::PseudoFileSystem { path: path.to_path_buf(), filesystem }.into());
        }
        Ok(())
    }

    fn root_directory(&self) -> Result<Arc<Directory>, Obstacle> {
        let handle = self.root.handle.try_clone()?;
        let look = Look::of(&handle)?;
        self.admit(&look, &self.root.look, Path::new("/"), || Ok(&handle))?;
        let is_secure = self.root.is_trusted(&look);
        Ok(Arc::new(Directory { handle, look, path: PathBuf::from("/"), is_secure }))
    }
}

/// Opens without following, reading or waking anything.
pub(super) fn open_as_it_is(directory: &Directory, name: &OsStr) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(&directory.handle, name, flags, Mode::empty())
}

fn prepend(pending: &mut VecDeque<OsString>, target: &[u8]) {
    for component in target.split(|byte| *byte == b'/').rev() {
        if !component.is_empty() && component != b"." {
            pending.push_front(OsString::from_vec(component.to_vec()));
        }
    }
}

fn rest_of(mut path: PathBuf, pending: &VecDeque<OsString>) -> PathBuf {
    for component in pending {
        if component.as_bytes() == b".." {
            path.pop();
        } else {
            path.push(component);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_absolute_paths_are_split() {
        let names = |path: &str| components(path).map(Vec::from).ok();
        assert_eq!(names("/etc//./motd/"), Some(vec!["etc".into(), "motd".into()]));
        assert_eq!(names("/"), Some(vec![]));
        assert_eq!(names("etc/motd"), None);
        assert_eq!(names("/etc/../motd"), None);
        assert_eq!(names("/etc/mo\0td"), None);
    }
}
