//! Names in bodies and paths, as types.

use std::fmt::Display;
use std::str::FromStr;

use super::ApiError;
use crate::access::Names;
use crate::operations::{HostPath, OperationError};

/// Reads the name of something new, which has to be given.
pub(super) fn new_name<T: FromStr<Err: Display>>(name: Option<String>) -> Result<T, ApiError> {
    required(name, "/name")
}

/// Reads the name that something is to have instead of its own; nothing if it is its own.
pub(super) fn other_name<T: FromStr<Err: Display> + PartialEq>(
    name: Option<String>,
    own: &T,
) -> Result<Option<T>, ApiError> {
    let name: Option<T> = reference(name, "/name")?;
    Ok(name.filter(|name| name != own))
}

/// Reads a name that has to be given.
pub(super) fn required<T: FromStr<Err: Display>>(name: Option<String>, pointer: &str) -> Result<T, ApiError> {
    let missing = || ApiError::invalid(pointer, format!("`{}` is missing", pointer.trim_start_matches('/')));
    reference(name, pointer)?.ok_or_else(missing)
}

/// Reads a name that may be given.
pub(super) fn reference<T: FromStr<Err: Display>>(
    name: Option<String>,
    pointer: &str,
) -> Result<Option<T>, ApiError> {
    name.map(|text| text.parse().map_err(|error| OperationError::invalid(pointer, error).into())).transpose()
}

/// Reads a list of names.
pub(super) fn references<T: FromStr<Err: Display>>(
    names: Vec<String>,
    pointer: &str,
) -> Result<Vec<T>, ApiError> {
    let read = |(index, text): (usize, String)| {
        text.parse().map_err(|error| OperationError::invalid(format!("{pointer}/{index}"), error).into())
    };
    names.into_iter().enumerate().map(read).collect()
}

/// Reads where a host is, from the path.
pub(super) fn host_path(names: &Names) -> Result<HostPath, OperationError> {
    Ok(HostPath { environment: names.get("environment")?, host: names.get("host")? })
}
