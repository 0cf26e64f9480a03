//! What can be asked of a plugin, whatever its version. Outside are traps and limits, inside what the plugin answers.

use async_trait::async_trait;
use wasmtime::{Result, Store};

use crate::driver::{self, Blueprint, Console, Defaults, Image, Instance, Operation, Settings};
use crate::machine::Facts;
use crate::plugin::CallState;
use crate::provider::{
    Description, Desired, Difference, Listed, Observation, Outcome, ProviderError, Support, Watch,
};

/// A linked provider.
#[async_trait]
pub(crate) trait ProviderApi: Send + Sync {
    async fn instantiate(&self, store: &mut Store<CallState>) -> Result<Box<dyn ProviderInstance>>;
}

/// An instance of a provider, for one call.
#[async_trait]
pub(crate) trait ProviderInstance: Send + Sync {
    async fn describe(&self, store: &mut Store<CallState>) -> Result<Description>;
    async fn supports(&self, store: &mut Store<CallState>, facts: &Facts) -> Result<Support>;
    async fn read(
        &self,
        store: &mut Store<CallState>,
        ids: &[String],
    ) -> Result<Result<Vec<Observation>, ProviderError>>;
    async fn list(
        &self,
        store: &mut Store<CallState>,
        filter: Option<&str>,
    ) -> Result<Result<Vec<Listed>, ProviderError>>;
    async fn diff(
        &self,
        store: &mut Store<CallState>,
        desired: &[Desired],
        observed: &[Observation],
    ) -> Result<Result<Vec<Difference>, ProviderError>>;
    async fn planned(
        &self,
        store: &mut Store<CallState>,
        desired: &[Desired],
        observed: &[Observation],
    ) -> Result<Result<Vec<Observation>, ProviderError>>;
    async fn check(
        &self,
        store: &mut Store<CallState>,
        desired: &[Desired],
    ) -> Result<Result<Vec<Difference>, ProviderError>>;
    async fn apply(
        &self,
        store: &mut Store<CallState>,
        desired: &[Desired],
        observed: &[Observation],
    ) -> Result<Vec<Result<Outcome, ProviderError>>>;
    async fn remove(
        &self,
        store: &mut Store<CallState>,
        ids: &[String],
    ) -> Result<Vec<Result<Outcome, ProviderError>>>;
    async fn perform(
        &self,
        store: &mut Store<CallState>,
        id: &str,
        action: &str,
        attributes: &str,
    ) -> Result<Result<Outcome, ProviderError>>;
    async fn watches(
        &self,
        store: &mut Store<CallState>,
        ids: &[String],
    ) -> Result<Result<Vec<Watch>, ProviderError>>;
}

/// A linked driver.
#[async_trait]
pub(crate) trait DriverApi: Send + Sync {
    async fn instantiate(&self, store: &mut Store<CallState>) -> Result<Box<dyn DriverInstance>>;
}

/// An instance of a driver, for one call.
#[async_trait]
pub(crate) trait DriverInstance: Send + Sync {
    async fn describe(&self, store: &mut Store<CallState>) -> Result<driver::Description>;
    async fn defaults(&self, store: &mut Store<CallState>) -> Result<Defaults>;
    async fn validate(
        &self,
        store: &mut Store<CallState>,
        settings: &Settings,
    ) -> Result<Result<(), ProviderError>>;
    async fn provision(
        &self,
        store: &mut Store<CallState>,
        blueprint: &Blueprint,
    ) -> Result<Result<String, ProviderError>>;
    async fn inspect(
        &self,
        store: &mut Store<CallState>,
        handle: &str,
        settings: &Settings,
    ) -> Result<Result<Instance, ProviderError>>;
    async fn operate(
        &self,
        store: &mut Store<CallState>,
        operation: Operation,
        handle: &str,
        settings: &Settings,
    ) -> Result<Result<(), ProviderError>>;
    async fn console(
        &self,
        store: &mut Store<CallState>,
        handle: &str,
        settings: &Settings,
    ) -> Result<Result<Console, ProviderError>>;
    async fn images(
        &self,
        store: &mut Store<CallState>,
        settings: &Settings,
    ) -> Result<Result<Vec<Image>, ProviderError>>;
    async fn create_image(
        &self,
        store: &mut Store<CallState>,
        handle: &str,
        name: &str,
        settings: &Settings,
    ) -> Result<Result<Image, ProviderError>>;
    async fn discover(
        &self,
        store: &mut Store<CallState>,
        settings: &Settings,
    ) -> Result<Result<Vec<(String, Instance)>, ProviderError>>;
}
