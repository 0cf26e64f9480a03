//! The JSON Schema of a collection, made from the type of its attributes.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value as Json, json};

/// Returns the schema (JSON Schema 2020-12) of a collection's attributes.
///
/// `x-hostwright` names the collection, the version and what `perform` understands. Attributes that hold blobs or
/// secrets are marked by an `x-hostwright` of their own, see [`crate::types::Content`].
pub fn of<A: JsonSchema>(collection: &str, version: u32, actions: &[&str]) -> Json {
    let generator = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.inline_subschemas = true;
        })
        .into_generator();
    let mut schema = generator.into_root_schema_for::<A>();
    schema.insert("title".to_owned(), json!(collection));
    schema.insert(
        "x-hostwright".to_owned(),
        json!({"collection": collection, "version": version, "actions": actions}),
    );
    let mut schema = schema.to_value();
    forbid_null(&mut schema);
    schema
}

/// An attribute that is not given is left out: `null`, which an `Option` would take too, is no value of any.
fn forbid_null(schema: &mut Json) {
    let Json::Object(members) = schema else { return };
    if let Some(Json::Array(types)) = members.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            members.insert("type".to_owned(), only);
        }
    }
    if let Some(Json::Array(choices)) = members.get_mut("anyOf") {
        choices.retain(|choice| choice != &json!({"type": "null"}));
        if let [Json::Object(only)] = &mut choices[..] {
            let only = std::mem::take(only);
            members.shift_remove("anyOf");
            for (name, member) in only {
                members.entry(name).or_insert(member);
            }
        }
    }
    for member in members.values_mut() {
        match member {
            Json::Array(elements) => elements.iter_mut().for_each(forbid_null),
            other => forbid_null(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::of;
    use crate::types::{Content, Mode};

    /// A note on the door.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Note {
        /// What it says.
        text: Option<Content>,
        mode: Option<Mode>,
    }

    #[test]
    fn a_schema_names_collection_and_version_and_marks_blobs() {
        insta::assert_json_snapshot!(of::<Note>("notes", 3, &["read-aloud"]));
    }
}
