//! From bytes to a plugin that has proven itself.
//!
//! The order is the point: everything that can be told by reading is told before a compiler sees the bytes, and the plugin
//! runs for the first time with everything that changes withheld.

mod error;
mod inspect;
mod permission;
mod prove;

pub use error::LoadError;
pub(crate) use prove::{Proven, Wanted, prove};

/// The largest component that is looked at, in bytes.
pub const COMPONENT_MAXIMUM: usize = 128 << 20;
