//! What must be true of a provider's answers before anyone relies on them. The error is the reason.

use serde::de::IgnoredAny;

use super::types::{Description, Difference, Observation, Value, Watch};

const NAME_MAXIMUM: usize = 200;
const SCHEMA_MAXIMUM: usize = 1 << 20;

pub(super) fn check_description(description: &Description) -> Result<(), String> {
    let Description { collection: _, schema_version, schema, provider, rank: _, actions } = description;
    if *schema_version == 0 {
        return Err("its schema version is 0".to_owned());
    }
    if schema.len() > SCHEMA_MAXIMUM {
        return Err(format!("its schema has more than {SCHEMA_MAXIMUM} bytes"));
    }
    match serde_json::from_str::<serde_json::Value>(schema) {
        Ok(serde_json::Value::Object(_)) => {}
        Ok(_) => return Err("its schema is no JSON object".to_owned()),
        Err(error) => return Err(format!("its schema is no JSON: {error}")),
    }
    for name in actions.iter().chain([provider]) {
        if name.is_empty() || name.len() > NAME_MAXIMUM || name.chars().any(char::is_control) {
            return Err(format!("`{}` is no name", name.escape_debug()));
        }
    }
    Ok(())
}

pub(super) fn check_count(found: usize, expected: usize) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{found} answers to {expected} questions")) }
}

pub(super) fn check_observation(observation: &Observation) -> Result<(), String> {
    match observation {
        Observation::Present(attributes) => check_object(attributes),
        Observation::Absent | Observation::Unreadable(_) => Ok(()),
    }
}

pub(super) fn check_difference(difference: &Difference, count: usize) -> Result<(), String> {
    let Difference { index, pointer, before, after } = difference;
    check_index(*index, count)?;
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err(format!("`{}` is no JSON pointer", pointer.escape_debug()));
    }
    for value in [before, after] {
        if let Some(Value::Known(json)) = value {
            serde_json::from_str::<IgnoredAny>(json)
                .map_err(|error| format!("a value is no JSON: {error}"))?;
        }
    }
    Ok(())
}

pub(super) fn check_watch(watch: &Watch, count: usize) -> Result<(), String> {
    hostwright_manifest::within::check_path(&watch.path)
        .map_err(|problem| format!("`{}`: {problem}", watch.path.escape_debug()))?;
    watch.indices.iter().try_for_each(|index| check_index(*index, count))
}

fn check_index(index: u32, count: usize) -> Result<(), String> {
    if (index as usize) < count { Ok(()) } else { Err(format!("there is no resource {index} among {count}")) }
}

/// Without keeping anything of it: a batch may have thousands.
fn check_object(json: &str) -> Result<(), String> {
    if !json.trim_start().starts_with('{') {
        return Err("attributes are no JSON object".to_owned());
    }
    serde_json::from_str::<IgnoredAny>(json)
        .map(|_| ())
        .map_err(|error| format!("attributes are no JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Extent;

    fn difference(index: u32, pointer: &str, value: &str) -> Difference {
        let before = Some(Value::Known(value.to_owned()));
        Difference { index, pointer: pointer.to_owned(), before, after: None }
    }

    #[test]
    fn answers_that_make_no_sense_are_told_apart() {
        let description = Description {
            collection: "files".into(),
            schema_version: 1,
            schema: "{}".into(),
            provider: "p".into(),
            rank: 0,
            actions: vec![],
        };
        assert_eq!(check_description(&description), Ok(()));
        assert_eq!(check_difference(&difference(0, "/mode", "\"0644\""), 1), Ok(()));
        let watch =
            |path: &str, index| Watch { path: path.into(), extent: Extent::Itself, indices: vec![index] };
        let reasons = [
            check_description(&Description { schema_version: 0, ..description.clone() }),
            check_description(&Description { schema: "[]".into(), ..description.clone() }),
            check_description(&Description { schema: "{".into(), ..description.clone() }),
            check_description(&Description { actions: vec!["re\nload".into()], ..description }),
            check_count(1, 2),
            check_observation(&Observation::Present("\"text\"".into())),
            check_observation(&Observation::Present("{\"a\":}".into())),
            check_difference(&difference(1, "", "1"), 1),
            check_difference(&difference(0, "mode", "1"), 1),
            check_difference(&difference(0, "", "nothing"), 1),
            check_watch(&watch("/etc/../root", 0), 1),
            check_watch(&watch("/etc", 7), 1),
        ];
        let reasons: Vec<String> = reasons.into_iter().map(|reason| reason.unwrap_err()).collect();
        insta::assert_snapshot!(reasons.join("\n"));
    }
}
