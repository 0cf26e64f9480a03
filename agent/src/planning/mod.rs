//! Dry runs: what would a change do? Nothing is changed by asking, because providers are only asked what cannot change
//! anything.

mod dry_run;
mod planner;
mod readiness;

pub(crate) use planner::{Options, Planner};
