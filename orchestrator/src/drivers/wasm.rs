//! Drivers that are WebAssembly components.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use hostwright_runtime::driver::{Blueprint, Instance, Operation, Settings};
use hostwright_runtime::{
    CacheOptions, Call, Compiler, EngineError, Limits, MemoryIndex, Options, Runtime, driver as runtime,
};

use super::{Component, Driver, DriverError, DriverSource, host};

/// How long a driver may take for one call.
const DEADLINE: Duration = Duration::from_mins(1);

/// Loads drivers and keeps them loaded.
pub struct WasmDrivers {
    runtime: Runtime,
    loaded: Mutex<HashMap<String, Arc<WasmDriver>>>,
}

struct WasmDriver(Arc<runtime::Driver>);

impl WasmDrivers {
    /// Starts a runtime with a cache of its own and a helper program that compiles.
    ///
    /// What is in the cache counts only as long as this process lives: which files in it are ours is kept in memory.
    pub fn try_new(cache: PathBuf, compiler: PathBuf) -> Result<Self, EngineError> {
        let runtime = Runtime::new(Options {
            cache: CacheOptions { directory: cache, index: Arc::new(MemoryIndex::default()) },
            compiler: Compiler::Program(compiler),
            ceilings: Limits::CEILINGS,
        })?;
        Ok(Self { runtime, loaded: Mutex::default() })
    }

    fn loaded(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<WasmDriver>>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl DriverSource for WasmDrivers {
    async fn driver(&self, component: &Component) -> Result<Arc<dyn Driver>, DriverError> {
        let grants = serde_json::to_string(&component.grants).unwrap_or_default();
        let key = format!("{} {grants}", component.digest);
        if let Some(driver) = self.loaded().get(&key) {
            return Ok(driver.clone());
        }
        let loading =
            self.runtime.load_driver(component.bytes.clone(), &component.grants, host::without_machine());
        let driver = Arc::new(WasmDriver(Box::pin(loading).await.map_err(DriverError::Load)?));
        self.loaded().insert(key, driver.clone());
        Ok(driver)
    }
}

#[async_trait]
impl Driver for WasmDriver {
    async fn provision(&self, blueprint: &Blueprint) -> Result<String, DriverError> {
        let call = Call::apply(format!("provision-{}", blueprint.uuid)).within(DEADLINE);
        Box::pin(self.0.provision(&call, blueprint)).await.map_err(DriverError::Call)
    }

    async fn inspect(&self, handle: &str, settings: &Settings) -> Result<Instance, DriverError> {
        let call = Call::plan().within(DEADLINE);
        Box::pin(self.0.inspect(&call, handle, settings)).await.map_err(DriverError::Call)
    }

    async fn operate(
        &self,
        operation: Operation,
        handle: &str,
        settings: &Settings,
    ) -> Result<(), DriverError> {
        let call = Call::apply(format!("operate-{handle}")).within(DEADLINE);
        Box::pin(self.0.operate(&call, operation, handle, settings)).await.map_err(DriverError::Call)
    }

    fn supports(&self, operation: Operation) -> bool {
        self.0.describe().operations.contains(&operation)
    }
}
