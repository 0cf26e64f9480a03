//! What the orchestrator knows and how it decides: entities, settings, the compiler of blueprints.
//!
//! [`ids`], [`names`] and [`clock`] are what everything is made of. An [`organization`] holds [`environment`]s of
//! [`host`]s (each perhaps with an [`instance`]), and the templates: [`application`]s, [`platform`]s,
//! [`distribution`]s with [`parameter`]s. A [`context`] joins a template to a host. [`setting`]s stand at every level;
//! [`resolution`] says which one counts. [`render`] makes files of templates, [`compile`] makes ordered tasks of all
//! of it, [`desired`] is what a host is to be after them. A [`change`] is how that is carried out, [`alert`] what became
//! untrue afterwards. [`agent`]s and [`enrolment_token`]s are the machines' side, [`user`]s and [`plugin`]s the
//! people's, an [`event`] is what happened.
//!
//! Invariants: no I/O, no async, no clock but the one that is handed in; entities are not `Serialize`, because what is
//! stored and what is sent each have their own shape. Everything that can refuse does so before anything is sent.

pub mod clock;
pub mod ids;
pub mod names;

pub mod environment;
pub mod host;
pub mod instance;
pub mod organization;

pub mod application;
pub mod context;
pub mod distribution;
pub mod parameter;
pub mod parameter_schema;
pub mod platform;
pub mod template;

pub mod resolution;
pub mod setting;

pub mod blob;
pub mod compile;
pub mod desired;
pub mod render;

pub mod alert;
pub mod change;
pub mod plan;

pub mod agent;
pub mod enrolment_token;
pub mod event;
pub mod plugin;
pub mod user;
