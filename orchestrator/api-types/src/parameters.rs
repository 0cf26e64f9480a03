//! Parameters of applications, platforms and distributions.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::input::{Fields, Request};

/// A variable of templates with its default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Parameter {
    /// For people.
    pub name: String,
    /// For people.
    pub description: String,
    /// The variable.
    pub key: String,
    /// Its default; null if it has none.
    #[schema(value_type = Value)]
    pub value: Json,
    /// What values must be like, in the reference's dialect of JSON Schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub schema: Option<Json>,
    /// Rises with every change of it.
    #[serde(default)]
    pub version: u64,
}

impl Request for Parameter {
    fn read(fields: &mut Fields<'_>) -> Self {
        let key = fields.text("key");
        let parameter = Self {
            name: fields.optional_text("name").filter(|name| !name.is_empty()).unwrap_or_else(|| key.clone()),
            description: fields.optional_text("description").unwrap_or_default(),
            key,
            value: fields.any("value").unwrap_or(Json::Null),
            schema: fields.document("schema"),
            version: 0,
        };
        fields.read_only(&["uuid", "version"]);
        parameter
    }
}
