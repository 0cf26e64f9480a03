//! The REST API, version 1.
//!
//! [`router`] gives all routes below `/api` together with their description. Each resource has its file, each verb its
//! function with the access rule in its signature ([`crate::access`]); a function reads what was sent, calls one thing of
//! [`crate::operations`] and shows what came of it. [`body`], [`query`], [`names`] and [`conditional`] read, [`answers`] and
//! [`error`] answer, [`repeatable`] makes repeating harmless, [`layers`] is what happens to every request.
//!
//! Invariants: whatever goes wrong is answered with the one body of [`error`]; a body is read before a transaction is
//! open; nothing is decided here that an operation could decide.

mod answers;
mod body;
mod conditional;
mod error;
mod layers;
mod names;
mod openapi;
mod query;
mod repeatable;
mod routes;

mod account;
mod agents;
mod api_keys;
mod applications;
mod distributions;
mod enrolment_tokens;
mod environments;
mod events;
mod health;
mod hosts;
mod organizations;
mod platforms;
mod plugins;
mod settings;

#[cfg(test)]
mod tests;

pub(crate) use error::ApiError;
use names::{host_path, new_name, other_name, reference, references, required};
pub(crate) use repeatable::Repeatable;
pub use routes::router;
