//! Machine code that this host made, kept so that it is made once.
//!
//! The directory belongs to the host's user alone. The name of a file says of which component, by which wasmtime and under
//! which configuration; the index, elsewhere, says which digest its bytes must have. A file that is not recorded so is
//! treated as if it were not there.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use hostwright_manifest::ComponentDigest;
use sha2::{Digest as _, Sha256};

use crate::engine::FINGERPRINT;
use crate::engine::native::Checked;

/// Where machine code is kept.
#[derive(Clone)]
pub struct CacheOptions {
    /// Made with mode 0700 if it is not there.
    pub directory: PathBuf,
    /// Knows the digests of its files.
    pub index: Arc<dyn CacheIndex>,
}

impl std::fmt::Debug for CacheOptions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CacheOptions").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// Knows the digests of the cache's files, in a place that who can write the cache cannot necessarily write.
#[async_trait]
pub trait CacheIndex: Send + Sync {
    /// Returns the SHA-256, in hexadecimal, that was recorded for the key.
    async fn recorded(&self, key: &str) -> Option<String>;
    /// Records it, in place of any before.
    async fn record(&self, key: &str, sha256_hex: &str);
}

/// An index that is forgotten with the process, for tests and short-lived tools.
#[derive(Debug, Default)]
pub struct MemoryIndex(Mutex<HashMap<String, String>>);

#[async_trait]
impl CacheIndex for MemoryIndex {
    async fn recorded(&self, key: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    async fn record(&self, key: &str, sha256_hex: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), sha256_hex.to_owned());
    }
}

/// The directory and its index.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    options: CacheOptions,
}

impl Cache {
    pub(crate) fn open(options: CacheOptions) -> io::Result<Self> {
        let directory = &options.directory;
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        // It may have been made by a person.
        fs::set_permissions(directory, Permissions::from_mode(0o700))?;
        Ok(Self { options })
    }

    /// Returns the code of a component, nothing if it is not there or not as it was recorded.
    pub(crate) async fn find(&self, component: ComponentDigest) -> io::Result<Option<Checked>> {
        let key = key(component);
        let Some(recorded) = self.options.index.recorded(&key).await else { return Ok(None) };
        let path = self.path(&key);
        let found = blocking(move || digest_of_file(&path)).await?;
        match found {
            None => Ok(None),
            Some((digest, file)) if digest == recorded => Ok(Some(Checked::vouch(file))),
            Some(_) => {
                tracing::warn!(
                    plugin.digest = %component,
                    "the cached machine code of a plugin is not what this host made; it is made anew"
                );
                Ok(None)
            }
        }
    }

    /// Keeps code that was just made.
    pub(crate) async fn keep(&self, component: ComponentDigest, code: Vec<u8>) -> io::Result<Checked> {
        let key = key(component);
        let path = self.path(&key);
        let directory = self.options.directory.clone();
        let (digest, file) = blocking(move || {
            let digest = hex::encode(Sha256::digest(&code));
            write_beside(&directory, &path, &code)?;
            let file = File::open(&path)?;
            Ok((digest, file))
        })
        .await?;
        // After the file: a crash in between leaves a file that is not recorded, which is made anew.
        self.options.index.record(&key, &digest).await;
        Ok(Checked::vouch(file))
    }

    fn path(&self, key: &str) -> PathBuf {
        self.options.directory.join(format!("{key}.cwasm"))
    }
}

/// Of which component, by what, for what: everything that the code depends on.
fn key(component: ComponentDigest) -> String {
    let mut hash = Sha256::new();
    for part in [&component.to_string(), FINGERPRINT, std::env::consts::ARCH, std::env::consts::OS] {
        hash.update(part);
        hash.update([0]);
    }
    hex::encode(hash.finalize())
}

fn digest_of_file(path: &Path) -> io::Result<Option<(String, File)>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
    }
    file.rewind()?;
    Ok(Some((hex::encode(hash.finalize()), file)))
}

fn write_beside(directory: &Path, path: &Path, code: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(format!("{}.new", std::process::id()));
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let written =
        file.write_all(code).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    File::open(directory)?.sync_all()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use hostwright_manifest::digest;

    use super::*;

    fn cache(directory: &Path) -> Cache {
        let options =
            CacheOptions { directory: directory.join("cache"), index: Arc::new(MemoryIndex::default()) };
        Cache::open(options).unwrap()
    }

    fn only_file(directory: &Path) -> PathBuf {
        let mut files: Vec<_> =
            fs::read_dir(directory.join("cache")).unwrap().map(|f| f.unwrap().path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }

    #[tokio::test]
    async fn what_is_kept_is_found_and_nobody_else_can_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let cache = cache(directory.path());
        let component = digest::of(b"a");
        assert!(cache.find(component).await.unwrap().is_none());
        cache.keep(component, b"code".to_vec()).await.unwrap();
        assert!(cache.find(component).await.unwrap().is_some());
        assert!(cache.find(digest::of(b"b")).await.unwrap().is_none());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&directory.path().join("cache")), 0o700);
        assert_eq!(mode(&only_file(directory.path())), 0o600);
    }

    #[tokio::test]
    async fn a_file_that_was_changed_or_not_recorded_is_not_found() {
        let directory = tempfile::tempdir().unwrap();
        let first = cache(directory.path());
        let component = digest::of(b"a");
        first.keep(component, b"code".to_vec()).await.unwrap();
        let file = only_file(directory.path());
        fs::write(&file, b"c0de").unwrap();
        assert!(first.find(component).await.unwrap().is_none());
        fs::write(&file, b"code").unwrap();
        assert!(first.find(component).await.unwrap().is_some());
        assert!(
            cache(directory.path()).find(component).await.unwrap().is_none(),
            "another index knows nothing"
        );
    }

    #[tokio::test]
    async fn an_open_directory_is_closed_to_others() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cache");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
        cache(directory.path());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
