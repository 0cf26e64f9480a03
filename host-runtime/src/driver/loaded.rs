//! A loaded driver.

use std::sync::Arc;

use hostwright_manifest::{ComponentDigest, Grants, Kind, Manifest};

use super::types::{Blueprint, Console, Defaults, Description, Image, Instance, Operation, Settings};
use crate::api::{self, DriverApi};
use crate::call::{Call, CallError, Mode};
use crate::host::Host;
use crate::loader::{LoadError, Proven};
use crate::plugin::Plugin;
use crate::runtime::Inner;
use crate::usage::Usage;

/// A loaded driver. Each call gets a fresh instance; calls may run side by side.
pub struct Driver {
    plugin: Plugin<dyn DriverApi>,
    description: Description,
}

impl Driver {
    pub(crate) async fn start(
        runtime: Arc<Inner>,
        proven: Proven,
        granted: &Grants,
        host: Arc<Host>,
    ) -> Result<Self, LoadError> {
        let (name, version) = (proven.manifest.id.to_string(), proven.manifest.version.to_string());
        let api = proven.manifest.api.clone();
        let plugin =
            Plugin::link(runtime, proven, granted, host, api::driver).map_err(|error| LoadError::Misfit {
                plugin: name.clone(),
                version: version.clone(),
                api,
                reason: format!("{error:#}"),
            })?;
        let description = describe(&plugin).await.map_err(|error| LoadError::Start {
            plugin: name.clone(),
            version: version.clone(),
            source: Box::new(error),
        })?;
        let driver = Self { plugin, description };
        if driver.description.name != driver.platform() {
            return Err(LoadError::Impostor {
                plugin: name,
                version,
                described: driver.description.name.clone(),
                declared: driver.platform().to_owned(),
            });
        }
        Ok(driver)
    }

    /// Returns what the driver says of itself, as it said when it was loaded.
    pub fn describe(&self) -> &Description {
        &self.description
    }

