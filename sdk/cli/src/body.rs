//! Where the JSON of `add` and `update` comes from.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value as Json};

use crate::editor;
use crate::failure::Failure;
use crate::surroundings::Surroundings;

/// Where the JSON comes from.
#[derive(Clone, Debug, Default, Args)]
#[group(multiple = false)]
pub(crate) struct BodySource {
    /// Read the JSON from a file
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Take the JSON from the command line
    #[arg(short = 'j', long = "body", value_name = "JSON")]
    text: Option<String>,
    /// Read the JSON from standard input
    #[arg(long)]
    stdin: bool,
    /// Write the JSON in $EDITOR
    #[arg(short = 'e', long)]
    edit: bool,
}

impl BodySource {
    /// Returns the JSON of something new: what was given, else the template as it is. Nothing if an editor was left without a
    /// change.
    pub(crate) fn for_new(self, around: &mut Surroundings, template: &Json) -> Result<Option<Json>, Failure> {
        if self.edit {
            return edited(around, template);
        }
        let Some(mut body) = self.given(around)? else { return Ok(Some(template.clone())) };
        // The command line names it; a text that has no name means that one.
        if let (Json::Object(body), Json::Object(template)) = (&mut body, template) {
            complete(body, template);
        }
        Ok(Some(body))
    }

    /// Returns the JSON that takes the place of something; without any source, a person edits what there is.
    pub(crate) fn for_update(
        self,
        around: &mut Surroundings,
        current: &Json,
    ) -> Result<Option<Json>, Failure> {
        match self.given(around)? {
            Some(given) => Ok(Some(given)),
            None => edited(around, current),
        }
    }

    fn given(&self, around: &mut Surroundings) -> Result<Option<Json>, Failure> {
        let (text, from) = if let Some(file) = &self.file {
            let text = std::fs::read_to_string(file)
                .map_err(|error| Failure::file(file, "failed to read", &error))?;
            (text, file.display().to_string())
        } else if let Some(text) = &self.text {
            (text.clone(), "the command line".to_owned())
        } else if self.stdin {
            let mut text = String::new();
            around
                .input
                .read_to_string(&mut text)
                .map_err(|error| Failure::usage(format!("failed to read standard input: {error}")))?;
            (text, "standard input".to_owned())
        } else {
            return Ok(None);
        };
        parse(&text, &from).map(Some)
    }
}

/// Names that the template has and the body does not, and that are not empty.
fn complete(body: &mut Map<String, Json>, template: &Map<String, Json>) {
    for (name, value) in template {
        let says_something = value.as_str().is_some_and(|text| !text.is_empty());
        if says_something && !body.contains_key(name) {
            body.insert(name.clone(), value.clone());
        }
    }
}

fn edited(around: &Surroundings, value: &Json) -> Result<Option<Json>, Failure> {
    let text = serde_json::to_string_pretty(value).unwrap_or_default() + "\n";
    match editor::edit(around, &text)? {
        Some(text) => parse(&text, "the editor").map(Some),
        None => Ok(None),
    }
}

fn parse(text: &str, from: &str) -> Result<Json, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::usage(format!("{from} is not JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn around(input: &'static str) -> Surroundings {
        Surroundings {
            variables: std::collections::BTreeMap::new(),
            input: Box::new(input.as_bytes()),
            is_interactive: false,
        }
    }

    #[test]
    fn the_command_line_completes_what_was_given() {
        let source = BodySource { stdin: true, ..BodySource::default() };
        let template = json!({"name": "prod", "description": ""});
        let body = source.for_new(&mut around(r#"{"description":"x"}"#), &template).unwrap();
        assert_eq!(body, Some(json!({"description": "x", "name": "prod"})));
    }

    #[test]
    fn nobody_is_asked_where_nobody_is() {
        let failure = BodySource::default().for_update(&mut around(""), &json!({})).unwrap_err();
        assert_eq!(failure.lines().0, ["nobody is here to edit anything"]);
        let source = BodySource { text: Some("{".into()), ..BodySource::default() };
        let failure = source.for_new(&mut around(""), &json!({})).unwrap_err();
        assert!(failure.lines().0[0].starts_with("the command line is not JSON: "), "{failure:?}");
    }
}
