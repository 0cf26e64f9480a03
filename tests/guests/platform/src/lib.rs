//! A driver whose machines exist in its answers only.
#![expect(unsafe_code, clippy::same_length_and_capacity, reason = "generated bindings hold the exports")]

use exports::hostwright::driver::platform::{
    Blueprint, ConsoleAddress, Description, File, Guest, Image, Instance, Operation, PlatformDefaults, State,
};
use hostwright::host::log::{Level, log};
use hostwright::host::types::{Error, Failed};

wit_bindgen::generate!({
    path: ["../../../wit/v0.1/host", "../../../wit/v0.1/driver"],
    world: "hostwright:driver/driver",
    generate_all,
});

type Settings = Vec<(String, String)>;

struct Imaginary;

export!(Imaginary);

impl Guest for Imaginary {
    fn describe() -> Description {
        Description {
            name: "Imaginary".to_owned(),
            description: "Machines that exist in answers only".to_owned(),
            platform_parameters: Vec::new(),
            host_parameters: Vec::new(),
            operations: vec![Operation::Provision, Operation::Start, Operation::Destroy],
        }
    }

    fn defaults() -> PlatformDefaults {
        let file = File { name: "boot".to_owned(), content: "imagine".to_owned() };
        PlatformDefaults { settings: vec![("size".to_owned(), "1".to_owned())], files: vec![file] }
    }

    fn validate(settings: Settings) -> Result<(), Error> {
        if settings.is_empty() { Err(Error::Unsupported("nothing is set".to_owned())) } else { Ok(()) }
    }

    fn provision(blueprint: Blueprint) -> Result<String, Error> {
        log(Level::Info, &format!("imagining {}", blueprint.host));
        Ok(format!("machine-of-{}", blueprint.host))
    }

    fn inspect(handle: String, _: Settings) -> Result<Instance, Error> {
        Ok(Instance {
            state: State::Running,
            properties: vec![("handle".to_owned(), handle)],
            waiting_for: None,
        })
    }

    fn start(_: String, _: Settings) -> Result<(), Error> {
        Ok(())
    }

    fn pause(handle: String, _: Settings) -> Result<(), Error> {
        Err(failed(&handle))
    }

    fn resume(handle: String, _: Settings) -> Result<(), Error> {
        Err(failed(&handle))
    }

    fn shutdown(handle: String, _: Settings) -> Result<(), Error> {
        Err(failed(&handle))
    }

    fn power_off(handle: String, _: Settings) -> Result<(), Error> {
        Err(failed(&handle))
    }

    fn reboot(handle: String, _: Settings) -> Result<(), Error> {
        Err(failed(&handle))
    }

    fn destroy(_: String, _: Settings) -> Result<(), Error> {
        Ok(())
    }

    fn console(_: String, _: Settings) -> Result<ConsoleAddress, Error> {
        Ok(ConsoleAddress { hostname: "localhost".to_owned(), port: 5900 })
    }

    fn images(_: Settings) -> Result<Vec<Image>, Error> {
        Ok(Vec::new())
    }

    fn create_image(id: String, name: String, settings: Settings) -> Result<Image, Error> {
        Ok(Image { id, name, settings })
    }

    fn discover(settings: Settings) -> Result<Vec<(String, Instance)>, Error> {
        Ok(vec![("machine-of-web1".to_owned(), Self::inspect("machine-of-web1".to_owned(), settings)?)])
    }
}

fn failed(handle: &str) -> Error {
    Error::Failed(Failed {
        message: format!("{handle} cannot do that"),
        command: None,
        status: None,
        output: None,
    })
}
