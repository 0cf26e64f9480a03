//! Parameters: what a template can be told, and what it is told if nobody says otherwise.

use serde_json::Value as Json;

use crate::names::SettingKey;
use crate::parameter_schema::{InvalidSchema, ParameterSchema, Violation};

/// One thing that an application, a distribution or a platform can be told through settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The key of the settings that give it a value.
    pub key: SettingKey,
    /// For people, e.g. `Port`.
    pub name: String,
    /// For people.
    pub description: String,
    /// What counts if no setting does; nothing: then it is undefined in templates.
    pub default: Option<Json>,
    /// The schema as given, in the dialect of `reference` schemas; `null` allows anything.
    pub schema: Json,
    /// Rises by one with each change.
    pub version: u64,
}

/// A parameter cannot be as it was given.
#[derive(Debug, thiserror::Error)]
pub enum InvalidParameter {
    /// Its schema is none.
    #[error("the schema of parameter `{key}` is not valid")]
    Schema {
        /// Of the parameter.
        key: SettingKey,
        /// What is wrong with it.
        #[source]
        source: InvalidSchema,
    },
    /// Its default does not satisfy its schema.
    #[error("the default of parameter `{key}` does not satisfy its schema")]
    Default {
        /// Of the parameter.
        key: SettingKey,
        /// What is wrong with it.
        violations: Vec<Violation>,
    },
}

impl Parameter {
    /// Returns the schema, ready to check values.
    pub fn schema(&self) -> Result<ParameterSchema, InvalidParameter> {
        ParameterSchema::of(&self.schema)
            .map_err(|source| InvalidParameter::Schema { key: self.key.clone(), source })
    }

    /// Checks the schema, and the default against it.
    pub fn validate(&self) -> Result<(), InvalidParameter> {
        let schema = self.schema()?;
        let Some(default) = &self.default else { return Ok(()) };
        let violations = schema.violations(default);
        if violations.is_empty() {
            return Ok(());
        }
        Err(InvalidParameter::Default { key: self.key.clone(), violations })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parameter(default: Option<Json>, schema: Json) -> Parameter {
        Parameter {
            key: "http_port".parse().unwrap(),
            name: String::new(),
            description: String::new(),
            default,
            schema,
            version: 1,
        }
    }

    #[test]
    fn a_default_must_satisfy_the_schema() {
        assert!(parameter(Some(json!(8080)), json!({"type": "integer"})).validate().is_ok());
        assert!(parameter(None, json!({"type": "integer"})).validate().is_ok());
        assert!(parameter(Some(json!("x")), json!(null)).validate().is_ok());
        let error = parameter(Some(json!("x")), json!({"type": "integer"})).validate().unwrap_err();
        let InvalidParameter::Default { violations, .. } = error else { panic!("{error:?}") };
        assert_eq!(violations.len(), 1);
    }
}