    /// Returns the manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.plugin.manifest
    }

    /// Returns `publisher/name`.
    pub fn plugin(&self) -> &str {
        &self.plugin.identity.plugin
    }

    /// Returns the plugin's version.
    pub fn version(&self) -> &str {
        &self.plugin.identity.version
    }

    /// Returns the digest of the component.
    pub fn digest(&self) -> ComponentDigest {
        self.plugin.digest
    }

    /// Returns the kind of platform that it serves.
    pub fn platform(&self) -> &str {
        match &self.plugin.manifest.kind {
            Kind::Driver { platform } => platform,
            // The loader refuses providers here.
            Kind::Provider { collection } => collection,
        }
    }

    /// Returns what its calls took so far.
    pub fn usage(&self) -> Usage {
        self.plugin.usage()
    }

    /// Gives the memory of its code back. The next call brings it back from the cache.
    pub fn evict(&self) {
        self.plugin.evict();
    }

    /// Returns whether its code is in memory.
    pub fn is_loaded(&self) -> bool {
        self.plugin.is_loaded()
    }

    /// Returns what a new platform of this kind starts with.
    pub async fn defaults(&self, call: &Call) -> Result<Defaults, CallError> {
        let (api, mut store, calling) = self.plugin.begin(&looking(call), "defaults").await?;
        calling
            .end(Box::pin(async move { api.instantiate(&mut store).await?.defaults(&mut store).await }))
            .await
    }

    /// Checks the platform's settings.
    pub async fn validate(&self, call: &Call, settings: &Settings) -> Result<(), CallError> {
        let (api, mut store, calling) = self.plugin.begin(&looking(call), "validate").await?;
        calling
            .end(Box::pin(
                async move { api.instantiate(&mut store).await?.validate(&mut store, settings).await },
            ))
            .await?
            .map_err(CallError::Refused)
    }

    /// Begins to make a machine; the answer is the handle by which it is known from then on.
    pub async fn provision(&self, call: &Call, blueprint: &Blueprint) -> Result<String, CallError> {
        let (api, mut store, calling) = self.plugin.begin(call, "provision").await?;
        calling
            .end(Box::pin(async move {
                api.instantiate(&mut store).await?.provision(&mut store, blueprint).await
            }))
            .await?
            .map_err(CallError::Refused)
    }

    /// Looks at a machine.
    pub async fn inspect(
        &self,
        call: &Call,
        handle: &str,
        settings: &Settings,
    ) -> Result<Instance, CallError> {
        let (api, mut store, calling) = self.plugin.begin(&looking(call), "inspect").await?;
        calling
            .end(Box::pin(async move {
                api.instantiate(&mut store).await?.inspect(&mut store, handle, settings).await
            }))
            .await?
            .map_err(CallError::Refused)
    }

    /// Does one of the things that are done to a machine: start, pause, resume, shutdown, power off, reboot, destroy. For
    /// the others, which have answers of their own, this is `unsupported`.
    pub async fn operate(
        &self,
        call: &Call,
        operation: Operation,
        handle: &str,
        settings: &Settings,
    ) -> Result<(), CallError> {
        let function = match operation {
            Operation::Start => "start",
            Operation::Pause => "pause",
            Operation::Resume => "resume",
            Operation::Shutdown => "shutdown",
            Operation::PowerOff => "power-off",
            Operation::Reboot => "reboot",
            Operation::Destroy => "destroy",
            Operation::Provision
            | Operation::Console
            | Operation::Images
            | Operation::CreateImage
            | Operation::Discover => {
                let message = format!("{operation:?} is not done to a machine");
                return Err(CallError::Refused(super::DriverError::Unsupported(message)));
            }
        };
        let (api, mut store, calling) = self.plugin.begin(call, function).await?;
        calling
            .end(Box::pin(async move {
                api.instantiate(&mut store).await?.operate(&mut store, operation, handle, settings).await
            }))
            .await?
            .map_err(CallError::Refused)
    }

    /// Says where a machine's screen is.
    pub async fn console(
        &self,
        call: &Call,
        handle: &str,
        settings: &Settings,
    ) -> Result<Console, CallError> {
        let (api, mut store, calling) = self.plugin.begin(&looking(call), "console").await?;
        calling
            .end(Box::pin(async move {
                api.instantiate(&mut store).await?.console(&mut store, handle, settings).await
            }))
            .await?
            .map_err(CallError::Refused)
    }

    /// Lists what machines can be made from.
    pub async fn images(&self, call: &Call, settings: &Settings) -> Result<Vec<Image>, CallError> {
        let (api, mut store, calling) = self.plugin.begin(&looking(call), "images").await?;
        calling
            .end(Box::pin(
                async move { api.instantiate(&mut store).await?.images(&mut store, settings).await },
            ))
            .await?
            .map_err(CallError::Refused)
    }

    /// Makes an image of a machine.
    pub async fn create_image(
        &self,
        call: &Call,
        handle: &str,
        name: &str,
        settings: &Settings,
    ) -> Result<Image, CallError> {
        let (api, mut store, calling) = self.plugin.begin(call, "create-image").await?;
        calling
            .end(Box::pin(async move {
                api.instantiate(&mut store).await?.create_image(&mut store, handle, name, settings).await
            }))
            .await?
            .map_err(CallError::Refused)
    }

    /// Lists the machines that the platform knows, by handle.
    pub async fn discover(
        &self,
        call: &Call,
        settings: &Settings,
    ) -> Result<Vec<(String, Instance)>, CallError> {
        let (api, mut store, calling) = self.plugin.begin(&looking(call), "discover").await?;
        calling
            .end(Box::pin(
                async move { api.instantiate(&mut store).await?.discover(&mut store, settings).await },
            ))
            .await?
            .map_err(CallError::Refused)
    }
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Driver")
            .field("plugin", &self.plugin())
            .field("version", &self.version())
            .field("platform", &self.platform())
            .finish_non_exhaustive()
    }
}

/// The call as one that changes nothing.
fn looking(call: &Call) -> Call {
    Call { mode: Mode::Plan, ..call.clone() }
}

async fn describe(plugin: &Plugin<dyn DriverApi>) -> Result<Description, CallError> {
    let (api, mut store, calling) = plugin.begin(&Call::plan(), "describe").await?;
    calling.end(Box::pin(async move { api.instantiate(&mut store).await?.describe(&mut store).await })).await
}
