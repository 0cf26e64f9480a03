//! The machine's own keys, in files that only the agent can read.
//!
//! The keys of an enrolment that is under way are *pending*: they are stored before they are shown to anybody, and shown
//! again by the next attempt if the answer was lost. The identity names the file of its keys, so that a crash between
//! two steps leaves either the old identity with its keys or the new one with its.

use std::fs;
use std::io;
use std::path::PathBuf;

use hostwright_protocol::keys::{AgentKeys, InvalidKey};
use rand::RngCore as _;
use zeroize::Zeroizing;

use crate::state_directory::{StateDirectory, write_private};

/// All keys of one identity.
#[derive(Clone, Debug)]
pub(crate) struct LocalKeys {
    /// Sign and unseal.
    pub(crate) agent: AgentKeys,
    /// Makes digests of secret content useless to whoever tries all secrets.
    pub(crate) digest_key: Zeroizing<[u8; 32]>,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or written.
    #[error("failed to use the keys in {}", path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// The system's word.
        #[source]
        source: io::Error,
    },
    /// It is there and holds something else.
    #[error("the keys in {} are damaged", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: InvalidKey,
    },
}

const DIGEST_KEY_BYTES: usize = 32;

impl LocalKeys {
    fn generate() -> Self {
        let rng = &mut rand::thread_rng();
        let mut digest_key = Zeroizing::new([0; DIGEST_KEY_BYTES]);
        rng.fill_bytes(&mut *digest_key);
        Self { agent: AgentKeys::generate(rng), digest_key }
    }

    /// Returns the name of the file in which these keys are kept.
    pub(crate) fn file_name(&self) -> String {
        format!("keys-{}", hex::encode(self.agent.key_id().to_bytes()))
    }

    /// Returns the keys of the enrolment that is under way, making them if none is.
    pub(crate) fn pending(state: &StateDirectory) -> Result<Self, Error> {
        let path = state.pending_keys();
        match read(&path) {
            Ok(keys) => Ok(keys),
            Err(Error::Unusable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let keys = Self::generate();
                keys.store(path)?;
                Ok(keys)
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps the keys under their own name.
    pub(crate) fn keep(&self, state: &StateDirectory) -> Result<(), Error> {
        self.store(state.keys(&self.file_name()))
    }

    /// Reads kept keys.
    pub(crate) fn load(state: &StateDirectory, file_name: &str) -> Result<Self, Error> {
        read(&state.keys(file_name))
    }

    /// Removes every key but these.
    pub(crate) fn remove_others(&self, state: &StateDirectory) {
        let Ok(entries) = fs::read_dir(state.path()) else { return };
        let own = self.file_name();
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("keys-") && name != own {
                // One that stays is of no use to anybody: its identity was replaced.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn store(&self, path: PathBuf) -> Result<(), Error> {
        let content = Zeroizing::new([self.digest_key.as_slice(), &self.agent.to_bytes()].concat());
        write_private(&path, &content).map_err(|source| Error::Unusable { path, source })
    }
}

fn read(path: &PathBuf) -> Result<LocalKeys, Error> {
    let unusable = |source| Error::Unusable { path: path.clone(), source };
    let content = Zeroizing::new(fs::read(path).map_err(unusable)?);
    let Some((digest_key, agent)) = content.split_first_chunk::<DIGEST_KEY_BYTES>() else {
        return Err(unusable(io::ErrorKind::UnexpectedEof.into()));
    };
    let agent =
        AgentKeys::from_bytes(agent).map_err(|source| Error::Damaged { path: path.clone(), source })?;
    Ok(LocalKeys { agent, digest_key: Zeroizing::new(*digest_key) })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn keys_are_made_once_for_an_enrolment_and_only_the_owner_reads_them() {
        let directory = tempfile::tempdir().unwrap();
        let state = StateDirectory::open(directory.path()).unwrap();
        let first = LocalKeys::pending(&state).unwrap();
        let again = LocalKeys::pending(&state).unwrap();
        assert_eq!((first.agent.key_id(), &first.digest_key), (again.agent.key_id(), &again.digest_key));
        first.keep(&state).unwrap();
        first.remove_others(&state);
        let kept = LocalKeys::load(&state, &first.file_name()).unwrap();
        assert_eq!(kept.agent.key_id(), first.agent.key_id());
        assert_ne!(LocalKeys::pending(&state).unwrap().agent.key_id(), first.agent.key_id());
        let mode = fs::metadata(state.keys(&first.file_name())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
