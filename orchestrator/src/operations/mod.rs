//! Everything that a person can do, one function for each; if you read one folder, read this one.
//!
//! A function takes the [`Work`] that it is part of, the organization that the caller was let into, names, and one input;
//! it loads, decides with the model, saves and records what happened. Nothing here knows HTTP. A caller begins a work,
//! calls, and commits; until then nothing has happened, and afterwards all of it has.
//!
//! A write that reaches hosts compiles a change for each of them, in the order of their ids, while their rows are locked
//! ([`sending`]). If anything of that is refused, all of it is.

mod blueprints;
mod error;
mod ledger;
mod leftovers;
mod sending;
mod work;

pub(crate) mod resync;

pub mod agents;
pub mod alerts;
pub mod api_keys;
pub mod application_files;
pub mod applications;
pub mod changes;
pub mod contexts;
pub mod distributions;
pub mod enrolment;
pub mod enrolment_tokens;
pub mod environments;
pub mod events;
pub mod hosts;
pub mod instances;
pub mod live_actions;
pub mod metrics;
pub mod organizations;
pub mod planning;
pub mod platforms;
pub mod plugins;
pub mod provisioning;
pub mod rendered_files;
pub mod reports;
pub mod settings;
pub mod users;

pub use error::OperationError;
pub use hosts::HostPath;
pub use hostwright_model::application::Problem;
pub use hostwright_model::event::Actor;
pub use work::Work;

#[cfg(test)]
mod tests;
