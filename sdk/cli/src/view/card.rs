//! One thing with all its fields.

use serde_json::Value as Json;

use crate::output::BOLD;

/// Shows an object's fields, one below the other.
pub(crate) fn card(value: &Json) -> String {
    let Json::Object(fields) = value else { return format!("{value}\n") };
    let width = fields.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in fields {
        let lines = lines(value);
        let padding = " ".repeat(width - name.chars().count());
        let mut lines = lines.iter();
        let first = lines.next().map_or("-", String::as_str);
        text.push_str(format!("{BOLD}{name}{BOLD:#}{padding}  {first}").trim_end());
        text.push('\n');
        for line in lines {
            text.push_str(&format!("{}  {line}\n", " ".repeat(width)));
        }
    }
    text
}

fn lines(value: &Json) -> Vec<String> {
    match value {
        Json::Null => vec!["-".into()],
        Json::String(text) if text.is_empty() => vec!["-".into()],
        Json::String(text) => text.lines().map(printable).collect(),
        Json::Array(items) if items.is_empty() => vec!["-".into()],
        Json::Array(items) if items.iter().all(|item| !item.is_object()) => {
            vec![items.iter().map(brief).collect::<Vec<_>>().join(", ")]
        }
        Json::Array(items) => items.iter().map(brief).collect(),
        other => vec![brief(other)],
    }
}

/// Shows a value on one line; a setting or property as `key = value`.
fn brief(value: &Json) -> String {
    match value {
        Json::String(text) => printable(text),
        Json::Object(fields) => {
            if let (Some(Json::String(key)), Some(value)) = (fields.get("key"), fields.get("value")) {
                return format!("{} = {}", printable(key), value_text(value));
            }
            let parts: Vec<String> = fields
                .iter()
                .filter(|(_, value)| !is_nothing(value))
                .map(|(name, value)| match value {
                    Json::Array(_) | Json::Object(_) => format!("{name} {value}"),
                    other => format!("{name} {}", brief(other)),
                })
                .collect();
            parts.join("  ")
        }
        other => other.to_string(),
    }
}

fn value_text(value: &Json) -> String {
    match value {
        Json::String(text) => printable(text),
        other => other.to_string(),
    }
}

fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{b7}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_keep_their_order_and_lists_are_spread() {
        let value = json!({
            "name": "Web Server", "description": "", "version": 2, "hosts": ["a", "b"],
            "settings": [{"key": "http_port", "value": 80, "version": 1}],
            "files": [{"name": "site.conf", "path": "/etc/site.conf", "template": {"delimiter": {"start": "${"}}}],
        });
        assert_snapshot!(anstream::adapter::strip_str(&card(&value)).to_string(), @r#"
        name         Web Server
        description  -
        version      2
        hosts        a, b
        settings     http_port = 80
        files        name site.conf  path /etc/site.conf  template {"delimiter":{"start":"${"}}
        "#);
    }
}
