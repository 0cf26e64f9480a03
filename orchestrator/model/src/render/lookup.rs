//! Values that remember what was not found in them, so that an error can name it without the engine's debug mode.

use std::sync::{Arc, Mutex, PoisonError};

use minijinja::Value;
use minijinja::value::{Enumerator, Object};
use serde_json::{Map, Value as Json};

/// A JSON object as templates see it.
#[derive(Debug)]
pub(super) struct Node {
    path: String,
    members: Map<String, Json>,
    missed: Missed,
}

/// What was looked up last without success.
#[derive(Clone, Debug, Default)]
pub(super) struct Missed(Arc<Mutex<Miss>>);

/// What was looked up last without success.
#[derive(Clone, Debug, Default)]
pub(super) struct Miss {
    /// Not there, and what has nearly that name.
    pub(super) undefined: Option<(String, Option<String>)>,
    /// There, but `null`.
    pub(super) null: Option<String>,
}

impl Missed {
    pub(super) fn last(&self) -> Miss {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, change: impl FnOnce(&mut Miss)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Node {
    pub(super) fn root(members: Map<String, Json>, missed: Missed) -> Self {
        Self { path: String::new(), members, missed }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn nearest(&self, key: &str) -> Option<String> {
        let near =
            |known: &&String| strsim::damerau_levenshtein(known, key) <= 2.min(key.chars().count() / 2);
        self.members.keys().filter(near).min_by_key(|known| strsim::damerau_levenshtein(known, key)).cloned()
    }
}

impl Object for Node {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        let path = self.path_of(key);
        let Some(value) = self.members.get(key) else {
            let nearest = self.nearest(key).map(|nearest| self.path_of(&nearest));
            self.missed.note(|miss| miss.undefined = Some((path, nearest)));
            return None;
        };
        if value.is_null() {
            self.missed.note(|miss| miss.null = Some(path.clone()));
        }
        Some(value_of(value, path, &self.missed))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.members.keys().map(Value::from).collect())
    }
}

fn value_of(json: &Json, path: String, missed: &Missed) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(boolean) => Value::from(*boolean),
        Json::Number(number) => number
            .as_i64()
            .map(Value::from)
            .or_else(|| number.as_u64().map(Value::from))
            .or_else(|| number.as_f64().map(Value::from))
            .unwrap_or_default(),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => {
            let items = items.iter().enumerate();
            items.map(|(index, item)| value_of(item, format!("{path}[{index}]"), missed)).collect()
        }
        Json::Object(members) => {
            Value::from_object(Node { path, members: members.clone(), missed: missed.clone() })
        }
    }
}

/// Translates a value of the engine to JSON, for the filter that prints it.
pub(super) fn json_of(value: &Value) -> Result<Json, minijinja::Error> {
    use minijinja::value::ValueKind;
    use minijinja::{Error, ErrorKind};

    Ok(match value.kind() {
        ValueKind::Undefined => return Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::None => Json::Null,
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::Number => match value.as_i64() {
            Some(integer) if value.is_integer() => Json::from(integer),
            _ => serde_json::from_str(&value.to_string())
                .map_err(|_| Error::new(ErrorKind::InvalidOperation, "a number cannot be written as JSON"))?,
        },
        ValueKind::String => Json::from(value.to_string()),
        ValueKind::Seq | ValueKind::Iterable => {
            let items: Result<Vec<Json>, Error> = value.try_iter()?.map(|item| json_of(&item)).collect();
            Json::from(items?)
        }
        ValueKind::Map => {
            let mut members = Map::new();
            for key in value.try_iter()? {
                members.insert(key.to_string(), json_of(&value.get_item(&key)?)?);
            }
            Json::Object(members)
        }
        _ => return Err(Error::new(ErrorKind::InvalidOperation, "this cannot be written as JSON")),
    })
}
