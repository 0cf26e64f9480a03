//! The shipped plugins, and a runtime that loads them as the agent's does.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use hostwright_manifest::signature::VerifyingKey;
use hostwright_manifest::{Kind, Manifest, section};
use hostwright_runtime::machine::local::{LocalMachine, LocalOptions, Supervisor};
use hostwright_runtime::{CacheOptions, Compiler, Host, Limits, MemoryIndex, Options, Provider, Runtime};
use xtask::workspace::Workspace;

/// A component as it travels to agents.
#[derive(Clone, Debug)]
pub(crate) struct Shipped {
    pub(crate) manifest: Manifest,
    pub(crate) component: Bytes,
}

impl Shipped {
    /// Every shipped plugin, its signature checked, by name.
    pub(crate) fn all() -> Result<Vec<Self>> {
        let workspace = Workspace::locate();
        let key = fs::read_to_string(workspace.private().join("release.key.pub"))
            .context("read the development key; run `cargo xtask build` first")?;
        let key = VerifyingKey::parse(&key).context("read the development key")?;
        let mut shipped = Vec::new();
        for entry in fs::read_dir(workspace.plugins()).context("list the signed plugins")? {
            let path = entry.context("list the signed plugins")?.path();
            if path.extension().is_some_and(|extension| extension == "wasm") {
                shipped.push(Self::read(&path, &key).with_context(|| format!("read {}", path.display()))?);
            }
        }
        shipped.sort_by_key(Self::name);
        Ok(shipped)
    }

    /// The provider of a collection.
    pub(crate) fn provider_of(collection: &str) -> Result<Self> {
        let all = Self::all()?;
        let found = all.into_iter().find(|shipped| {
            matches!(&shipped.manifest.kind, Kind::Provider { collection: served } if served == collection)
        });
        found.with_context(|| format!("no shipped plugin provides `{collection}`"))
    }

    pub(crate) fn name(&self) -> String {
        self.manifest.id.to_string()
    }

    /// Loads it with everything granted that it asks for.
    pub(crate) async fn load(&self, runtime: &Runtime, machine: LocalMachine) -> Result<Arc<Provider>> {
        let host = Arc::new(Host::new(Arc::new(machine)));
        let grants = self.manifest.asked();
        let loading = runtime.load_provider(self.component.clone(), &grants, host);
        loading.await.with_context(|| format!("load {}", self.name()))
    }

    fn read(path: &Path, key: &VerifyingKey) -> Result<Self> {
        let component = fs::read(path)?;
        let signature = fs::read_to_string(signature_of(path)).context("read its signature")?;
        key.verify(&component, &signature)?;
        let manifest = Manifest::parse(&section::extract(&component)?)?;
        Ok(Self { manifest, component: component.into() })
    }
}

fn signature_of(component: &Path) -> PathBuf {
    let mut name = component.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// A runtime with a cache of its own, which has the helper program compile, as the agent does.
pub(crate) fn runtime(compiler: &Path, cache: &Path) -> Result<Runtime> {
    let options = Options {
        cache: CacheOptions { directory: cache.to_owned(), index: Arc::new(MemoryIndex::default()) },
        compiler: Compiler::Program(compiler.to_owned()),
        ceilings: Limits::CEILINGS,
    };
    Ok(Runtime::new(options)?)
}

/// This machine, as the agent sees it.
pub(crate) fn machine(directory: &Path) -> Result<LocalMachine> {
    let options = LocalOptions {
        root: PathBuf::from("/"),
        protected: vec![PathBuf::from("/etc/hostwright"), PathBuf::from("/var/lib/hostwright")],
        digest_key: [7; 32],
        supervisor: Supervisor {
            program: PathBuf::from("/nonexistent/hostwright-agent"),
            arguments_prefix: Vec::new(),
        },
        runs_directory: directory.join("runs"),
    };
    Ok(LocalMachine::new(options)?)
}

/// An event loop like the agent's.
pub(crate) fn event_loop() -> Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().max_blocking_threads(8).build().context("start an event loop")
}
