//! Runs one call of one plugin: a fresh instance, limits on everything that it could use up, and an error that says whose
//! fault it was.

mod context;
mod limiter;
mod meter;
mod permits;
mod run;
mod state;
mod stdio;
mod supervise;

pub(crate) use context::{Context, Identity};
#[cfg(test)]
pub(crate) use meter::Meter;
pub(crate) use permits::Permits;
pub(crate) use run::Plugin;
pub(crate) use state::CallState;
