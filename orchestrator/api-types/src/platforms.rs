//! Platforms: where machines are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Delimiter, Parameter, Setting};

/// Where machines are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Platform {
    /// Its name, unique in the organization.
    pub name: String,
    /// For people.
    pub description: String,
    /// Whose it is.
    pub organization: String,
    /// Its id.
    pub uuid: String,
    /// Rises with every change of it.
    pub version: u64,
    /// The plugin that controls machines there.
    pub driver: PlatformDriver,
    /// Settings for the driver.
    pub settings: Vec<Setting>,
    /// Templates for the driver.
    pub files: Vec<PlatformFile>,
    /// Variables with their defaults.
    pub parameters: Vec<Parameter>,
}

/// The plugin that controls machines on a platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlatformDriver {
    /// The plugin's id.
    pub class_name: String,
    /// The kind of platform, e.g. `Manual`.
    pub name: String,
    /// For people.
    pub description: String,
}

/// A template for a driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlatformFile {
    /// Its name.
    pub name: String,
    /// What encloses a variable.
    #[serde(default)]
    pub delimiter: Delimiter,
}
