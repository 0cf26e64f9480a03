//! The directories that one request may touch, links resolved.

use std::path::{Path, PathBuf};

use super::walk::{Found, Ground, Last, components};
use crate::machine::Scope;

/// The directories (or single files) of a [`Scope`], links resolved.
#[derive(Debug, Default)]
pub(super) struct Territory {
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
}

impl Territory {
    /// Resolves a scope. What cannot be resolved covers nothing.
    pub(super) fn resolve(ground: &Ground<'_>, scope: &Scope) -> Self {
        let write = resolve_all(ground, &scope.write);
        let mut read = resolve_all(ground, &scope.read);
        read.extend_from_slice(&write);
        Self { read, write }
    }

    /// Everything: for what the machine itself looks up.
    pub(super) fn everywhere() -> Self {
        Self { read: vec![PathBuf::from("/")], write: Vec::new() }
    }

    pub(super) fn covers_reading(&self, path: &Path) -> bool {
        self.read.iter().any(|granted| path.starts_with(granted))
    }

    pub(super) fn covers_writing(&self, path: &Path) -> bool {
        self.write.iter().any(|granted| path.starts_with(granted))
    }
}

fn resolve_all(ground: &Ground<'_>, paths: &[String]) -> Vec<PathBuf> {
    let mut resolved = Vec::new();
    for path in paths {
        let Ok(components) = components(path) else { continue };
        // A granted name that is a link stands for itself; if it leads to a directory, also for that.
        match ground.walk(components.clone(), Last::Name) {
            Ok(Found::Place(place)) => resolved.push(place.path()),
            Ok(Found::Directory(directory)) => resolved.push(directory.path.clone()),
            Err(super::obstacle::Obstacle::Missing(path)) => resolved.push(path),
            Err(_) => continue,
        }
        if let Ok(Found::Directory(directory)) = ground.walk(components, Last::Follow)
            && !resolved.contains(&directory.path)
        {
            resolved.push(directory.path.clone());
        }
    }
    resolved
}
