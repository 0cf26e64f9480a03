//! What a driver implements.

use crate::Error;
use crate::types::{Blueprint, Console, Defaults, DriverDescription, Image, Instance, Settings};

/// One kind of platform on which machines are made and controlled.
///
/// Unstable: it will change until the first drivers of real platforms pass.
///
/// Long work returns a handle and is polled with [`inspect`](Self::inspect), so that it survives the restart of whoever
/// runs it. What a platform cannot do is left out: the default refuses with a reason.
pub trait Driver {
    /// Returns what the driver is and what it can do.
    fn describe() -> DriverDescription;

    /// Begins to make the machine and answers with the handle by which it is known from then on.
    fn provision(blueprint: &Blueprint) -> Result<String, Error>;

    /// Returns how the machine is.
    fn inspect(handle: &str, settings: &Settings) -> Result<Instance, Error>;

    /// Returns what a new platform of this kind starts with.
    fn defaults() -> Defaults {
        Defaults::default()
    }

    /// Checks the platform's settings, by connecting where that can be done.
    fn validate(settings: &Settings) -> Result<(), Error> {
        let _ = settings;
        Ok(())
    }

    /// Starts the machine.
    fn start(handle: &str, settings: &Settings) -> Result<(), Error> {
        let _ = (handle, settings);
        Err(cannot("start machines"))
    }

    /// Pauses the machine.
    fn pause(handle: &str, settings: &Settings) -> Result<(), Error> {
        let _ = (handle, settings);
        Err(cannot("pause machines"))
    }

    /// Lets a paused machine run on.
    fn resume(handle: &str, settings: &Settings) -> Result<(), Error> {
        let _ = (handle, settings);
        Err(cannot("resume machines"))
    }

    /// Asks the machine to stop.
    fn shutdown(handle: &str, settings: &Settings) -> Result<(), Error> {
        let _ = (handle, settings);
        Err(cannot("shut machines down"))
    }

    /// Stops the machine at once.
    fn power_off(handle: &str, settings: &Settings) -> Result<(), Error> {
        let _ = (handle, settings);
        Err(cannot("power machines off"))
    }

    /// Reboots the machine.
    fn reboot(handle: &str, settings: &Settings) -> Result<(), Error> {
        let _ = (handle, settings);
        Err(cannot("reboot machines"))
    }

    /// Destroys the machine with its storage.
    fn destroy(handle: &str, settings: &Settings) -> Result<(), Error> {
        let _ = (handle, settings);
        Err(cannot("destroy machines"))
    }

    /// Returns where the machine's console is reached.
    fn console(handle: &str, settings: &Settings) -> Result<Console, Error> {
        let _ = (handle, settings);
        Err(cannot("show consoles"))
    }

    /// Returns the images that machines can be made from.
    fn images(settings: &Settings) -> Result<Vec<Image>, Error> {
        let _ = settings;
        Err(cannot("list images"))
    }

    /// Makes an image of the machine.
    fn create_image(handle: &str, name: &str, settings: &Settings) -> Result<Image, Error> {
        let _ = (handle, name, settings);
        Err(cannot("make images"))
    }

    /// Returns the machines that the platform knows: handle and instance.
    fn discover(settings: &Settings) -> Result<Vec<(String, Instance)>, Error> {
        let _ = settings;
        Err(cannot("discover machines"))
    }
}

fn cannot(what: &str) -> Error {
    Error::unsupported(format!("this platform cannot {what}"))
}
