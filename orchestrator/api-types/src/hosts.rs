//! Hosts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::input::{Fields, Request};
use crate::{Setting, SettingInput};

/// The blueprint of one machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Host {
    /// Its name, unique in the environment.
    pub name: String,
    /// For people.
    pub description: String,
    /// Rises with every change of it.
    pub version: u64,
    /// Its id.
    pub uuid: String,
    /// Whose it is.
    pub organization: String,
    /// Where it is.
    pub environment: String,
    /// The platform that its machine is on, if it has one.
    pub platform: Option<String>,
    /// The distribution that its machine is installed with, if it has one.
    pub distribution: Option<String>,
    /// Names of its applications, in the order in which they were installed.
    pub applications: Vec<String>,
    /// Its own settings.
    pub settings: Vec<Setting>,
    /// `DEFINED`, `PROVISIONING`, `READY`, `UPDATING` or `ERROR`.
    pub state: String,
    /// What failed, when its state is `ERROR`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether no resource of it is known to be other than it should be.
    pub compliant: bool,
}

/// A host as it is created or replaced.
#[derive(Clone, Debug, Default, PartialEq, ToSchema)]
pub struct HostInput {
    /// Required when it is created; another one renames it.
    pub name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Another one than its own moves it.
    pub environment: Option<String>,
    /// The platform that its machine is on.
    pub platform: Option<String>,
    /// The distribution that its machine is installed with.
    pub distribution: Option<String>,
    /// All of its own settings; those that are not listed go. Left alone if not given.
    pub settings: Option<Vec<SettingInput>>,
    /// When it is created: applications to install at once. Ignored afterwards.
    pub applications: Option<Vec<String>>,
}

impl Request for HostInput {
    fn read(fields: &mut Fields<'_>) -> Self {
        let input = Self {
            name: fields.optional_text("name"),
            description: fields.optional_text("description"),
            environment: fields.optional_text("environment"),
            platform: fields.optional_text("platform").filter(|name| !name.is_empty()),
            distribution: fields.optional_text("distribution").filter(|name| !name.is_empty()),
            settings: fields.list("settings"),
            applications: fields.texts("applications"),
        };
        fields.read_only(&["uuid", "version", "organization", "state", "error", "compliant"]);
        input
    }
}
