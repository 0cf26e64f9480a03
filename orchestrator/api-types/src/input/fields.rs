//! The members of one JSON object, taken one by one.

use serde_json::{Map, Value as Json};

use super::{Pointer, Problems, Request};

/// The members of one JSON object that was sent. Each method takes one; [`Fields::finish`] refuses what nobody took.
#[derive(Debug)]
pub struct Fields<'a> {
    pointer: Pointer,
    object: Map<String, Json>,
    known: Vec<&'static str>,
    problems: &'a mut Problems,
}

impl<'a> Fields<'a> {
    pub(super) fn new(pointer: Pointer, object: Map<String, Json>, problems: &'a mut Problems) -> Self {
        Self { pointer, object, known: Vec::new(), problems }
    }

    /// Takes a text that must be there.
    pub fn text(&mut self, name: &'static str) -> String {
        let is_given = self.object.get(name).is_some_and(|value| !value.is_null());
        if !is_given {
            self.problem(name, format!("`{name}` is missing"));
        }
        self.optional_text(name).unwrap_or_default()
    }

    /// Takes a text; null counts as not given.
    pub fn optional_text(&mut self, name: &'static str) -> Option<String> {
        match self.take(name)? {
            // Not every database keeps it.
            Json::String(text) if text.contains('\0') => {
                self.problem(name, format!("`{name}` contains the character U+0000: leave it out"));
                None
            }
            Json::String(text) => Some(text),
            other => self.wrong_type(name, "a string", &other),
        }
    }

    /// Takes a number that is meant to be written as a text, such as a file's mode or a package's version: `644` is as good
    /// as `"644"`.
    pub fn optional_text_or_number(&mut self, name: &'static str) -> Option<String> {
        match self.take(name)? {
            Json::String(text) => Some(text),
            Json::Number(number) => Some(number.to_string()),
            other => self.wrong_type(name, "a string", &other),
        }
    }

    /// Takes a truth value.
    pub fn flag(&mut self, name: &'static str) -> Option<bool> {
        match self.take(name)? {
            Json::Bool(flag) => Some(flag),
            other => self.wrong_type(name, "true or false", &other),
        }
    }

    /// Takes a whole number that is not negative.
    pub fn count(&mut self, name: &'static str) -> Option<u64> {
        let value = self.take(name)?;
        match value.as_u64() {
            Some(count) => Some(count),
            None => self.wrong_type(name, "a whole number of at least 0", &value),
        }
    }

    /// Takes any value as it was written; null is a value.
    pub fn any(&mut self, name: &'static str) -> Option<Json> {
        self.known.push(name);
        self.object.shift_remove(name)
    }

    /// Takes a JSON object as it was written.
    pub fn document(&mut self, name: &'static str) -> Option<Json> {
        match self.take(name)? {
            object @ Json::Object(_) => Some(object),
            other => self.wrong_type(name, "an object", &other),
        }
    }

    /// Takes a list of texts.
    pub fn texts(&mut self, name: &'static str) -> Option<Vec<String>> {
        let values = self.array(name)?;
        let mut texts = Vec::with_capacity(values.len());
        for (index, value) in values.into_iter().enumerate() {
            if let Json::String(text) = value {
                texts.push(text);
            } else {
                let pointer = self.pointer.child(name).child(index);
                self.problems.add(pointer, format!("must be a string, it is {}", kind(&value)));
            }
        }
        Some(texts)
    }

    /// Takes a list of objects.
    pub fn list<T: Request>(&mut self, name: &'static str) -> Option<Vec<T>> {
        let values = self.array(name)?;
        let pointer = self.pointer.child(name);
        Some(
            values
                .into_iter()
                .enumerate()
                .filter_map(|(index, value)| self.nested(pointer.child(index), value))
                .collect(),
        )
    }

    /// Takes an object.
    pub fn object<T: Request>(&mut self, name: &'static str) -> Option<T> {
        let value = self.take(name)?;
        self.nested(self.pointer.child(name), value)
    }

