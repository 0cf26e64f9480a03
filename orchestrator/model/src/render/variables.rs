//! What templates can look up.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use crate::names::SettingKey;
use crate::resolution::Effective;

/// What templates can look up: settings by their keys, and private variables, which begin with `_` and which no setting
/// can hide, because no key begins so.
///
/// Keys that are no identifiers are found in `_settings`, e.g. `${_settings["ec2.zone"]}`.
#[derive(Clone, Debug)]
pub struct Variables {
    pub(super) root: Map<String, Json>,
}

/// Private variables, by name.
#[derive(Clone, Debug, Default)]
pub struct Private {
    /// Each begins with `_`.
    pub variables: Vec<(&'static str, Json)>,
}

impl Variables {
    /// Joins effective settings and private variables.
    pub fn new(settings: &IndexMap<SettingKey, Effective>, private: Private) -> Self {
        let mut root: Map<String, Json> = settings
            .iter()
            .map(|(key, effective)| (key.as_str().to_owned(), effective.value.clone()))
            .collect();
        let all = json!(root);
        root.insert("_settings".to_owned(), all);
        for (name, value) in private.variables {
            root.insert(name.to_owned(), value);
        }
        Self { root }
    }
}
