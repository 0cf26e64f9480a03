//! Runs the plugins that make and control machines.
//!
//! [`Drivers`] finds the driver that serves a platform of an organization and loads it through the plugin runtime, within
//! what it was granted. Drivers here act on nothing of this machine: the seam to it refuses everything, so that a driver
//! can only do what needs no machine at all.

mod host;
mod wasm;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use hostwright_manifest::grants::Grants;
use hostwright_runtime::driver::{Blueprint, Instance, Operation, Settings};
use hostwright_runtime::{CallError, LoadError};

pub use wasm::WasmDrivers;

/// A driver that serves a platform.
#[async_trait]
pub trait Driver: Send + Sync {
    /// Begins to make a machine and answers with the handle by which it is known from then on.
    async fn provision(&self, blueprint: &Blueprint) -> Result<String, DriverError>;

    /// Says how a machine is.
    async fn inspect(&self, handle: &str, settings: &Settings) -> Result<Instance, DriverError>;

    /// Does something with a machine.
    async fn operate(
        &self,
        operation: Operation,
        handle: &str,
        settings: &Settings,
    ) -> Result<(), DriverError>;

    /// Returns whether it can do that at all.
    fn supports(&self, operation: Operation) -> bool;
}

/// What makes a driver of a component.
#[async_trait]
pub trait DriverSource: Send + Sync {
    /// Loads a driver, or returns the one that was loaded before.
    async fn driver(&self, component: &Component) -> Result<Arc<dyn Driver>, DriverError>;
}

/// A driver's component, and what it may do.
#[derive(Clone, Debug)]
pub struct Component {
    /// `sha256:` and hex.
    pub digest: String,
    /// Its bytes.
    pub bytes: Bytes,
    /// What it may do.
    pub grants: Grants,
}

/// Where drivers come from. Cheap to clone.
#[derive(Clone)]
pub struct Drivers(Arc<dyn DriverSource>);

/// A driver did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// It cannot be loaded.
    #[error("the driver cannot be loaded: {0}")]
    Load(LoadError),
    /// It failed, or refused.
    #[error("{0}")]
    Call(CallError),
    /// There is no runtime for it.
    #[error("{0}")]
    Unavailable(String),
}

impl Drivers {
    /// Takes drivers from a source.
    pub fn new(source: Arc<dyn DriverSource>) -> Self {
        Self(source)
    }

    /// Loads a driver, or returns the one that was loaded before.
    pub async fn driver(&self, component: &Component) -> Result<Arc<dyn Driver>, DriverError> {
        self.0.driver(component).await
    }
}

impl std::fmt::Debug for Drivers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Drivers(..)")
    }
}
