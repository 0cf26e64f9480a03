//! Attributes from JSON text, with errors that say where and how to mend.

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use crate::Error;

/// Parses attributes.
///
/// # Errors
///
/// [`Error::Invalid`] with a JSON pointer to the attribute and a message that names the nearest known field, or what was
/// expected. The message never contains the value, which may be secret.
///
/// ```
/// # use hostwright_sdk::attributes;
/// #[derive(Debug, serde::Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Note { text: String }
///
/// let error = attributes::parse::<Note>(r#"{"txet": "hello"}"#).unwrap_err();
/// assert_eq!(error.to_string(), "/txet: unknown attribute, did you mean `text`?");
/// ```
pub fn parse<A: DeserializeOwned>(json: &str) -> Result<A, Error> {
    // Tracking the path costs on every attribute, so it is done only where there is something to say.
    serde_json::from_str(json).or_else(|_| parse_with_path(json))
}

fn parse_with_path<A: DeserializeOwned>(json: &str) -> Result<A, Error> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let attributes = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        Error::invalid(pointer, explain(&error.into_inner()))
    })?;
    deserializer.end().map_err(|error| Error::invalid("", explain(&error)))?;
    Ok(attributes)
}

/// Appends one step to a JSON pointer.
///
/// ```
/// use hostwright_sdk::attributes::push_step;
/// let mut pointer = String::from("/hosts");
/// push_step(&mut pointer, "a/b~c");
/// assert_eq!(pointer, "/hosts/a~1b~0c");
/// ```
pub fn push_step(pointer: &mut String, step: &str) {
    pointer.push('/');
    for character in step.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => push_step(&mut pointer, &index.to_string()),
            Segment::Map { key } => push_step(&mut pointer, key),
            // A variant's name is no step of its own in what a person wrote, or the path is not known from here on.
            Segment::Enum { .. } | Segment::Unknown => break,
        }
    }
    pointer
}

/// Says what is wrong in our words, without the value.
fn explain(error: &serde_json::Error) -> String {
    let message = error.to_string();
    // serde_json appends where it was in the text; a person sees attributes, not our text.
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    if error.is_syntax() || error.is_eof() {
        return format!("not JSON: {message}");
    }
    if let Some(rest) = message.strip_prefix("unknown field `") {
        return unknown("attribute", rest);
    }
    if let Some(rest) = message.strip_prefix("unknown variant `") {
        return unknown("value", rest);
    }
    if let Some(rest) = message.strip_prefix("missing field `") {
        return format!("the attribute `{}` is missing", rest.trim_end_matches('`'));
    }
    for prefix in ["invalid type: ", "invalid value: ", "invalid length "] {
        if let Some(rest) = message.strip_prefix(prefix) {
            // The value may contain the word, the expectation does not.
            let expected = rest.rsplit_once(", expected ").map_or("something else", |(_, expected)| expected);
            return match kind_of(rest) {
                Some(kind) => format!("expected {expected}, found {kind}"),
                None => format!("expected {expected}"),
            };
        }
    }
    message.to_owned()
}

/// The kinds of values as serde names them, with the value itself after most of them.
fn kind_of(found: &str) -> Option<&'static str> {
    const KINDS: [(&str, &str); 8] = [
        ("string", "a string"),
        ("integer", "a number"),
        ("floating point", "a number"),
        ("boolean", "true or false"),
        ("map", "an object"),
        ("sequence", "a list"),
        ("null", "null"),
        ("unit", "null"),
    ];
    KINDS.into_iter().find(|(word, _)| found.starts_with(word)).map(|(_, kind)| kind)
}

fn unknown(what: &str, rest: &str) -> String {
    let mut quoted = rest.split('`');
    let given = quoted.next().unwrap_or_default();
    let known: Vec<&str> = quoted.skip(1).step_by(2).collect();
    if let Some(nearest) = nearest(given, &known) {
        return format!("unknown {what}, did you mean `{nearest}`?");
    }
    if known.is_empty() {
        return format!("unknown {what}, none is known here");
    }
    format!("unknown {what}, known are `{}`", known.join("`, `"))
}

fn nearest<'a>(given: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|name| (strsim::osa_distance(given, name), *name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::parse;
    use crate::Error;
    use crate::types::Mode;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Attributes {
        owner: Option<String>,
        mode: Option<Mode>,
        groups: Option<Vec<String>>,
        shell: Option<Shell>,
        uid: Option<u16>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Shell {
        path: String,
        login: bool,
    }

    fn check(json: &str, expected: &str) {
        let error = parse::<Attributes>(json).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }));
        assert_eq!(error.to_string(), expected, "{json}");
    }

    #[test]
    fn an_error_points_at_the_attribute_and_says_how_to_mend_it() {
        check(r#"{"ower": "root"}"#, "/ower: unknown attribute, did you mean `owner`?");
        check(
            r#"{"colour": 1}"#,
            "/colour: unknown attribute, known are `owner`, `mode`, `groups`, `shell`, `uid`",
        );
        check(
            r#"{"mode": 644}"#,
            "/mode: expected three or four octal digits in a string, such as \"0644\", found a number",
        );
        check(
            r#"{"mode": "9"}"#,
            "/mode: a mode is three or four octal digits in a string, such as \"0644\"",
        );
        check(r#"{"groups": ["a", {}]}"#, "/groups/1: expected a string, found an object");
        check(r#"{"shell": {"path": "/bin/sh"}}"#, "/shell: the attribute `login` is missing");
        check(
            r#"{"shell": {"path": "/bin/sh", "login": null}}"#,
            "/shell/login: expected a boolean, found null",
        );
        check(r#"{"uid": 70000}"#, "/uid: expected u16, found a number");
        check(r"[]", "expected struct Attributes with 5 elements");
        check(r#"{"owner": }"#, "/owner: not JSON: expected value");
        check(r"{} {}", "not JSON: trailing characters");
    }

    #[test]
    fn an_error_never_shows_the_value() {
        for json in [
            r#"{"uid": "correct horse, expected battery"}"#,
            r#"{"groups": "correct horse"}"#,
            r#"{"mode": "correct horse"}"#,
            r#"{"shell": {"path": "x", "login": "correct horse"}}"#,
        ] {
            let error = parse::<Attributes>(json).unwrap_err().to_string();
            assert!(!error.contains("horse") && !error.contains("battery"), "{error}");
        }
    }
}
