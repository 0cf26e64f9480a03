//! Programs: queries where they cannot write, changes and scripts apart from the agent.
//!
//! `locate` proves that only root could have changed a program. `query` runs it under `supervise` in namespaces of
//! its own. `runs` begins a change at most once, in a transient unit or a session of its own, and finds it again by
//! the `record` that its supervisor keeps. `spawn` is the only file that makes processes.

mod isolation;
mod launch;
mod locate;
mod output;
mod query;
mod record;
mod runs;
mod script;
mod spawn;
mod supervise;
mod systemd;
mod wait;

pub use isolation::QueryIsolation;
pub use runs::RunState;
pub use spawn::Supervisor;
pub use supervise::supervise_main;

pub(super) use locate::{check_arguments, locate};
pub(super) use query::Query;
pub(super) use record::{What, command_line};
pub(super) use runs::{Order, Runs};
pub(super) use script::prepare as prepare_script;
