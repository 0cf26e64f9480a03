//! Attributes from JSON text, with errors that say where and how to mend.

use serde::de::DeserializeOwned;

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
    serde_json::from_str(json).map_err(|error| refusal(json, &error))
}

/// Not generic: a component carries this once, and not once for each type of attributes.
fn refusal(json: &str, error: &serde_json::Error) -> Error {
    Error::invalid(pointer_at(json, offset(json, error)), explain(error))
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

/// How far the text was read when the error was met.
fn offset(json: &str, error: &serde_json::Error) -> usize {
    let line = json.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    (line + error.column()).min(json.len())
}

/// One container on the way to a value.
enum Step {
    /// With the name of the member that is being read, or was last.
    Object(Option<String>),
    /// With the position of the element that is being read, or was last.
    Array(usize),
}

/// Returns the JSON pointer to the value that is being read, or was just read, where reading has come this far.
fn pointer_at(json: &str, end: usize) -> String {
    let mut steps: Vec<Step> = Vec::new();
    let mut at = 0;
    while at < end {
        match (json.as_bytes()[at], steps.last_mut()) {
            (b'{', _) => steps.push(Step::Object(None)),
            (b'[', _) => steps.push(Step::Array(0)),
            // A closing bracket that nothing is closed by is where reading stopped.
            (b'}', Some(Step::Object(_))) | (b']', Some(Step::Array(_))) if is_closed(json, at) => {
                drop(steps.pop());
            }
            (b'}' | b']', _) => break,
            (b',', Some(Step::Object(name))) => *name = None,
            (b',', Some(Step::Array(position))) => *position += 1,
            (b'"', step) => {
                let length = string_length(&json[at..]);
                if let Some(Step::Object(name @ None)) = step {
                    *name = serde_json::from_str(&json[at..at + length]).ok();
                }
                at += length;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    let mut pointer = String::new();
    for step in steps {
        match step {
            Step::Object(Some(name)) => push_step(&mut pointer, &name),
            Step::Object(None) => {}
            Step::Array(position) => push_step(&mut pointer, &position.to_string()),
        }
    }
    pointer
}

/// Returns whether a bracket ends something complete, and not a member or an element that is missing.
fn is_closed(json: &str, bracket: usize) -> bool {
    !json[..bracket].trim_end().ends_with([':', ','])
}

/// Length of the string that a text begins with, quotes included; all of it where the string has no end.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
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
        check(
            "{\"owner\": \"a\\\"b, {[\",\n \"groups\": [\n\"x\", 7]}",
            "/groups/1: expected a string, found a number",
        );
        check(r#"{"owner": "a", "owner": "b"}"#, "/owner: duplicate field `owner`");
        check(
            r#"{"shell": {"path": "/bin/sh", "login": true}, "a/b~c": 1}"#,
            "/a~1b~0c: unknown attribute, known are `owner`, `mode`, `groups`, `shell`, `uid`",
        );
        check(r#"{"groups": ["a", ]}"#, "/groups/1: not JSON: trailing comma");
        check(r#"{"owner": "a"#, "/owner: not JSON: EOF while parsing a string");
        check(r#"{"groups": []"#, "/groups: not JSON: EOF while parsing an object");
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
