//! Files and parameters, as documents of what they belong to.

use hostwright_model::parameter::Parameter;
use hostwright_model::template::{Delimiters, Pair, TemplateFile};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::Error;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredFile {
    name: String,
    variable: StoredPair,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    block: Option<StoredPair>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comment: Option<StoredPair>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredPair {
    start: String,
    end: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredParameter {
    key: String,
    name: String,
    description: String,
    /// A default is there or not; `null` is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    default: Vec<Json>,
    schema: Json,
    version: u64,
}

impl From<&Pair> for StoredPair {
    fn from(pair: &Pair) -> Self {
        let Pair { start, end } = pair.clone();
        Self { start, end }
    }
}

impl From<StoredPair> for Pair {
    fn from(pair: StoredPair) -> Self {
        Self { start: pair.start, end: pair.end }
    }
}

impl From<&TemplateFile> for StoredFile {
    fn from(file: &TemplateFile) -> Self {
        let TemplateFile { name, delimiters: Delimiters { variable, block, comment }, content } = file;
        Self {
            name: name.to_string(),
            variable: variable.into(),
            block: block.as_ref().map(Into::into),
            comment: comment.as_ref().map(Into::into),
            content: content.map(|digest| digest.to_string()),
        }
    }
}

impl TryFrom<StoredFile> for TemplateFile {
    type Error = Error;

    fn try_from(stored: StoredFile) -> Result<Self, Error> {
        let StoredFile { name, variable, block, comment, content } = stored;
        Ok(Self {
            name: name.parse().map_err(Error::corrupt("file"))?,
            delimiters: Delimiters {
                variable: variable.into(),
                block: block.map(Into::into),
                comment: comment.map(Into::into),
            },
            content: content.map(|digest| digest.parse()).transpose().map_err(Error::corrupt("file"))?,
        })
    }
}

impl From<&Parameter> for StoredParameter {
    fn from(parameter: &Parameter) -> Self {
        let Parameter { key, name, description, default, schema, version } = parameter.clone();
        let key = key.to_string();
        Self { key, name, description, default: default.into_iter().collect(), schema, version }
    }
}

impl TryFrom<StoredParameter> for Parameter {
    type Error = Error;

    fn try_from(stored: StoredParameter) -> Result<Self, Error> {
        let StoredParameter { key, name, description, default, schema, version } = stored;
        Ok(Self {
            key: key.parse().map_err(Error::corrupt("parameter"))?,
            name,
            description,
            default: default.into_iter().next(),
            schema,
            version,
        })
    }
}

/// Reads several.
pub(crate) fn read_all<S, T: TryFrom<S, Error = Error>>(stored: Vec<S>) -> Result<Vec<T>, Error> {
    stored.into_iter().map(T::try_from).collect()
}
