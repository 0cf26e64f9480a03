//! The one list.

use std::sync::Arc;

use wasmtime::component::Component;

use super::ask::{DriverApi, ProviderApi};
use super::v0_1;
use crate::runtime::Inner;

/// A version of the plugin contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApiVersion {
    /// `hostwright:{host,provider,driver}@0.1.0`.
    V0_1,
}

impl ApiVersion {
    const ALL: [Self; 1] = [Self::V0_1];

    /// Returns the version that a manifest means.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == text)
    }

    /// Returns all of them, for people.
    pub(crate) fn known() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// Returns which interface of the host an import names, if it is one of this version.
    pub(crate) fn interface_of(self, import: &str) -> Option<&str> {
        let version = match self {
            Self::V0_1 => "@0.1.0",
        };
        import.strip_prefix("hostwright:host/")?.strip_suffix(version)
    }

    fn name(self) -> &'static str {
        match self {
            Self::V0_1 => "0.1",
        }
    }
}

/// Links a provider.
pub(crate) fn provider(
    version: ApiVersion,
    runtime: &Inner,
    component: &Component,
) -> wasmtime::Result<Arc<dyn ProviderApi>> {
    match version {
        ApiVersion::V0_1 => v0_1::provider(&runtime.engine, component),
    }
}

/// Links a driver.
pub(crate) fn driver(
    version: ApiVersion,
    runtime: &Inner,
    component: &Component,
) -> wasmtime::Result<Arc<dyn DriverApi>> {
    match version {
        ApiVersion::V0_1 => v0_1::driver(&runtime.engine, component),
    }
}
