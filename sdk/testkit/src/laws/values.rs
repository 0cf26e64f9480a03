//! Comparing what was said with what is.

use hostwright_runtime::provider::{Difference, Observation, Value};
use serde_json::Value as Json;

/// Returns observed attributes, nothing where the resource is absent or unreadable.
pub(super) fn attributes(observation: &Observation) -> Option<Json> {
    match observation {
        Observation::Present(json) => serde_json::from_str(json).ok(),
        Observation::Absent | Observation::Unreadable(_) => None,
    }
}

/// Returns what a difference says that will be, if it knows.
pub(super) fn known(value: &Value) -> Option<Json> {
    match value {
        Value::Known(json) => serde_json::from_str(json).ok(),
        Value::KnownAfterApply | Value::Opaque => None,
    }
}

/// Returns where something that was said to be known is otherwise. What was marked unknown may be anything; what is not
/// observed at all, such as what comes along with a package, cannot be compared.
pub(super) fn broken_promises(said: &Json, is: &Json, pointer: &str, broken: &mut Vec<String>) {
    if is_unknown(said) || said == is {
        return;
    }
    match (said, is) {
        (Json::Object(said), Json::Object(is)) if !said.contains_key("$hostwright") => {
            for (name, said) in said {
                if let Some(is) = is.get(name) {
                    broken_promises(said, is, &format!("{pointer}/{name}"), broken);
                }
            }
        }
        _ => broken.push(format!("`{pointer}` was said to become {said} and is {is}")),
    }
}

fn is_unknown(value: &Json) -> bool {
    value.pointer("/$hostwright/unknown") == Some(&Json::Bool(true))
}

/// Returns declared attributes that changed although no difference covers them.
pub(super) fn unannounced(
    declared: &Json,
    before: &Json,
    after: &Json,
    index: usize,
    differences: &[Difference],
) -> Vec<String> {
    let is_covered = |pointer: &str| {
        differences.iter().any(|difference| {
            difference.index as usize == index
                && (pointer == difference.pointer || pointer.starts_with(&format!("{}/", difference.pointer)))
        })
    };
    let names = declared.as_object().into_iter().flatten().map(|(name, _)| name);
    names
        .filter(|name| before.get(name.as_str()) != after.get(name.as_str()))
        .map(|name| format!("/{name}"))
        .filter(|pointer| !is_covered(pointer))
        .collect()
}

#[cfg(test)]
mod tests {
    use hostwright_runtime::provider::Difference;
    use serde_json::{Value as Json, json};

    use super::{broken_promises, unannounced};

    fn broken(said: &Json, is: &Json) -> Vec<String> {
        let mut broken = Vec::new();
        broken_promises(said, is, "", &mut broken);
        broken
    }

    #[test]
    fn only_what_was_known_and_is_otherwise_is_a_broken_promise() {
        assert!(
            broken(&json!({"mode": "0644", "along": 1}), &json!({"mode": "0644", "owner": "root"}))
                .is_empty()
        );
        assert!(
            broken(&json!({"version": {"$hostwright": {"unknown": true}}}), &json!({"version": "1"}))
                .is_empty()
        );
        assert_eq!(
            broken(&json!({"mode": "0600"}), &json!({"mode": "0644"})),
            ["`/mode` was said to become \"0600\" and is \"0644\""]
        );
        assert_eq!(broken(&json!({"a": {"b": 1}}), &json!({"a": {"b": 2}})).len(), 1);
    }

    #[test]
    fn a_change_that_no_difference_covers_is_unannounced() {
        let difference =
            |pointer: &str| Difference { index: 0, pointer: pointer.into(), before: None, after: None };
        let (declared, before, after) =
            (json!({"a": 1, "b": 1}), json!({"a": 0, "b": 0}), json!({"a": 1, "b": 1}));
        assert_eq!(unannounced(&declared, &before, &after, 0, &[difference("/a")]), ["/b"]);
        assert!(unannounced(&declared, &before, &after, 0, &[difference("")]).is_empty());
        assert_eq!(unannounced(&declared, &before, &after, 1, &[difference("")]).len(), 2);
    }
}
