//! What tests need: databases of their own, and the suite that both kinds of database pass.

mod conformance;
pub mod postgres;
mod samples;

pub use self::conformance::{CASES, Case};
pub use self::samples::Samples;
