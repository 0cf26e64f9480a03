//! What the host offers, each usable only as granted.
//!
//! Every function here crosses into the host and panics off WebAssembly. Keep them at the edge: logic that takes what
//! they returned can be tested natively.

pub mod accounts;
pub mod exec;
pub mod facts;
pub mod files;
pub mod log;
pub mod scripts;
pub mod secrets;

mod convert;

pub(crate) use convert::{error_from_host, error_to_host};
