//! Files and directories below granted paths.
//!
//! The host resolves paths component by component, follows no link that anyone but root could have placed, and
//! replaces files atomically. Digests are made by the host; content that is a blob never crosses into the plugin.
//!
//! ```no_run
//! use hostwright_sdk::host::files::{self, Metadata, NewContent, Replacement};
//!
//! files::replace(&Replacement {
//!     path: "/etc/motd".into(),
//!     content: NewContent::Bytes(b"hello\n".to_vec()),
//!     metadata: Metadata::default(),
//!     validate: None,
//! })?;
//! # Ok::<(), hostwright_sdk::Error>(())
//! ```

use super::convert::digest_from_host;
use super::error_from_host;
use crate::Error;
use crate::bindings::provider::hostwright::host::files as wit;
use crate::types::{Blob, Content, Digest, Digesting, Mode};

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Its permission bits.
    pub mode: Mode,
    /// Number of its owner.
    pub uid: u32,
    /// Number of its group.
    pub gid: u32,
    /// In bytes.
    pub size: u64,
    /// Names that this file has.
    pub links: u32,
    /// Of a regular file, where asked for.
    pub digest: Option<Digest>,
    /// Of a symbolic link: where it points.
    pub target: Option<String>,
}

/// The kinds of things at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Absent,
    /// A regular file.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link; it is not followed.
    Symlink,
    /// A device, socket or pipe.
    Other,
}

impl Kind {
    /// Returns the kind as a person would say it.
    ///
    /// ```
    /// use hostwright_sdk::host::files::Kind;
    /// assert_eq!(Kind::Symlink.described(), "a symbolic link");
    /// ```
    pub fn described(self) -> &'static str {
        match self {
            Self::Absent => "nothing",
            Self::Regular => "a regular file",
            Self::Directory => "a directory",
            Self::Symlink => "a symbolic link",
            Self::Other => "a device, socket or pipe",
        }
    }
}

/// Owner and mode; only what is given is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Permission bits.
    pub mode: Option<Mode>,
    /// Number of the owner.
    pub uid: Option<u32>,
    /// Number of the group.
    pub gid: Option<u32>,
}

impl Metadata {
    /// Returns whether nothing is given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn to_host(self) -> wit::Metadata {
        wit::Metadata { mode: self.mode.map(Mode::bits), uid: self.uid, gid: self.gid }
    }
}

/// What to put into a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewContent {
    /// Content that the host keeps.
    Blob(Blob),
    /// The bytes.
    Bytes(Vec<u8>),
}

impl From<&Content> for NewContent {
    fn from(content: &Content) -> Self {
        match content {
            Content::Text(text) => Self::Bytes(text.clone().into_bytes()),
            Content::Blob(blob) => Self::Blob(*blob),
        }
    }
}

/// A file with its new content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// Absolute.
    pub path: String,
    /// What to put there.
    pub content: NewContent,
    /// Where something is not given: that of the file replaced, else 0644 and root.
    pub metadata: Metadata,
    /// A program that must accept the content before it goes live, `{candidate}` standing for the file. Needs a grant for
    /// that very pattern.
    pub validate: Option<Vec<String>>,
}

/// Looks at each path itself; a final symbolic link is not followed. Absence is an entry, not an error.
pub fn stat(paths: &[String], digesting: Option<Digesting>) -> Vec<Result<Entry, Error>> {
    if paths.is_empty() {
        return Vec::new();
    }
    let digesting = match digesting {
        None => wit::Digesting::None,
        Some(Digesting::Sha256) => wit::Digesting::Sha256,
        Some(Digesting::Keyed) => wit::Digesting::Keyed,
    };
    let entries = wit::stat(paths, digesting);
    entries.into_iter().map(|entry| entry.map(Entry::from).map_err(error_from_host)).collect()
}

/// Reads a regular file of at most `limit` bytes.
pub fn read(path: &str, limit: u64) -> Result<Vec<u8>, Error> {
    wit::read(path, limit).map_err(error_from_host)
}

/// Returns the names in a directory, sorted.
pub fn list(path: &str) -> Result<Vec<String>, Error> {
    wit::list(path).map_err(error_from_host)
}

/// Puts content in place atomically.
pub fn replace(replacement: &Replacement) -> Result<(), Error> {
    let Replacement { path, content, metadata, validate } = replacement;
    let content = match content {
        NewContent::Blob(blob) => wit::Content::Blob(blob.reference()),
        NewContent::Bytes(bytes) => wit::Content::Bytes(bytes.clone()),
    };
    let metadata = metadata.to_host();
    let (path, validate) = (path.clone(), validate.clone());
    wit::replace(&wit::Replacement { path, content, metadata, validate }).map_err(error_from_host)
}

/// Creates a directory whose parent exists; no error if it is there already.
pub fn make_directory(path: &str, metadata: Metadata) -> Result<(), Error> {
    wit::make_directory(path, metadata.to_host()).map_err(error_from_host)
}

/// Creates the directories above a path that are missing (0755) and returns them, outermost first.
pub fn make_parents(path: &str) -> Result<Vec<String>, Error> {
    let parents = parents(path);
    let mut made = Vec::new();
    for (parent, entry) in parents.iter().zip(stat(&parents, None)) {
        match entry {
            Ok(entry) if entry.kind == Kind::Absent => {
                let metadata = Metadata { mode: Some(Mode::from_bits(0o755)), ..Metadata::default() };
                make_directory(parent, metadata)?;
                made.push(parent.clone());
            }
            // The host follows a link there if root alone could have placed it.
            Ok(entry) if matches!(entry.kind, Kind::Directory | Kind::Symlink) => {}
            Ok(entry) => {
                let found = entry.kind.described();
                return Err(Error::failed(format!("`{parent}` is {found}, so `{path}` cannot lie in it")));
            }
            // What lies above the granted paths is not ours to see; it is there, or the effect will say so.
            Err(_) => {}
        }
    }
    Ok(made)
}

/// The directories above a path, outermost first, without the root.
fn parents(path: &str) -> Vec<String> {
    path.match_indices('/').skip(1).map(|(end, _)| path[..end].to_owned()).collect()
}

/// Sets owner and mode of what is there.
pub fn set_metadata(path: &str, metadata: Metadata) -> Result<(), Error> {
    wit::set_metadata(path, metadata.to_host()).map_err(error_from_host)
}

/// Removes a file, a link or an empty directory; no error if nothing is there.
pub fn remove(path: &str) -> Result<(), Error> {
    wit::remove(path).map_err(error_from_host)
}

impl From<wit::Entry> for Entry {
    fn from(entry: wit::Entry) -> Self {
        let wit::Entry { kind, mode, uid, gid, size, links, digest, target } = entry;
        let kind = match kind {
            wit::Kind::Absent => Kind::Absent,
            wit::Kind::Regular => Kind::Regular,
            wit::Kind::Directory => Kind::Directory,
            wit::Kind::Symlink => Kind::Symlink,
            wit::Kind::Other => Kind::Other,
        };
        let mode = Mode::from_bits(mode);
        Self { kind, mode, uid, gid, size, links, digest: digest.map(digest_from_host), target }
    }
}

#[cfg(test)]
mod tests {
    use super::parents;

    #[test]
    fn parents_are_told_from_the_outside_in() {
        assert_eq!(parents("/etc/nginx/conf.d/site.conf"), ["/etc", "/etc/nginx", "/etc/nginx/conf.d"]);
        assert!(parents("/motd").is_empty());
    }
}
