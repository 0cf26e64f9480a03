//! The host functions, whatever the version of the contract.
//!
//! Each file is one interface: what is allowed, then what is asked of the machine, then its tests. The order within a
//! function is always the same: the grant, then whether anything may change, then [`crate::machine::Machine::call`].
//!
//! To add a capability: a file here, a field in `hostwright_manifest::grants` and `capabilities`, a row in
//! `loader::permission`, the interface in a new version of the contract, a guest in `tests/guests` that goes without the
//! grant.

pub(crate) mod accounts;
pub(crate) mod exec;
pub(crate) mod facts;
pub(crate) mod files;
pub(crate) mod log;
pub(crate) mod scripts;
pub(crate) mod secrets;

mod answers;
#[cfg(test)]
mod testing;
