//! What crosses between the host and a driver, whatever the version of the contract.

/// Keys and JSON texts, in order.
pub type Settings = Vec<(String, String)>;

/// One setting that a driver understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// As in settings.
    pub key: String,
    /// For people.
    pub name: String,
    /// For people.
    pub description: String,
    /// JSON text of the default.
    pub value: Option<String>,
    /// JSON text of the schema.
    pub schema: String,
}

/// What a driver may be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Make a machine.
    Provision,
    /// Start it.
    Start,
    /// Freeze it.
    Pause,
    /// Go on.
    Resume,
    /// Ask it to end.
    Shutdown,
    /// End it.
    PowerOff,
    /// Restart it.
    Reboot,
    /// Remove it for good.
    Destroy,
    /// Show its screen.
    Console,
    /// List what machines can be made from.
    Images,
    /// Make an image of a machine.
    CreateImage,
    /// List the machines that the platform knows.
    Discover,
}

/// What a driver says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Of the platform, e.g. `Manual`.
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

/// A file by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Without a directory.
    pub name: String,
    /// Text.
    pub content: String,
}

/// What a new platform of this kind starts with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    /// Of the platform.
    pub settings: Settings,
    /// Of the platform.
    pub files: Vec<File>,
}

/// The host to be provisioned, everything rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blueprint {
    /// Its name.
    pub host: String,
    /// Its id.
    pub uuid: String,
    /// Where it belongs.
    pub organization: String,
    /// Where it belongs.
    pub environment: String,
    /// Effective ones.
    pub settings: Settings,
    /// Of platform and distribution.
    pub files: Vec<File>,
}

/// How an instance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceState {
    /// There is none.
    Undefined,
    /// Being made.
    Pending,
    /// Running.
    Running,
    /// Frozen.
    Paused,
    /// Off.
    Stopped,
}

/// A machine of the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// How it stands.
    pub state: InstanceState,
    /// e.g. `ip.eth0`.
    pub properties: Vec<(String, String)>,
    /// What it waits for, as a person would say it.
    pub waiting_for: Option<String>,
}

/// Where a machine's screen is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// Of the server.
    pub hostname: String,
    /// Of the server.
    pub port: u16,
}

/// What machines can be made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// By which the platform knows it.
    pub id: String,
    /// For people.
    pub name: String,
    /// What using it means for the host's settings.
    pub settings: Settings,
}
