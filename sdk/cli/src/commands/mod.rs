//! One file for each noun: its verbs, their arguments, and what they do.

pub(crate) mod agents;
pub(crate) mod applications;
pub(crate) mod changes;
pub(crate) mod completions;
pub(crate) mod compliance;
pub(crate) mod contexts;
pub(crate) mod environments;
pub(crate) mod events;
pub(crate) mod hosts;
pub(crate) mod instance;
pub(crate) mod keys;
pub(crate) mod login;
pub(crate) mod organizations;
pub(crate) mod packing;
pub(crate) mod platforms;
pub(crate) mod plugins;
pub(crate) mod settings;
pub(crate) mod tokens;

mod entity;
