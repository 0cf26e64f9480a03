//! The versions of the plugin contract, and nothing else in the crate knows them.
//!
//! A new version: copy `wit/next` to `wit/vX.Y`, add a folder here that implements the traits below (interfaces that did
//! not change are reused through `with`), a variant of [`ApiVersion`], and a guest of the old version to the tests.

mod ask;
mod http;
mod v0_1;
mod version;

pub(crate) use ask::{DriverApi, DriverInstance, ProviderApi, ProviderInstance};
pub(crate) use version::{ApiVersion, driver, provider};
