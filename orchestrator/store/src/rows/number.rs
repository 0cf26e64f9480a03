//! Numbers and documents, in and out.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;

/// Databases know signed numbers only.
pub(crate) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Reads a number that cannot be negative.
pub(crate) fn loaded<N: TryFrom<i64>>(what: &'static str, number: i64) -> Result<N, Error>
where
    N::Error: std::error::Error + Send + Sync + 'static,
{
    N::try_from(number).map_err(|error| Error::Corrupt { what, source: Box::new(error) })
}

/// Writes a document; keys stay in their order.
pub(crate) fn write_json(what: &'static str, document: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(document).map_err(|error| Error::Corrupt { what, source: Box::new(error) })
}

/// Reads a document; keys stay in their order.
pub(crate) fn read_json<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Corrupt { what, source: Box::new(error) })
}
