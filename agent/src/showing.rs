//! What of differences and attributes may be shown, and in which words.

use hostwright_protocol::messages as wire;
use serde_json::{Map, Value as Json, json};

use crate::provider::{Difference, Observation, State, Value};

/// Longer values are not carried around in reports.
const SHOWN_BYTES: usize = 16 * 1024;

/// Returns differences as they are reported; of a sensitive resource only that they are.
pub(crate) fn differences(differences: &[Difference], is_sensitive: bool) -> Vec<wire::Difference> {
    let shown = |value: &Option<Value>| {
        value.as_ref().map(|value| if is_sensitive { wire::Value::Opaque } else { shown_value(value) })
    };
    differences
        .iter()
        .map(|difference| wire::Difference {
            pointer: difference.pointer.clone(),
            before: shown(&difference.before),
            after: shown(&difference.after),
        })
        .collect()
}

/// Returns what is desired as an alert shows it: `null` for absence.
pub(crate) fn expected(state: &State, is_sensitive: bool) -> Json {
    match state {
        State::Absent => Json::Null,
        State::Present(attributes) => attributes_shown(attributes, is_sensitive),
    }
}

/// Returns what is observed as an alert shows it: `null` for absence.
pub(crate) fn observed(observation: &Observation, is_sensitive: bool) -> Json {
    match observation {
        Observation::Absent | Observation::Unreadable(_) => Json::Null,
        Observation::Present(attributes) => attributes_shown(attributes, is_sensitive),
    }
}

/// Returns differences in one line, for a message.
pub(crate) fn in_words(differences: &[Difference], is_sensitive: bool) -> String {
    let words: Vec<String> = differences
        .iter()
        .map(|difference| {
            let name = if difference.pointer.is_empty() { "presence" } else { &difference.pointer };
            if is_sensitive {
                return format!("{name} differs");
            }
            let word = |value: &Option<Value>| match value {
                None => "absent".to_owned(),
                Some(Value::Known(text)) if text.len() <= 200 => text.clone(),
                Some(Value::Known(text)) => format!("{} bytes", text.len()),
                Some(Value::KnownAfterApply) => "known after apply".to_owned(),
                Some(Value::Opaque) => "not shown".to_owned(),
            };
            format!("{name} is {}, should be {}", word(&difference.before), word(&difference.after))
        })
        .collect();
    words.join("; ")
}

fn shown_value(value: &Value) -> wire::Value {
    match value {
        Value::Known(text) if text.len() > SHOWN_BYTES => wire::Value::Opaque,
        Value::Known(text) => match serde_json::from_str(text) {
            Ok(value) => wire::Value::Known(value),
            Err(_) => wire::Value::Known(Json::String(text.clone())),
        },
        Value::KnownAfterApply => wire::Value::KnownAfterApply,
        Value::Opaque => wire::Value::Opaque,
    }
}

fn attributes_shown(attributes: &str, is_sensitive: bool) -> Json {
    let Ok(attributes) = serde_json::from_str::<Map<String, Json>>(attributes) else { return json!({}) };
    let hidden = || json!({"$hostwright": {"opaque": true}});
    attributes
        .into_iter()
        .map(|(name, value)| {
            let is_hidden = is_sensitive || value.as_str().is_some_and(|text| text.len() > SHOWN_BYTES);
            (name, if is_hidden { hidden() } else { value })
        })
        .collect::<Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(before: &str, after: &str) -> Difference {
        Difference {
            index: 0,
            pointer: "/content".into(),
            before: Some(Value::Known(json!(before).to_string())),
            after: Some(Value::Known(json!(after).to_string())),
        }
    }

    #[test]
    fn nothing_of_a_sensitive_resource_is_shown() {
        let secret = [content("hunter1", "hunter2")];
        let shown = serde_json::to_string(&differences(&secret, true)).unwrap()
            + &in_words(&secret, true)
            + &expected(&State::Present(json!({"content": "hunter2"}).to_string()), true).to_string()
            + &observed(&Observation::Present(json!({"content": "hunter1"}).to_string()), true).to_string();
        assert!(!shown.contains("hunter"), "{shown}");
        assert!(shown.contains("/content"), "{shown}");
    }

    #[test]
    fn differences_read_as_a_sentence() {
        insta::assert_snapshot!(in_words(&[content("a", "b")], false), @r#"/content is "a", should be "b""#);
    }
}
