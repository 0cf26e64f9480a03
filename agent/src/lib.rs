//! Keeps one machine in its desired state.
//!
//! An [`Agent`] is built of parts, each a component with `Options` and `run(self, shutdown)` that owns its channels:
//!
//! | part | does | hears from |
//! |---|---|---|
//! | `link` | keeps the session with the orchestrator; stores what has to be acted on, sends reports, fetches content | bus, ledger |
//! | `plugins` | fetches, proves and swaps the providers that serve this machine; evicts idle ones | ledger (activations) |
//! | `reconciler` | brings the machine into the desired state, one change at a time | ledger (changes), plugins |
//! | `planning` | answers dry runs | link |
//! | `compliance` | watches that resources stay as desired, keeps alerts; reports facts | inotify, time, reconciler, plugins |
//! | [`status`] | says what the agent is doing, and why | everybody |
//!
//! The [`ledger`] is their memory. Invariants: nothing is acknowledged before the ledger has it; no effect begins before
//! the ledger has it; whatever ends the agent at any moment, the next one goes on from the ledger. The agent decides
//! neither order nor actions: the orchestrator did. One machine's turn is taken by one of them at a time.

pub mod cli;
pub mod config;
pub mod enrolment;
pub mod ledger;
pub mod lifecycle;
pub mod memory;
pub mod status;
pub mod telemetry;

mod agent;
mod assembly;
mod compliance;
mod link;
mod planning;
mod plugins;
mod reconciler;

mod blobs;
mod clock;
mod delivered;
mod facts;
mod keys;
mod provider;
mod runs;
mod showing;
mod state_directory;
mod survey;

#[cfg(test)]
mod testing;

pub use agent::{Agent, Error, Options};
pub use config::Config;
pub use keys::Error as KeysError;
pub use ledger::Ledger;
pub use lifecycle::Shutdown;
pub use state_directory::StateDirectory;
