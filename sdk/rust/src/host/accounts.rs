//! Names and numbers of the machine's users and groups.
//!
//! ```no_run
//! use hostwright_sdk::host::accounts;
//!
//! let [www, nobody] = &accounts::user_ids(&["www-data".to_owned(), "nobody".to_owned()])[..] else { return };
//! assert!(www.is_some(), "the package that makes the user was installed before");
//! # let _ = nobody;
//! ```

use crate::bindings::provider::hostwright::host::accounts as wit;

/// Returns the numbers of users, nothing for one that does not exist.
pub fn user_ids(names: &[String]) -> Vec<Option<u32>> {
    if names.is_empty() { Vec::new() } else { wit::user_ids(names) }
}

/// Returns the numbers of groups, nothing for one that does not exist.
pub fn group_ids(names: &[String]) -> Vec<Option<u32>> {
    if names.is_empty() { Vec::new() } else { wit::group_ids(names) }
}

/// Returns the names of users, nothing for a number without a name.
pub fn user_names(ids: &[u32]) -> Vec<Option<String>> {
    if ids.is_empty() { Vec::new() } else { wit::user_names(ids) }
}

/// Returns the names of groups, nothing for a number without a name.
pub fn group_names(ids: &[u32]) -> Vec<Option<String>> {
    if ids.is_empty() { Vec::new() } else { wit::group_names(ids) }
}
