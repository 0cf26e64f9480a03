//! Machines as drivers see them.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// Effective settings by key.
pub type Settings = BTreeMap<String, Json>;

/// One setting of a platform or of each host on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The key.
    pub key: String,
    /// For people.
    pub name: String,
    /// For people.
    pub description: String,
    /// The default, if any.
    pub default: Option<Json>,
    /// JSON Schema of the value.
    pub schema: Json,
}

/// What a driver can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Makes a machine.
    Provision,
    /// Starts it.
    Start,
    /// Pauses it.
    Pause,
    /// Lets it run on.
    Resume,
    /// Asks it to stop.
    Shutdown,
    /// Stops it at once.
    PowerOff,
    /// Reboots it.
    Reboot,
    /// Destroys it with its storage.
    Destroy,
    /// Names its console.
    Console,
    /// Lists images.
    Images,
    /// Makes an image of it.
    CreateImage,
    /// Lists machines that exist.
    Discover,
}

/// What a driver says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverDescription {
    /// The platform, e.g. `Manual`.
    pub name: String,
    /// For people.
    pub description: String,
    /// Settings of the platform itself.
    pub platform_parameters: Vec<Parameter>,
    /// Settings of each host on it.
    pub host_parameters: Vec<Parameter>,
    /// What it can do.
    pub operations: Vec<Operation>,
}

/// A file that the orchestrator renders for the driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedFile {
    /// Its name among the files of the platform.
    pub name: String,
    /// Its text.
    pub content: String,
}

/// What a new platform of this kind starts with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    /// Settings of the platform.
    pub settings: Settings,
    /// Its template files.
    pub files: Vec<RenderedFile>,
}

/// The host to be provisioned, everything rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blueprint {
    /// Name of the host.
    pub host: String,
    /// Its id.
    pub uuid: String,
    /// Whose it is.
    pub organization: String,
    /// Where it belongs.
    pub environment: String,
    /// Effective settings.
    pub settings: Settings,
    /// Rendered files of platform and distribution.
    pub files: Vec<RenderedFile>,
}

/// How a machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceState {
    /// The platform does not know it.
    Undefined,
    /// It is being made.
    Pending,
    /// It runs.
    Running,
    /// It is paused.
    Paused,
    /// It is stopped.
    Stopped,
}

/// What a platform knows of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// How it is.
    pub state: InstanceState,
    /// e.g. `ip.eth0`.
    pub properties: BTreeMap<String, String>,
    /// What it waits for, as a person would say it.
    pub waiting_for: Option<String>,
}

/// Where a console is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// On which machine.
    pub hostname: String,
    /// At which port.
    pub port: u16,
}

/// An image that machines are made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// By which the platform knows it.
    pub id: String,
    /// For people.
    pub name: String,
    /// Settings that a host takes over with it.
    pub settings: Settings,
}
