//! Drivers of version 0.1.

use std::sync::Arc;

use async_trait::async_trait;
use wasmtime::component::Component;
use wasmtime::{Engine, Result, Store};

use super::bindings::driver as bindings;
use super::bindings::driver::exports::hostwright::driver::platform as wit;
use super::convert::{all, provider_error};
use super::link::link;
use crate::api::{DriverApi, DriverInstance};
use crate::driver::{
    Blueprint, Console, Defaults, Description, File, Image, Instance, InstanceState, Operation, Parameter,
    Settings,
};
use crate::plugin::CallState;
use crate::provider::ProviderError;

pub(in crate::api) fn driver(engine: &Engine, component: &Component) -> Result<Arc<dyn DriverApi>> {
    let pre = bindings::DriverPre::new(link(engine, component)?)?;
    Ok(Arc::new(Linked(pre)))
}

struct Linked(bindings::DriverPre<CallState>);

#[async_trait]
impl DriverApi for Linked {
    async fn instantiate(&self, store: &mut Store<CallState>) -> Result<Box<dyn DriverInstance>> {
        Ok(Box::new(Running(self.0.instantiate_async(store).await?)))
    }
}

struct Running(bindings::Driver);

#[async_trait]
impl DriverInstance for Running {
    async fn describe(&self, store: &mut Store<CallState>) -> Result<Description> {
        let described = self.0.hostwright_driver_platform().call_describe(store).await?;
        let wit::Description { name, description, platform_parameters, host_parameters, operations } =
            described;
        Ok(Description {
            name,
            description,
            platform_parameters: platform_parameters.into_iter().map(parameter).collect(),
            host_parameters: host_parameters.into_iter().map(parameter).collect(),
            operations: operations.into_iter().map(operation).collect(),
        })
    }

    async fn defaults(&self, store: &mut Store<CallState>) -> Result<Defaults> {
        let wit::PlatformDefaults { settings, files } =
            self.0.hostwright_driver_platform().call_defaults(store).await?;
        let files = files.into_iter().map(|wit::File { name, content }| File { name, content }).collect();
        Ok(Defaults { settings, files })
    }

    async fn validate(
        &self,
        store: &mut Store<CallState>,
        settings: &Settings,
    ) -> Result<Result<(), ProviderError>> {
        let answer = self.0.hostwright_driver_platform().call_validate(store, settings).await?;
        Ok(answer.map_err(provider_error))
    }

    async fn provision(
        &self,
        store: &mut Store<CallState>,
        blueprint: &Blueprint,
    ) -> Result<Result<String, ProviderError>> {
        let Blueprint { host, uuid, organization, environment, settings, files } = blueprint.clone();
        let files = files.into_iter().map(|File { name, content }| wit::File { name, content }).collect();
        let blueprint = wit::Blueprint { host, uuid, organization, environment, settings, files };
        let answer = self.0.hostwright_driver_platform().call_provision(store, &blueprint).await?;
        Ok(answer.map_err(provider_error))
    }

    async fn inspect(
        &self,
        store: &mut Store<CallState>,
        handle: &str,
        settings: &Settings,
    ) -> Result<Result<Instance, ProviderError>> {
        let answer = self.0.hostwright_driver_platform().call_inspect(store, handle, settings).await?;
        Ok(answer.map(instance).map_err(provider_error))
    }

    async fn operate(
        &self,
        store: &mut Store<CallState>,
        operation: Operation,
        handle: &str,
        settings: &Settings,
    ) -> Result<Result<(), ProviderError>> {
        let platform = self.0.hostwright_driver_platform();
        let answer = match operation {
            Operation::Start => platform.call_start(store, handle, settings).await?,
            Operation::Pause => platform.call_pause(store, handle, settings).await?,
            Operation::Resume => platform.call_resume(store, handle, settings).await?,
            Operation::Shutdown => platform.call_shutdown(store, handle, settings).await?,
            Operation::PowerOff => platform.call_power_off(store, handle, settings).await?,
            Operation::Reboot => platform.call_reboot(store, handle, settings).await?,
            Operation::Destroy => platform.call_destroy(store, handle, settings).await?,
            Operation::Provision
            | Operation::Console
            | Operation::Images
            | Operation::CreateImage
            | Operation::Discover => {
                return Ok(Err(ProviderError::Unsupported(format!(
                    "{operation:?} is not done to a machine"
                ))));
            }
        };
        Ok(answer.map_err(provider_error))
    }

    async fn console(
        &self,
        store: &mut Store<CallState>,
        handle: &str,
        settings: &Settings,
    ) -> Result<Result<Console, ProviderError>> {
        let answer = self.0.hostwright_driver_platform().call_console(store, handle, settings).await?;
        Ok(answer
            .map(|wit::ConsoleAddress { hostname, port }| Console { hostname, port })
            .map_err(provider_error))
    }

    async fn images(
        &self,
        store: &mut Store<CallState>,
        settings: &Settings,
    ) -> Result<Result<Vec<Image>, ProviderError>> {
        let answers = self.0.hostwright_driver_platform().call_images(store, settings).await?;
        Ok(all(answers, image))
    }

    async fn create_image(
        &self,
        store: &mut Store<CallState>,
        handle: &str,
        name: &str,
        settings: &Settings,
    ) -> Result<Result<Image, ProviderError>> {
        let answer =
            self.0.hostwright_driver_platform().call_create_image(store, handle, name, settings).await?;
        Ok(answer.map(image).map_err(provider_error))
    }

    async fn discover(
        &self,
        store: &mut Store<CallState>,
        settings: &Settings,
    ) -> Result<Result<Vec<(String, Instance)>, ProviderError>> {
        let answers = self.0.hostwright_driver_platform().call_discover(store, settings).await?;
        Ok(all(answers, |(handle, found)| (handle, instance(found))))
    }
}

fn parameter(parameter: wit::Parameter) -> Parameter {
    let wit::Parameter { key, name, description, value, schema } = parameter;
    Parameter { key, name, description, value, schema }
}

fn operation(operation: wit::Operation) -> Operation {
    match operation {
        wit::Operation::Provision => Operation::Provision,
        wit::Operation::Start => Operation::Start,
        wit::Operation::Pause => Operation::Pause,
        wit::Operation::Resume => Operation::Resume,
        wit::Operation::Shutdown => Operation::Shutdown,
        wit::Operation::PowerOff => Operation::PowerOff,
        wit::Operation::Reboot => Operation::Reboot,
        wit::Operation::Destroy => Operation::Destroy,
        wit::Operation::Console => Operation::Console,
        wit::Operation::Images => Operation::Images,
        wit::Operation::CreateImage => Operation::CreateImage,
        wit::Operation::Discover => Operation::Discover,
    }
}

fn instance(instance: wit::Instance) -> Instance {
    let wit::Instance { state, properties, waiting_for } = instance;
    let state = match state {
        wit::State::Undefined => InstanceState::Undefined,
        wit::State::Pending => InstanceState::Pending,
        wit::State::Running => InstanceState::Running,
        wit::State::Paused => InstanceState::Paused,
        wit::State::Stopped => InstanceState::Stopped,
    };
    Instance { state, properties, waiting_for }
}

fn image(image: wit::Image) -> Image {
    let wit::Image { id, name, settings } = image;
    Image { id, name, settings }
}
