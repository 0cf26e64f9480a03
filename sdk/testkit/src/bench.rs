//! A plugin, loaded on a machine.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use bytes::Bytes;
use hostwright_manifest::{Grants, Manifest, section};
use hostwright_runtime::host::{Blobs, DeliveredScripts, Host};
use hostwright_runtime::machine::Machine;
use hostwright_runtime::{CacheOptions, Compiler, Driver, Limits, MemoryIndex, Options, Provider, Runtime};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::fake::digest;
use crate::watched::Watched;

/// A provider, loaded through the real runtime on a machine of the test's choice.
pub struct Bench {
    /// The provider.
    pub provider: Arc<Provider>,
    /// The machine, as the provider sees it.
    pub machine: Arc<Watched>,
    /// Content and scripts that resources may refer to.
    pub store: Arc<Store>,
    _cache: TempDir,
}

impl Bench {
    /// Prepares a component for a machine, with everything granted that its manifest asks for.
    ///
    /// Not yet loaded, so that grants can be narrowed before.
    pub fn of(component: Bytes, machine: Arc<dyn Machine>) -> anyhow::Result<BenchBuilder> {
        let manifest = section::extract(&component).context("read the component's manifest")?;
        let manifest = Manifest::parse(&manifest).context("parse the component's manifest")?;
        Ok(BenchBuilder { component, machine, grants: manifest.asked() })
    }
}

/// A component that is about to be loaded.
pub struct BenchBuilder {
    component: Bytes,
    machine: Arc<dyn Machine>,
    grants: Grants,
}

impl BenchBuilder {
    /// Grants less than the manifest asks for.
    #[must_use]
    pub fn grants(self, grants: Grants) -> Self {
        Self { grants, ..self }
    }

    /// Loads a provider.
    pub async fn load(self) -> anyhow::Result<Bench> {
        let (runtime, cache) = runtime()?;
        let (host, machine, store) = self.host()?;
        let provider =
            runtime.load_provider(self.component, &self.grants, host).await.context("load the provider")?;
        Ok(Bench { provider, machine, store, _cache: cache })
    }

    /// Loads a driver.
    pub async fn load_driver(self) -> anyhow::Result<Arc<Driver>> {
        let (runtime, _cache) = runtime()?;
        let (host, ..) = self.host()?;
        runtime.load_driver(self.component, &self.grants, host).await.context("load the driver")
    }

    fn host(&self) -> anyhow::Result<(Arc<Host>, Arc<Watched>, Arc<Store>)> {
        let machine = Arc::new(Watched::new(self.machine.clone()));
        let store = Arc::new(Store::new()?);
        let host = Host { blobs: store.clone(), scripts: store.clone(), ..Host::new(machine.clone()) };
        Ok((Arc::new(host), machine, store))
    }
}

fn runtime() -> anyhow::Result<(Runtime, TempDir)> {
    let cache = tempfile::tempdir().context("make a directory for compiled components")?;
    let options = Options {
        cache: CacheOptions {
            directory: cache.path().join("plugins"),
            index: Arc::new(MemoryIndex::default()),
        },
        compiler: Compiler::InProcess,
        ceilings: Limits::default(),
    };
    Ok((Runtime::new(options).context("start the runtime")?, cache))
}

/// Content and scripts that signed changes would have delivered.
pub struct Store {
    directory: TempDir,
    blobs: Mutex<HashMap<String, PathBuf>>,
    scripts: Mutex<HashMap<String, [u8; 32]>>,
}

impl Store {
    fn new() -> anyhow::Result<Self> {
        let directory = tempfile::tempdir().context("make a directory for blobs")?;
        Ok(Self { directory, blobs: Mutex::default(), scripts: Mutex::default() })
    }

    /// Keeps content and returns the reference that stands for it in attributes.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn blob(&self, content: &[u8]) -> std::io::Result<Json> {
        self.keep(content, &format!("sha256:{}", hex::encode(digest(content, false))))
    }

    /// Keeps content that holds secrets: its reference is a keyed digest, as the machine tells it.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn sensitive_blob(&self, content: &[u8], keyed_digest: [u8; 32]) -> std::io::Result<Json> {
        self.keep(content, &format!("hmac-sha256:{}", hex::encode(keyed_digest)))
    }

    /// Lets a script at this path be run as long as its content is this.
    pub fn deliver_script(&self, path: &str, content: &[u8]) {
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        scripts.insert(path.to_owned(), digest(content, false));
    }

    fn keep(&self, content: &[u8], reference: &str) -> std::io::Result<Json> {
        let mut blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.directory.path().join(blobs.len().to_string());
        std::fs::write(&path, content)?;
        blobs.insert(reference.to_owned(), path);
        Ok(json!({"$hostwright": {"blob": reference, "size": content.len()}}))
    }
}

impl Blobs for Store {
    fn path(&self, reference: &str) -> Option<PathBuf> {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner).get(reference).cloned()
    }
}

impl DeliveredScripts for Store {
    fn digest(&self, path: &str) -> Option<[u8; 32]> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner).get(path).copied()
    }
}
