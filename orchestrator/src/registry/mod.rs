//! What is known of plugins: a component is examined before it is registered.
//!
//! [`examine`] reads the manifest in it and checks the signature; [`trust`] says whose signatures count; [`shipped`] brings
//! in what came with this installation. The components themselves lie in the store, by digest.

mod examine;
mod shipped;
mod trust;

pub use examine::{ExamineError, Examined, examine};
pub(crate) use shipped::import_shipped;
pub use trust::TrustedKeys;
