//! What no grant covers: the agent's own state, keys, configuration, cache, executable and unit.
//!
//! Things are recognised by where they are and by what they are, so that neither a bind mount nor another name of a
//! file leads to them.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::look::{Identity, Look};
use super::root::Root;
use crate::machine::Kind;

/// More protected things than these are not told apart by identity.
const MOST_THINGS: usize = 1_000_000;

/// The protected paths as configured.
#[derive(Debug)]
pub(super) struct Protected {
    paths: Vec<PathBuf>,
}

impl Protected {
    /// Takes paths of the real machine; they need not exist yet.
    pub(super) fn new(paths: &[PathBuf]) -> Self {
        Self { paths: paths.iter().map(|path| resolved(path)).collect() }
    }

    /// The paths on the real machine.
    pub(super) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Looks at what stands at the paths now.
    pub(super) fn guard<'a>(&'a self, root: &'a Root) -> Guard<'a> {
        let things = self.paths.iter().filter_map(|path| identity_of(path).ok()).collect();
        Guard { paths: &self.paths, root, things, inner: OnceCell::new(), holders: OnceCell::new() }
    }
}

/// The protected things at the time of one request.
pub(super) struct Guard<'a> {
    paths: &'a [PathBuf],
    root: &'a Root,
    things: HashSet<Identity>,
    inner: OnceCell<HashSet<Identity>>,
    holders: OnceCell<HashSet<Identity>>,
}

impl Guard<'_> {
    /// Returns whether a path (as requests say it, links resolved) is or lies below a protected one.
    pub(super) fn covers_path(&self, path: &Path) -> bool {
        let real = self.real(path);
        self.paths.iter().any(|protected| real.starts_with(protected))
    }

    /// Returns whether this is a protected thing itself.
    pub(super) fn is_protected(&self, identity: Identity) -> bool {
        self.things.contains(&identity)
    }

    /// Returns whether this is a protected thing or lies within one, by any name. Costs a walk, the first time.
    pub(super) fn contains(&self, identity: Identity) -> bool {
        self.is_protected(identity) || self.inner.get_or_init(|| self.find_inner()).contains(&identity)
    }

    /// Returns whether this is a directory above a protected thing.
    pub(super) fn is_holder(&self, identity: Identity) -> bool {
        let holders = self.holders.get_or_init(|| {
            let above = self.paths.iter().flat_map(|path| path.ancestors().skip(1));
            above.filter_map(|path| identity_of(path).ok()).collect()
        });
        holders.contains(&identity)
    }

    fn real(&self, path: &Path) -> PathBuf {
        if !self.root.is_confined {
            return path.to_path_buf();
        }
        self.root.real.join(path.strip_prefix("/").unwrap_or(path))
    }

    fn find_inner(&self) -> HashSet<Identity> {
        let mut found = HashSet::new();
        let mut waiting: Vec<PathBuf> = self.paths.to_vec();
        while let Some(directory) = waiting.pop() {
            let Ok(entries) = fs::read_dir(&directory) else { continue };
            for entry in entries.flatten() {
                let path = entry.path();
                let Ok(look) = look_at(&path) else { continue };
                if found.len() < MOST_THINGS && found.insert(look.identity) && look.kind == Kind::Directory {
                    waiting.push(path);
                }
            }
        }
        found
    }
}

/// Resolves the part of a path that exists; the rest is kept.
fn resolved(path: &Path) -> PathBuf {
    for ancestor in path.ancestors() {
        if let Ok(real) = ancestor.canonicalize() {
            return match path.strip_prefix(ancestor) {
                Ok(rest) if !rest.as_os_str().is_empty() => real.join(rest),
                _ => real,
            };
        }
    }
    path.to_path_buf()
}

fn identity_of(path: &Path) -> rustix::io::Result<Identity> {
    Ok(look_at(path)?.identity)
}

fn look_at(path: &Path) -> rustix::io::Result<Look> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Look::of(rustix::fs::open(path, flags, Mode::empty())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_does_not_exist_yet_is_protected_where_it_will_be() {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().canonicalize().unwrap();
        std::os::unix::fs::symlink(&real, real.join("link")).unwrap();
        let protected = Protected::new(&[real.join("link/state/keys")]);
        assert_eq!(protected.paths, [real.join("state/keys")]);

        let root = Root::open(Path::new("/")).unwrap();
        let guard = protected.guard(&root);
        assert!(guard.covers_path(&real.join("state/keys/signing")));
        assert!(!guard.covers_path(&real.join("state/keysmith")));
    }
}
