//! What the agent must not forget: one SQLite database, owner-only, durable at every commit.
//!
//! Each aggregate has its file; its verbs are methods of [`Transaction`], so that what belongs together is committed
//! together: an effect with the triggers that it owes, the end of a task with the report of it.
//!
//! Invariants: nothing is acknowledged before it is here; no effect begins before it is here. If the ledger cannot be
//! written, both stop.

mod activation;
mod alerts;
mod blobs;
mod cache_index;
mod changes;
mod database;
mod delivered_files;
mod desired_set;
mod error;
mod facts;
mod identity;
mod inbox;
mod lane;
mod outbox;
mod resources;
mod tasks;
mod triggers;

pub use activation::{KeptPlugin, Proven, Support};
pub use alerts::OpenAlert;
pub use cache_index::LedgerCacheIndex;
pub use changes::BegunChange;
pub use database::{Arrivals, Ledger, Transaction};
pub use desired_set::desired_digest;
pub use error::Error;
pub use identity::{Identity, IdentityDocument};
pub use inbox::Received;
pub use lane::Lane;
pub use outbox::Report;
pub use resources::{Before, Resource, Standing};
pub use tasks::{TaskRecord, TaskState};
pub use triggers::{Trigger, TriggerState};
