//! What becomes of a resource that leaves: ours goes, what was there before is given back as far as it is known. Pure.

use serde_json::{Map, Value as Json};

use crate::ledger::{Before, Resource};

/// What becomes of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Restoration {
    /// It is ours: it goes.
    Remove,
    /// It stays as it is.
    Keep {
        /// What a person should know.
        message: Option<String>,
    },
    /// It stays, with some attributes as they were.
    GiveBack {
        /// As JSON text.
        attributes: String,
        /// What a person should know.
        message: String,
    },
}

/// Decides what becomes of a resource; nothing is known of one that the agent was never told of.
pub(crate) fn restoration(resource: Option<&Resource>, even_if_adopted: bool) -> Restoration {
    if even_if_adopted {
        return Restoration::Remove;
    }
    let Some(resource) = resource else {
        let message = "left as it is, because this agent did not put it there".to_owned();
        return Restoration::Keep { message: Some(message) };
    };
    match &resource.before {
        Before::Absent => Restoration::Remove,
        // Accepted, but nothing was ever done for it.
        Before::Unseen => Restoration::Keep { message: None },
        Before::Present(before) => give_back(resource, before),
    }
}

fn give_back(resource: &Resource, before: &Json) -> Restoration {
    let collection = resource.reference.collection.as_str();
    let is_declared = |name: &&str| resource.attributes.get(*name).is_some_and(|value| !value.is_null());
    let restored: Map<String, Json> = restorable(collection)
        .iter()
        .filter(|name| is_declared(name))
        .filter_map(|name| Some(((*name).to_owned(), before.get(name)?.clone())))
        .collect();
    let mut message = "kept, because it was there before".to_owned();
    if !restored.is_empty() {
        let names: Vec<&str> = restored.keys().map(String::as_str).collect();
        message = format!("{message}; {} as before", names.join(", "));
    }
    if collection == "files" && is_declared(&"content") {
        message.push_str("; its earlier content is not known");
    }
    if restored.is_empty() {
        Restoration::Keep { message: Some(message) }
    } else {
        Restoration::GiveBack { attributes: Json::Object(restored).to_string(), message }
    }
}

/// Attributes of which the earlier value can simply be set again.
fn restorable(collection: &str) -> &'static [&'static str] {
    match collection {
        "files" | "directories" => &["owner", "group", "mode"],
        "services" => &["running", "enabled"],
        "packages" => &["hold"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use hostwright_protocol::messages::{Membership, ResourceRef};
    use serde_json::json;

    use super::*;
    use crate::ledger::Standing;

    fn check(collection: &str, desired: Json, before: Before, expected: &Restoration) {
        let resource = Resource {
            reference: ResourceRef { collection: collection.into(), id: "x".into() },
            attributes: desired,
            standing: Standing::Applied,
            is_monitored: true,
            membership: Membership::default(),
            is_sensitive: false,
            before,
        };
        assert_eq!(&restoration(Some(&resource), false), expected);
        assert_eq!(restoration(Some(&resource), true), Restoration::Remove);
    }

    #[test]
    fn what_the_agent_made_goes() {
        check("files", json!({"content": "x"}), Before::Absent, &Restoration::Remove);
    }

    #[test]
    fn an_adopted_service_is_given_back_as_it_was() {
        let before = Before::Present(json!({"running": false, "enabled": true}));
        let expected = Restoration::GiveBack {
            attributes: json!({"running": false}).to_string(),
            message: "kept, because it was there before; running as before".into(),
        };
        check("services", json!({"running": true}), before, &expected);
    }

    #[test]
    fn an_adopted_file_keeps_its_content_and_says_so() {
        let before = Before::Present(json!({"mode": "0600", "owner": "www-data"}));
        let expected = Restoration::GiveBack {
            attributes: json!({"mode": "0600"}).to_string(),
            message: "kept, because it was there before; mode as before; its earlier content is not known"
                .into(),
        };
        check("files", json!({"content": "x", "mode": "0644"}), before, &expected);
    }

    #[test]
    fn a_package_that_was_there_is_kept() {
        let before = Before::Present(json!({"version": "1.2"}));
        let message = Some("kept, because it was there before".to_owned());
        check("packages", json!({}), before, &Restoration::Keep { message });
    }

    #[test]
    fn what_was_never_touched_is_left_alone() {
        check("packages", json!({}), Before::Unseen, &Restoration::Keep { message: None });
    }
}
