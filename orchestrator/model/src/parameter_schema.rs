//! The schemas of parameters: kept as given, translated to JSON Schema 2020-12 here and nowhere else.
//!
//! What is given is inspired by JSON Schema: `required` is a boolean on the value itself, and `pretty`, `description`,
//! `advanced`, `index` and `multiline` are for forms.

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Map, Value as Json, json};

/// Says nothing about what values are valid.
const PRESENTATION: [&str; 8] =
    ["pretty", "advanced", "index", "multiline", "final", "secret", "password", "default"];
const TYPES: [&str; 6] = ["string", "boolean", "integer", "number", "array", "object"];
/// How much of a message is kept, in characters: it may quote the value.
const MESSAGE_CHARACTERS: usize = 300;

/// A schema that is ready to check values.
#[derive(Debug)]
pub struct ParameterSchema {
    validator: Validator,
    required: bool,
}

/// A schema is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidSchema {
    /// JSON pointer into the schema.
    pub pointer: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// A value does not satisfy a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer into the value.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
}

impl ParameterSchema {
    /// Reads a schema as given; `null` allows anything.
    pub fn of(given: &Json) -> Result<Self, InvalidSchema> {
        let translated = translate(given)?;
        // Linear-time expressions only: a pattern comes from a person and meets values from other people.
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex())
            .build(&translated)
            .map_err(|error| InvalidSchema {
                pointer: String::new(),
                message: shortened(&error.to_string()),
            })?;
        Ok(Self { validator, required: is(given, "required") })
    }

    /// Returns whether a template cannot be used without a value.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// Returns what is wrong with a value; nothing if it satisfies the schema.
    pub fn violations(&self, value: &Json) -> Vec<Violation> {
        self.validator
            .iter_errors(value)
            .map(|error| Violation {
                pointer: error.instance_path().to_string(),
                message: shortened(&error.to_string()),
            })
            .collect()
    }
}

/// Translates a schema as given to JSON Schema 2020-12.
pub fn translate(given: &Json) -> Result<Json, InvalidSchema> {
    translate_at(given, "")
}

fn translate_at(given: &Json, pointer: &str) -> Result<Json, InvalidSchema> {
    let refuse = |name: &str, message: String| {
        let pointer = if name.is_empty() { pointer.to_owned() } else { format!("{pointer}/{name}") };
        Err(InvalidSchema { pointer, message })
    };
    let given = match given {
        Json::Null => return Ok(json!({})),
        Json::Object(given) => given,
        _ => return refuse("", "a schema is a JSON object".to_owned()),
    };
    let mut translated = Map::new();
    for (name, value) in given {
        match name.as_str() {
            "secret" | "password" if *value == Json::Bool(true) => {
                return refuse(name, "secret settings are not supported yet".to_owned());
            }
            "final" if *value == Json::Bool(true) => {
                return refuse(name, "`final` is not supported yet: leave it out".to_owned());
            }
            "index" | "advanced" | "multiline" | "final" | "secret" | "password" if !value.is_boolean() => {
                return refuse(name, format!("`{name}` is true or false"));
            }
            name if PRESENTATION.contains(&name) => {}
            "required" if value.is_boolean() => {}
            "type" => {
                let known = value.as_str().is_some_and(|text| TYPES.contains(&text));
                if !known && !value.is_array() {
                    return refuse(name, format!("{value} is no type: there are {}", TYPES.join(", ")));
                }
                translated.insert(name.clone(), value.clone());
            }
            "items" => {
                translated.insert(name.clone(), translate_at(value, &format!("{pointer}/items"))?);
            }
            "properties" => {
                let Json::Object(properties) = value else {
                    return refuse(name, "`properties` is a JSON object of schemas".to_owned());
                };
                let (properties, required) = translate_properties(properties, pointer)?;
                translated.insert(name.clone(), properties);
                if !required.is_empty() {
                    translated.insert("required".to_owned(), json!(required));
                }
            }
            _ => {
                translated.insert(name.clone(), value.clone());
            }
        }
    }
    Ok(Json::Object(translated))
}

