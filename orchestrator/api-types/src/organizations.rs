//! Organizations.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::input::{Fields, Request};
use crate::{Setting, SettingInput};

/// A tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// Its name, unique on the site.
    pub name: String,
    /// For people.
    pub description: String,
    /// Its id.
    pub uuid: String,
    /// Rises with every change of it.
    pub version: u64,
    /// Names of its environments.
    pub environments: Vec<String>,
    /// Names of its groups.
    pub groups: Vec<String>,
    /// Settings that hold for all its hosts.
    pub settings: Vec<Setting>,
    /// Keys with which agents introduce themselves, for those who may see them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
}

/// Keys with which agents introduce themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    /// The public part.
    pub access_key: String,
    /// The secret part.
    pub secret_key: String,
}

/// An organization as it is created or replaced.
#[derive(Clone, Debug, Default, PartialEq, ToSchema)]
pub struct OrganizationInput {
    /// Required when it is created; another one renames it.
    pub name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// All of its settings; those that are not listed go. Left alone if not given.
    pub settings: Option<Vec<SettingInput>>,
}

impl Request for OrganizationInput {
    fn read(fields: &mut Fields<'_>) -> Self {
        let input = Self {
            name: fields.optional_text("name"),
            description: fields.optional_text("description"),
            settings: fields.list("settings"),
        };
        fields.read_only(&["uuid", "version", "environments", "groups", "access", "organization"]);
        input
    }
}
