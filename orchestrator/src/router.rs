//! Everything that is served over HTTP besides the bus.

pub use crate::api::router;
