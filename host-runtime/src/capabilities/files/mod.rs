//! `hostwright:host/files`: files and directories below granted paths.
//!
//! What can be told from a path's spelling is told here; what only the file system can tell (links, owners, mounts, the
//! host's own files) the machine tells by handle, within the scope that travels with the request.

mod change;
mod look;
mod rules;

pub(crate) use change::{Replacement, Source, make_directory, remove, replace, set_metadata};
pub(crate) use look::{list, read, stat};

#[cfg(test)]
mod tests;
