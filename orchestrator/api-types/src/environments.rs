//! Environments.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::input::{Fields, Request};
use crate::{Setting, SettingInput};

/// A group of hosts with settings in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Environment {
    /// Its name, unique in the organization.
    pub name: String,
    /// For people.
    pub description: String,
    /// Its id.
    pub uuid: String,
    /// Rises with every change of it.
    pub version: u64,
    /// Whose it is.
    pub organization: String,
    /// Names of its hosts.
    pub hosts: Vec<String>,
    /// Settings that hold for all its hosts.
    pub settings: Vec<Setting>,
}

/// An environment as it is created or replaced.
#[derive(Clone, Debug, Default, PartialEq, ToSchema)]
pub struct EnvironmentInput {
    /// Required when it is created; another one renames it.
    pub name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// All of its settings; those that are not listed go. Left alone if not given.
    pub settings: Option<Vec<SettingInput>>,
}

impl Request for EnvironmentInput {
    fn read(fields: &mut Fields<'_>) -> Self {
        let input = Self {
            name: fields.optional_text("name"),
            description: fields.optional_text("description"),
            settings: fields.list("settings"),
        };
        fields.read_only(&["uuid", "version", "organization", "hosts"]);
        fields.not_built(&["groups"]);
        input
    }
}
