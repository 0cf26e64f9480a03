//! Content that resources refer to, in files named by digest beside the ledger.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

/// Gets content that is missing here.
#[async_trait]
pub(crate) trait FetchBlobs: Send + Sync {
    /// Fetches a blob into the store, however often the connection breaks meanwhile.
    async fn fetch(&self, digest: &str, size: u64) -> Result<(), FetchError>;
}

/// Why a blob is not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// The orchestrator has none of that digest for this agent.
    #[error("the orchestrator does not have it")]
    NoSuchBlob,
    /// What came does not have the digest or the size.
    #[error("what came is not what was asked for")]
    Corrupt,
    /// Nobody needs content of that size.
    #[error("it has {size} bytes, the limit is {limit}")]
    TooLarge {
        /// As the message says.
        size: u64,
        /// Of this agent.
        limit: u64,
    },
    /// It cannot be stored here.
    #[error("it cannot be stored: {0}")]
    Storage(#[from] io::Error),
}

/// The directory of blobs, owner-only.
#[derive(Clone, Debug)]
pub(crate) struct BlobStore {
    directory: PathBuf,
}

/// A blob that is coming in.
#[derive(Debug)]
pub(crate) struct Incoming {
    path: PathBuf,
    finished: PathBuf,
    file: fs::File,
    len: u64,
}

impl BlobStore {
    /// Opens the store, making its directory.
    pub(crate) fn open(directory: PathBuf) -> io::Result<Self> {
        crate::state_directory::make_private(&directory)?;
        Ok(Self { directory })
    }

    /// Returns where a blob lies, if it is here and whole.
    pub(crate) fn path(&self, digest: &str) -> Option<PathBuf> {
        let path = self.directory.join(file_name(digest)?);
        path.is_file().then_some(path)
    }

    /// Reads a blob whole.
    pub(crate) fn read(&self, digest: &str) -> io::Result<Vec<u8>> {
        fs::read(self.path(digest).ok_or(io::ErrorKind::NotFound)?)
    }

    /// Returns the blobs that attributes refer to and that are not here, with their sizes.
    pub(crate) fn missing(&self, attributes: &Json) -> Vec<(String, u64)> {
        let mut found = Vec::new();
        collect_references(attributes, &mut found);
        found.retain(|(digest, _)| self.path(digest).is_none());
        found
    }

    /// Returns the first blob that attributes refer to and that is not here.
    pub(crate) fn first_missing(&self, attributes: &Json) -> Option<String> {
        self.missing(attributes).into_iter().next().map(|(digest, _)| digest)
    }

    /// Removes a blob.
    pub(crate) fn remove(&self, digest: &str) {
        if let Some(path) = self.path(digest) {
            // A blob that stays costs room and nothing else; the next sweep of the store tries again.
            let _ = fs::remove_file(path);
        }
    }

    /// Goes on with a blob where an earlier attempt ended.
    pub(crate) fn receive(&self, digest: &str) -> io::Result<Incoming> {
        let name = file_name(digest).ok_or(io::ErrorKind::InvalidInput)?;
        let path = self.directory.join(format!("{name}.part"));
        let file = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
        let len = file.metadata()?.len();
        Ok(Incoming { path, finished: self.directory.join(name), file, len })
    }
}

impl hostwright_runtime::host::Blobs for BlobStore {
    fn path(&self, reference: &str) -> Option<PathBuf> {
        Self::path(self, reference)
    }
}

impl Incoming {
    /// Returns how much is here.
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    /// Appends the next part.
    pub(crate) fn append(&mut self, data: &[u8]) -> io::Result<()> {
        self.file.write_all(data)?;
        self.len += data.len() as u64;
        Ok(())
    }

    /// Checks the whole and puts it in place.
    pub(crate) fn finish(self, digest: &str) -> Result<(), FetchError> {
        self.file.sync_all()?;
        if Some(sha256_of_file(&self.path)?) != digest_bytes(digest) {
            fs::remove_file(&self.path)?;
            return Err(FetchError::Corrupt);
        }
        fs::rename(&self.path, &self.finished)?;
        if let Some(directory) = self.finished.parent() {
            fs::File::open(directory)?.sync_all()?;
        }
        Ok(())
    }

