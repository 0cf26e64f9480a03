//! Version 0.1: generated bindings, host functions, conversions.

mod bindings;
mod convert;
mod driver;
mod host;
mod link;
mod provider;

pub(super) use driver::driver;
pub(super) use provider::provider;
