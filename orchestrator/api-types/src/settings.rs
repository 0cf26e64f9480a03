//! Settings: values of variables at one level.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::input::{Fields, Request};

/// A setting at one level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Setting {
    /// The variable.
    pub key: String,
    /// Its value.
    #[schema(value_type = Value)]
    pub value: Json,
    /// Rises with every change of it.
    #[serde(default)]
    pub version: u64,
    /// The schema that was given with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub schema: Option<Json>,
}

/// A setting as it is created or replaced.
#[derive(Clone, Debug, PartialEq, ToSchema)]
pub struct SettingInput {
    /// The variable; where the path names it, it may be left out.
    pub key: Option<String>,
    /// Its value.
    #[schema(value_type = Value)]
    pub value: Json,
    /// What it must be like, besides what parameters say. Without it, the one that is there stays; `{}` takes it away.
    #[schema(value_type = Option<Object>)]
    pub schema: Option<Json>,
}

impl Request for SettingInput {
    fn read(fields: &mut Fields<'_>) -> Self {
        let key = fields.optional_text("key");
        let value = fields.any("value");
        fields.read_only(&["uuid", "version"]);
        fields.not_built(&["link", "property", "secret"]);
        let schema = fields.document("schema");
        // One that asks for what is not done would be a promise not kept.
        if let Some(schema) = &schema {
            for word in ["secret", "password", "final"] {
                if schema.get(word).is_some_and(|asked| *asked == Json::Bool(true)) {
                    fields.problem(
                        "schema",
                        format!("`{word}` of a setting is not supported yet: leave it out"),
                    );
                }
            }
        }
        if value.is_none() {
            fields.problem("value", "`value` is missing");
        }
        Self { key, value: value.unwrap_or(Json::Null), schema }
    }
}

/// A bulk change of settings.
#[derive(Clone, Debug, Default, PartialEq, ToSchema)]
pub struct SettingsInput {
    /// What to set. Without `?no_delete=true`, keys that are not listed are unset.
    #[schema(rename = "newOrUpdatedSettings")]
    pub new_or_updated_settings: Vec<SettingInput>,
}

impl Request for SettingsInput {
    fn read(fields: &mut Fields<'_>) -> Self {
        let settings = fields.list("newOrUpdatedSettings");
        if settings.is_none() {
            fields.problem(
                "newOrUpdatedSettings",
                "`newOrUpdatedSettings` is missing: a list of settings is needed",
            );
        }
        Self { new_or_updated_settings: settings.unwrap_or_default() }
    }
}

/// Where the value comes from that is in force for an application on a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OriginSetting {
    /// The level: `organization`, `environment`, `host`, `context` for the application on the host, or `parameter`.
    pub from: String,
    /// The variable.
    pub key: String,
    /// The value in force.
    #[schema(value_type = Value)]
    pub value: Json,
    /// What values must be like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub schema: Option<Json>,
}
