//! One number for everything that is desired of a host, which both ends compute and compare.

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use crate::messages::ResourceRef;

/// Returns the hex SHA-256 over a set of resources; the order of the resources and of keys in them does not matter.
///
/// Numbers count as written: `1` and `1.0` differ. Both ends see the text that travelled, so they agree.
pub fn digest<'a>(resources: impl IntoIterator<Item = (ResourceRef, &'a Json)>) -> String {
    let mut resources: Vec<_> = resources.into_iter().collect();
    resources.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut hash = Sha256::new();
    let mut text = String::new();
    for (ResourceRef { collection, id }, attributes) in resources {
        text.clear();
        write_canonical(attributes, &mut text);
        for part in [&collection, &id, &text] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hex::encode(hash.finalize())
}

/// Writes JSON without spaces and with the keys of objects in the order of their bytes.
fn write_canonical(value: &Json, text: &mut String) {
    match value {
        Json::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| key.as_bytes());
            text.push('{');
            for (position, (key, value)) in members.into_iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write_string(key, text);
                text.push(':');
                write_canonical(value, text);
            }
            text.push('}');
        }
        Json::Array(items) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write_canonical(item, text);
            }
            text.push(']');
        }
        Json::String(string) => write_string(string, text),
        Json::Null | Json::Bool(_) | Json::Number(_) => text.push_str(&value.to_string()),
    }
}

fn write_string(string: &str, text: &mut String) {
    text.push_str(&Json::from(string).to_string());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn resource(id: &str) -> ResourceRef {
        ResourceRef { collection: "files".into(), id: id.into() }
    }

    #[test]
    fn order_of_resources_and_keys_does_not_matter() {
        let (one, other) =
            (json!({"mode": "0644", "owner": "root"}), json!({"content": [1, {"b": 1, "a": 2}]}));
        let same: Json = serde_json::from_str(r#"{"owner":"root", "mode":"0644"}"#).unwrap();
        let other_same: Json = serde_json::from_str(r#"{"content":[1,{"a":2,"b":1}]}"#).unwrap();
        assert_eq!(
            digest([(resource("/a"), &one), (resource("/b"), &other)]),
            digest([(resource("/b"), &other_same), (resource("/a"), &same)]),
        );
    }

    #[test]
    fn every_difference_matters() {
        let attributes = json!({"mode": "0644"});
        let base = digest([(resource("/a"), &attributes)]);
        assert_ne!(base, digest([(resource("/b"), &attributes)]));
        assert_ne!(base, digest([(resource("/a"), &json!({"mode": "0600"}))]));
        assert_ne!(base, digest([(resource("/a"), &json!({"mode": null}))]));
        assert_ne!(base, digest([]));
        assert_ne!(
            digest([(resource("/a"), &json!(["x", "y"]))]),
            digest([(resource("/a"), &json!(["y", "x"]))]),
            "the order of lists matters"
        );
        assert_ne!(
            digest([(ResourceRef { collection: "a".into(), id: "bc".into() }, &Json::Null)]),
            digest([(ResourceRef { collection: "ab".into(), id: "c".into() }, &Json::Null)]),
            "the border between collection and id matters"
        );
    }

    #[test]
    fn digest_is_the_one_that_older_versions_computed() {
        let attributes = json!({"owner": "root", "content": "ä\n", "mode": "0644", "n": 1.5});
        let packages = ResourceRef { collection: "packages".into(), id: "nginx".into() };
        assert_eq!(
            digest([(resource("/etc/motd"), &attributes), (packages, &json!({}))]),
            "7bf67f6f1968522f733adbfecbbf6e5b63efff39f998af1e78dea59295cd6599"
        );
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<f64>().prop_map(|number| json!(number)),
            ".*".prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::vec((".*", inner), 0..4)
                    .prop_map(|members| Json::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn canonical_text_is_json_of_the_same_value(value in any_json()) {
            let mut text = String::new();
            write_canonical(&value, &mut text);
            let back: Json = serde_json::from_str(&text).unwrap();
            let mut again = String::new();
            write_canonical(&back, &mut again);
            prop_assert_eq!(text, again);
        }
    }
}