    /// Drops what is here, because it cannot become the blob.
    pub(crate) fn discard(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

/// Returns the SHA-256 of a file's content as it is given in attributes: inline or as a reference.
pub(crate) fn content_digest(content: &Json) -> Option<[u8; 32]> {
    match content {
        Json::String(text) => Some(Sha256::digest(text).into()),
        reference => digest_bytes(reference.get("$hostwright")?.get("blob")?.as_str()?),
    }
}

/// Returns the digests of all blobs that attributes refer to.
pub(crate) fn references(attributes: &Json) -> Vec<String> {
    let mut found = Vec::new();
    collect_references(attributes, &mut found);
    found.into_iter().map(|(digest, _)| digest).collect()
}

fn collect_references(value: &Json, found: &mut Vec<(String, u64)>) {
    match value {
        Json::Object(members) => {
            if let Some(reserved) = members.get("$hostwright") {
                if let Some(digest) = reserved.get("blob").and_then(Json::as_str) {
                    let size = reserved.get("size").and_then(Json::as_u64).unwrap_or(0);
                    found.push((digest.to_owned(), size));
                }
            } else {
                members.values().for_each(|value| collect_references(value, found));
            }
        }
        Json::Array(items) => items.iter().for_each(|value| collect_references(value, found)),
        _ => {}
    }
}

/// A digest names a file only if it is one: nothing of a message becomes a path.
fn file_name(digest: &str) -> Option<String> {
    digest_bytes(digest).map(|bytes| format!("sha256-{}", hex::encode(bytes)))
}

fn digest_bytes(digest: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(digest.strip_prefix("sha256:")?, &mut bytes).ok()?;
    Some(bytes)
}

fn sha256_of_file(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(&buffer[..read]);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn digest(content: &[u8]) -> String {
        format!("sha256:{}", hex::encode(Sha256::digest(content)))
    }

    #[test]
    fn a_blob_is_resumed_where_it_broke_off_and_checked_as_a_whole() {
        let directory = tempfile::tempdir().unwrap();
        let store = BlobStore::open(directory.path().join("blobs")).unwrap();
        let digest = digest(b"hello world");
        store.receive(&digest).unwrap().append(b"hello ").unwrap();
        let mut incoming = store.receive(&digest).unwrap();
        assert_eq!(incoming.len(), 6);
        assert_eq!(store.path(&digest), None);
        incoming.append(b"world").unwrap();
        incoming.finish(&digest).unwrap();
        assert_eq!(store.read(&digest).unwrap(), b"hello world");
    }

    #[test]
    fn a_blob_that_is_not_what_was_asked_for_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let store = BlobStore::open(directory.path().join("blobs")).unwrap();
        let mut incoming = store.receive(&digest(b"good")).unwrap();
        incoming.append(b"evil").unwrap();
        assert!(matches!(incoming.finish(&digest(b"good")), Err(FetchError::Corrupt)));
        assert_eq!(store.path(&digest(b"good")), None);
        assert_eq!(store.receive(&digest(b"good")).unwrap().len(), 0, "what was corrupt is not resumed");
    }

    #[test]
    fn nothing_of_a_message_becomes_a_path() {
        let directory = tempfile::tempdir().unwrap();
        let store = BlobStore::open(directory.path().join("blobs")).unwrap();
        for digest in ["sha256:../../etc/passwd", "../x", "sha256:", ""] {
            assert!(store.receive(digest).is_err(), "{digest}");
            assert_eq!(store.path(digest), None, "{digest}");
        }
    }

    #[test]
    fn references_are_found_at_any_depth() {
        let attributes = json!({"a": [{"content": {"$hostwright": {"blob": digest(b"x"), "size": 1}}}]});
        assert_eq!(references(&attributes), [digest(b"x")]);
        assert_eq!(content_digest(&attributes["a"][0]["content"]), Some(Sha256::digest(b"x").into()));
        assert_eq!(content_digest(&json!("x")), Some(Sha256::digest(b"x").into()));
    }
}
