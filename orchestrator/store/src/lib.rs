//! Keeps the orchestrator's state in SQLite or PostgreSQL.
//!
//! A [`Store`] gives [`Transaction`]s: one trait for each aggregate, all of them on one unit of work, which leaves nothing
//! behind unless it is committed. Every query is written once, in `queries/`, and compiled for both databases; what differs
//! between them is in each one's `dialect`. `rows/` is how things are stored; nothing else knows it.
//!
//! Invariants: a lookup that finds nothing is `Ok(None)`; every query takes the organization where its aggregate has one
//! (agents and tokens are also found by id alone, before anybody knows whose they are); an event is committed with what
//! it tells of, and numbered so that nobody who reads in order misses one; what people wrote is kept as text, with its
//! order of keys.

// Both databases compile the same queries; that is the point.
#![expect(clippy::duplicate_mod, reason = "the queries are written once and compiled for each database")]

mod error;
mod store;
mod transaction;

mod agents;
mod alerts;
mod applications;
mod blobs;
mod changes;
mod contexts;
mod desired;
mod enrolment_tokens;
mod environments;
mod events;
mod hosts;
mod idempotency;
mod organizations;
mod outbox;
mod platforms;
mod plugins;
mod reports;
mod settings;
mod users;

mod postgres;
mod rows;
mod sqlite;

#[cfg(feature = "testing")]
pub mod testing;

pub use agents::Agents;
pub use alerts::Alerts;
pub use applications::Applications;
pub use blobs::Blobs;
pub use changes::Changes;
pub use contexts::Contexts;
pub use desired::DesiredResources;
pub use enrolment_tokens::EnrolmentTokens;
pub use environments::Environments;
pub use error::Error;
pub use events::Events;
pub use hosts::Hosts;
pub use idempotency::{IdempotencyKeys, Replay, StoredAnswer};
pub use organizations::Organizations;
pub use outbox::{Lease, NewMessage, Outbox, OutboxEntry};
pub use platforms::Platforms;
pub use plugins::Plugins;
pub use reports::{ParkedReport, Receiving, Reports};
pub use settings::Settings;
pub use store::Store;
pub use transaction::Transaction;
pub use users::Users;
