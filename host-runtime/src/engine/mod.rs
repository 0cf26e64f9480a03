//! How machine code is made and run: one configuration, one clock, one place that loads it.

mod configuration;
pub(crate) mod native;
mod ticker;

pub(crate) use configuration::{Configured, FINGERPRINT, engine};
pub(crate) use ticker::{Running, Ticker};