    /// Accepts and ignores what only the server sets.
    pub fn read_only(&mut self, names: &'static [&'static str]) {
        for name in names {
            self.known.push(name);
            self.object.shift_remove(*name);
        }
    }

    /// Accepts fields that this version does not have as long as they say nothing.
    pub fn not_built(&mut self, names: &'static [&'static str]) {
        for name in names {
            self.known.push(name);
            if let Some(value) = self.object.shift_remove(*name)
                && !says_nothing(&value)
            {
                self.problem(name, format!("`{name}` is not supported yet: leave it out or empty"));
            }
        }
    }

    /// Records a problem of a field that was taken.
    pub fn problem(&mut self, name: &str, detail: impl Into<String>) {
        let pointer = self.pointer.child(name);
        self.problems.add(pointer, detail);
    }

    pub(super) fn finish(mut self) {
        let unknown: Vec<String> = self.object.keys().cloned().collect();
        for name in unknown {
            let detail = match nearest(&name, &self.known) {
                Some(near) => format!("unknown field `{name}`, the nearest known field is `{near}`"),
                None => format!("unknown field `{name}`, nothing is known here"),
            };
            self.problem(&name, detail);
        }
    }

    fn take(&mut self, name: &'static str) -> Option<Json> {
        self.any(name).filter(|value| !value.is_null())
    }

    fn array(&mut self, name: &'static str) -> Option<Vec<Json>> {
        match self.take(name)? {
            Json::Array(values) => Some(values),
            other => self.wrong_type(name, "a list", &other),
        }
    }

    fn nested<T: Request>(&mut self, pointer: Pointer, value: Json) -> Option<T> {
        match value {
            Json::Object(object) => {
                let mut fields = Fields::new(pointer, object, self.problems);
                let request = T::read(&mut fields);
                fields.finish();
                Some(request)
            }
            other => {
                self.problems.add(pointer, format!("must be an object, it is {}", kind(&other)));
                None
            }
        }
    }

    fn wrong_type<T>(&mut self, name: &str, wanted: &str, value: &Json) -> Option<T> {
        self.problem(name, format!("`{name}` must be {wanted}, it is {}", kind(value)));
        None
    }
}

/// Names the type of a value for people.
pub(super) fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

/// Returns whether a value is one of those that clients send for "nothing".
fn says_nothing(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => true,
        Json::Bool(true) => false,
        Json::Number(number) => number.as_f64() == Some(0.0),
        // A price that was never set comes as "0.00".
        Json::String(text) => text.is_empty() || text == "0.00",
        Json::Array(values) => values.is_empty(),
        Json::Object(members) => members.is_empty(),
    }
}

fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let distance =
        |candidate: &str| strsim::normalized_damerau_levenshtein(&lower, &candidate.to_lowercase());
    known.iter().copied().max_by(|left, right| distance(left).total_cmp(&distance(right)))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use super::*;
    use crate::input::read;

    #[derive(Debug)]
    struct Page;

    impl Request for Page {
        fn read(fields: &mut Fields<'_>) -> Self {
            fields.text("name");
            fields.optional_text_or_number("mode");
            fields.flag("enabled");
            fields.count("position");
            fields.texts("on");
            fields.list::<Page>("pages");
            fields.read_only(&["uuid", "version"]);
            fields.not_built(&["groups", "price", "publishedAs"]);
            Page
        }
    }

    fn problems(value: Json) -> String {
        match read::<Page>(value) {
            Ok(_) => "accepted".into(),
            Err(problems) => {
                let problems = problems.0.iter();
                let lines: Vec<String> =
                    problems.map(|problem| format!("{} {}", problem.pointer, problem.detail)).collect();
                lines.join("\n").trim().to_owned()
            }
        }
    }

    #[test]
    fn read_only_and_empty_fields_are_ignored() {
        let value = json!({
            "name": "a", "mode": 644, "uuid": 7, "version": "x", "groups": [], "price": "0.00", "publishedAs": null,
            "enabled": null,
        });
        assert_eq!(problems(value), "accepted");
    }

    #[test]
    fn every_problem_is_named_with_its_place() {
        let value = json!({
            "nmae": "a", "enabled": "yes", "position": -1, "on": ["a", 1], "groups": [{}],
            "pages": [{"name": "x", "a/b": 1}, 5],
        });
        assert_snapshot!(problems(value), @r"
        /name `name` is missing
        /enabled `enabled` must be true or false, it is a string
        /position `position` must be a whole number of at least 0, it is a number
        /on/1 must be a string, it is a number
        /pages/0/a~1b unknown field `a/b`, the nearest known field is `name`
        /pages/1 must be an object, it is a number
        /groups `groups` is not supported yet: leave it out or empty
        /nmae unknown field `nmae`, the nearest known field is `name`
        ");
    }

    #[test]
    fn a_text_that_no_database_keeps_is_refused() {
        assert_snapshot!(problems(json!({"name": "a\0b"})), @"/name `name` contains the character U+0000: leave it out");
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        assert_snapshot!(problems(json!([1])), @"the body must be a JSON object, it is a list");
    }
}
