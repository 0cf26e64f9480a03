//! Loads plugins.

use std::sync::Arc;

use bytes::Bytes;
use hostwright_manifest::{ComponentDigest, Grants};
use wasmtime::component::Component;

use crate::cache::{Cache, CacheOptions};
use crate::compiler::Compiler;
use crate::driver::Driver;
use crate::engine::{self, Configured, Ticker};
use crate::host::Host;
use crate::limits::Limits;
use crate::loader::{LoadError, Wanted, prove};
use crate::provider::Provider;

/// What a runtime needs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where machine code is kept.
    pub cache: CacheOptions,
    /// What makes it.
    pub compiler: Compiler,
    /// The most that any plugin gets.
    pub ceilings: Limits,
}

/// Loads plugins. Cheap to clone; one for a process is enough.
#[derive(Clone, Debug)]
pub struct Runtime {
    inner: Arc<Inner>,
}

/// What a runtime and the plugins that it loaded share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) engine: Configured,
    pub(crate) ticker: Ticker,
    pub(crate) cache: Cache,
    pub(crate) compiler: Compiler,
    pub(crate) ceilings: Limits,
}

impl Runtime {
    /// Returns a runtime; makes the cache's directory.
    pub fn new(options: Options) -> Result<Self, EngineError> {
        let Options { cache, compiler, ceilings } = options;
        let engine =
            engine::engine().map_err(|error| EngineError::Configuration { reason: format!("{error:#}") })?;
        let ticker = Ticker::start(&engine).map_err(|source| EngineError::Clock { source })?;
        let directory = cache.directory.clone();
        let cache = Cache::open(cache).map_err(|source| EngineError::Cache { directory, source })?;
        Ok(Self { inner: Arc::new(Inner { engine, ticker, cache, compiler, ceilings }) })
    }

    /// Loads a provider, which thereby proves that it can run within these grants and is what its manifest says.
    ///
    /// Whether it can serve this machine is for the caller to ask ([`Provider::supports`]).
    pub async fn load_provider(
        &self,
        component: Bytes,
        grants: &Grants,
        host: Arc<Host>,
    ) -> Result<Arc<Provider>, LoadError> {
        let proven = prove(&self.inner, component, Wanted::Provider, grants).await?;
        Provider::start(self.inner.clone(), proven, grants, host).await.map(Arc::new)
    }

    /// Loads a driver, which thereby proves that it can run within these grants and is what its manifest says.
    pub async fn load_driver(
        &self,
        component: Bytes,
        grants: &Grants,
        host: Arc<Host>,
    ) -> Result<Arc<Driver>, LoadError> {
        let proven = prove(&self.inner, component, Wanted::Driver, grants).await?;
        Driver::start(self.inner.clone(), proven, grants, host).await.map(Arc::new)
    }
}

impl Inner {
    /// Returns the code of a component, nothing if the cache does not have it or has it for another engine.
    pub(crate) async fn cached(&self, component: ComponentDigest) -> std::io::Result<Option<Component>> {
        let Some(checked) = self.cache.find(component).await? else { return Ok(None) };
        match checked.load(&self.engine) {
            Ok(component) => Ok(Some(component)),
            Err(error) => {
                tracing::warn!(
                    plugin.digest = %component,
                    "cached machine code of a plugin does not load ({error:#}); it is made anew"
                );
                Ok(None)
            }
        }
    }
}

/// Why there is no runtime.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// This machine cannot run WebAssembly as we configure it.
    #[error("the WebAssembly engine cannot be configured: {reason}")]
    Configuration {
        /// What wasmtime says.
        reason: String,
    },
    /// No thread.
    #[error("failed to start the plugins' clock")]
    Clock {
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The directory cannot be made or closed to others.
    #[error("failed to open the plugin cache `{}`", directory.display())]
    Cache {
        /// Where.
        directory: std::path::PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

#[cfg(all(test, feature = "compiler"))]
mod tests {
    use super::*;
    use crate::cache::MemoryIndex;

    #[tokio::test]
    async fn machine_code_of_another_configuration_is_not_used() {
        let directory = tempfile::tempdir().unwrap();
        let cache =
            CacheOptions { directory: directory.path().to_owned(), index: Arc::new(MemoryIndex::default()) };
        let options = Options { cache, compiler: Compiler::InProcess, ceilings: Limits::CEILINGS };
        let Runtime { inner } = Runtime::new(options).unwrap();
        let component = b"\0asm\x0d\0\x01\0";
        let digest = hostwright_manifest::digest::of(component);
        let other = wasmtime::Engine::default();
        inner.cache.keep(digest, other.precompile_component(component).unwrap()).await.unwrap();
        assert!(inner.cached(digest).await.unwrap().is_none());
        inner.cache.keep(digest, inner.engine.precompile_component(component).unwrap()).await.unwrap();
        assert!(inner.cached(digest).await.unwrap().is_some());
    }
}
