//! What a plugin's calls took.

use std::collections::BTreeMap;
use std::time::Duration;

/// By function of the contract, e.g. `read`.
pub type Usage = BTreeMap<&'static str, FunctionUsage>;

/// What all calls of one function took so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FunctionUsage {
    /// How often it was called.
    pub calls: u64,
    /// How often it gave no result.
    pub failures: u64,
    /// Time from call to answer, host functions included.
    pub wall: Duration,
    /// Of that, the plugin's own.
    pub own: Duration,
    /// How often it called host functions.
    pub host_calls: u64,
    /// The most linear memory that one call had, in bytes.
    pub peak_memory_bytes: u64,
}