fn translate_properties<'a>(
    given: &'a Map<String, Json>,
    pointer: &str,
) -> Result<(Json, Vec<&'a String>), InvalidSchema> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, schema) in given {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        properties.insert(name.clone(), translate_at(schema, &format!("{pointer}/properties/{escaped}"))?);
        if is(schema, "required") {
            required.push(name);
        }
    }
    Ok((Json::Object(properties), required))
}

fn is(schema: &Json, name: &str) -> bool {
    schema.get(name) == Some(&Json::Bool(true))
}

fn shortened(message: &str) -> String {
    message.chars().take(MESSAGE_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(schema: &Json, value: &Json) -> Vec<String> {
        let schema = ParameterSchema::of(schema).unwrap();
        schema
            .violations(value)
            .into_iter()
            .map(|found| format!("{}: {}", found.pointer, found.message))
            .collect()
    }

    #[test]
    fn values_are_checked_by_type_pattern_and_enumeration() {
        assert!(violations(&json!({"type": "integer"}), &json!(8080)).is_empty());
        assert_eq!(
            violations(&json!({"type": "integer"}), &json!("eighty")),
            [": \"eighty\" is not of type \"integer\""]
        );
        let mail = json!({"type": "string", "pattern": "\\S+@\\S+\\.\\S+", "required": true});
        assert!(violations(&mail, &json!("jd@x.org")).is_empty());
        assert_eq!(violations(&mail, &json!("jd")).len(), 1);
        assert_eq!(violations(&json!({"enum": ["up", "down"]}), &json!("sideways")).len(), 1);
        assert!(violations(&json!(null), &json!({"any": "thing"})).is_empty());
    }

    #[test]
    fn required_properties_of_list_items_are_named() {
        let schema = json!({"type": "array", "items": {"type": "object", "properties": {
            "id": {"type": "string", "index": true, "required": true, "pretty": "Name"},
            "port": {"type": "integer", "default": 6789},
        }}});
        assert!(violations(&schema, &json!([{"id": "a"}])).is_empty());
        assert_eq!(
            violations(&schema, &json!([{"id": "a"}, {"port": "x"}])),
            ["/1: \"id\" is a required property", "/1/port: \"x\" is not of type \"integer\"",]
        );
    }

    #[test]
    fn what_is_given_becomes_2020_12() {
        let given = json!({"type": "object", "required": true, "pretty": "Share", "properties": {
            "path": {"type": "string", "required": true}, "create": {"type": "boolean"}}});
        assert_eq!(
            translate(&given).unwrap(),
            json!({"type": "object",
                "properties": {"path": {"type": "string"}, "create": {"type": "boolean"}}, "required": ["path"]})
        );
        let schema = ParameterSchema::of(&given).unwrap();
        assert!(schema.is_required());
    }

    #[test]
    fn what_is_no_schema_says_where() {
        let refused = |given: Json| ParameterSchema::of(&given).unwrap_err();
        assert_eq!(
            refused(json!({"type": "array", "items": {"type": "int"}})),
            InvalidSchema {
                pointer: "/items/type".to_owned(),
                message: "\"int\" is no type: there are string, boolean, integer, number, array, object"
                    .to_owned(),
            }
        );
        assert_eq!(refused(json!("integer")).message, "a schema is a JSON object");
        assert_eq!(refused(json!({"properties": {"p": {"secret": true}}})).pointer, "/properties/p/secret");
        let error = refused(json!({"items": {"final": true}}));
        assert_eq!(
            (error.pointer.as_str(), error.message.as_str()),
            ("/items/final", "`final` is not supported yet: leave it out")
        );
        assert!(ParameterSchema::of(&json!({"type": "integer", "final": false, "secret": false})).is_ok());
        assert!(ParameterSchema::of(&json!({"pattern": "("})).is_err());
        assert!(ParameterSchema::of(&json!({"$ref": "http://127.0.0.1/schema"})).is_err());
    }
}
