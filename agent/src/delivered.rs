//! Which files a signed change delivered, with which content: only these may be run as scripts.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use hostwright_protocol::messages::ResourceRef;

use crate::ledger::{self, Ledger};

/// What the ledger knows of delivered files, at hand for host functions, which cannot wait.
#[derive(Debug, Default)]
pub(crate) struct DeliveredFiles {
    digests: RwLock<HashMap<String, [u8; 32]>>,
}

impl DeliveredFiles {
    /// Reads what the ledger knows.
    pub(crate) async fn load(ledger: &Ledger) -> Result<Self, ledger::Error> {
        let digests = ledger.begin().await?.delivered_files().await?.into_iter().collect();
        Ok(Self { digests: RwLock::new(digests) })
    }

    pub(crate) fn insert(&self, path: &str, digest: [u8; 32]) {
        self.digests.write().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), digest);
    }

    pub(crate) fn remove(&self, reference: &ResourceRef) {
        if reference.collection == "files" {
            self.digests.write().unwrap_or_else(PoisonError::into_inner).remove(&reference.id);
        }
    }
}

impl hostwright_runtime::host::DeliveredScripts for DeliveredFiles {
    fn digest(&self, path: &str) -> Option<[u8; 32]> {
        self.digests.read().unwrap_or_else(PoisonError::into_inner).get(path).copied()
    }
}
