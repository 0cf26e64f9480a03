//! The exports of a driver.

use std::marker::PhantomData;

use crate::bindings::driver::exports::hostwright::driver::platform as wit;
use crate::bindings::provider::hostwright::host::types::Error as WitError;
use crate::host::error_to_host;
use crate::types::{
    Blueprint, Defaults, DriverDescription, Image, Instance, InstanceState, Operation, Parameter,
};
use crate::types::{RenderedFile, Settings};
use crate::{Driver, Error, attributes};

/// Answers the component's exports with a driver.
#[derive(Debug)]
pub struct DriverComponent<D>(PhantomData<D>);

type WitSettings = Vec<(String, String)>;

impl<D: Driver> wit::Guest for DriverComponent<D> {
    fn describe() -> wit::Description {
        let DriverDescription { name, description, platform_parameters, host_parameters, operations } =
            D::describe();
        wit::Description {
            name,
            description,
            platform_parameters: platform_parameters.into_iter().map(parameter_to_host).collect(),
            host_parameters: host_parameters.into_iter().map(parameter_to_host).collect(),
            operations: operations.into_iter().map(operation_to_host).collect(),
        }
    }

    fn defaults() -> wit::PlatformDefaults {
        let Defaults { settings, files } = D::defaults();
        let file_to_host = |RenderedFile { name, content }| wit::File { name, content };
        wit::PlatformDefaults {
            settings: settings_to_host(settings),
            files: files.into_iter().map(file_to_host).collect(),
        }
    }

    fn validate(settings: WitSettings) -> Result<(), WitError> {
        with_settings(settings, |settings| D::validate(&settings))
    }

    fn provision(blueprint: wit::Blueprint) -> Result<String, WitError> {
        let wit::Blueprint { host, uuid, organization, environment, settings, files } = blueprint;
        let file_from_host = |wit::File { name, content }| RenderedFile { name, content };
        let files = files.into_iter().map(file_from_host).collect();
        with_settings(settings, |settings| {
            D::provision(&Blueprint { host, uuid, organization, environment, settings, files })
        })
    }

    fn inspect(handle: String, settings: WitSettings) -> Result<wit::Instance, WitError> {
        with_settings(settings, |settings| D::inspect(&handle, &settings)).map(instance_to_host)
    }

    fn start(handle: String, settings: WitSettings) -> Result<(), WitError> {
        with_settings(settings, |settings| D::start(&handle, &settings))
    }

    fn pause(handle: String, settings: WitSettings) -> Result<(), WitError> {
        with_settings(settings, |settings| D::pause(&handle, &settings))
    }

    fn resume(handle: String, settings: WitSettings) -> Result<(), WitError> {
        with_settings(settings, |settings| D::resume(&handle, &settings))
    }

    fn shutdown(handle: String, settings: WitSettings) -> Result<(), WitError> {
        with_settings(settings, |settings| D::shutdown(&handle, &settings))
    }

    fn power_off(handle: String, settings: WitSettings) -> Result<(), WitError> {
        with_settings(settings, |settings| D::power_off(&handle, &settings))
    }

    fn reboot(handle: String, settings: WitSettings) -> Result<(), WitError> {
        with_settings(settings, |settings| D::reboot(&handle, &settings))
    }

    fn destroy(handle: String, settings: WitSettings) -> Result<(), WitError> {
        with_settings(settings, |settings| D::destroy(&handle, &settings))
    }

    fn console(handle: String, settings: WitSettings) -> Result<wit::ConsoleAddress, WitError> {
        let console = with_settings(settings, |settings| D::console(&handle, &settings))?;
        Ok(wit::ConsoleAddress { hostname: console.hostname, port: console.port })
    }

    fn images(settings: WitSettings) -> Result<Vec<wit::Image>, WitError> {
        let images = with_settings(settings, |settings| D::images(&settings))?;
        Ok(images.into_iter().map(image_to_host).collect())
    }

    fn create_image(handle: String, name: String, settings: WitSettings) -> Result<wit::Image, WitError> {
        with_settings(settings, |settings| D::create_image(&handle, &name, &settings)).map(image_to_host)
    }

    fn discover(settings: WitSettings) -> Result<Vec<(String, wit::Instance)>, WitError> {
        let found = with_settings(settings, |settings| D::discover(&settings))?;
        Ok(found.into_iter().map(|(handle, instance)| (handle, instance_to_host(instance))).collect())
    }
}

fn with_settings<T>(
    settings: WitSettings,
    call: impl FnOnce(Settings) -> Result<T, Error>,
) -> Result<T, WitError> {
    settings_from_host(settings).and_then(call).map_err(error_to_host)
}

fn settings_from_host(settings: WitSettings) -> Result<Settings, Error> {
    let mut parsed = Settings::new();
    for (key, json) in settings {
        let value = attributes::parse(&json).map_err(|error| {
            let mut pointer = String::new();
            attributes::push_step(&mut pointer, &key);
            Error::invalid(pointer, error.to_string())
        })?;
        parsed.insert(key, value);
    }
    Ok(parsed)
}

fn settings_to_host(settings: Settings) -> WitSettings {
    settings.into_iter().map(|(key, value)| (key, value.to_string())).collect()
}

fn parameter_to_host(Parameter { key, name, description, default, schema }: Parameter) -> wit::Parameter {
    let value = default.map(|value| value.to_string());
    wit::Parameter { key, name, description, value, schema: schema.to_string() }
}

fn instance_to_host(Instance { state, properties, waiting_for }: Instance) -> wit::Instance {
    let state = match state {
        InstanceState::Undefined => wit::State::Undefined,
        InstanceState::Pending => wit::State::Pending,
        InstanceState::Running => wit::State::Running,
        InstanceState::Paused => wit::State::Paused,
        InstanceState::Stopped => wit::State::Stopped,
    };
    wit::Instance { state, properties: properties.into_iter().collect(), waiting_for }
}

fn image_to_host(Image { id, name, settings }: Image) -> wit::Image {
    wit::Image { id, name, settings: settings_to_host(settings) }
}

fn operation_to_host(operation: Operation) -> wit::Operation {
    match operation {
        Operation::Provision => wit::Operation::Provision,
        Operation::Start => wit::Operation::Start,
        Operation::Pause => wit::Operation::Pause,
        Operation::Resume => wit::Operation::Resume,
        Operation::Shutdown => wit::Operation::Shutdown,
        Operation::PowerOff => wit::Operation::PowerOff,
        Operation::Reboot => wit::Operation::Reboot,
        Operation::Destroy => wit::Operation::Destroy,
        Operation::Console => wit::Operation::Console,
        Operation::Images => wit::Operation::Images,
        Operation::CreateImage => wit::Operation::CreateImage,
        Operation::Discover => wit::Operation::Discover,
    }
}
