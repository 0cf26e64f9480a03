//! How things are stored: one struct for each table, and for each document in a column.
//!
//! Documents say in `format` how they are written. To change one: add a format, keep reading the old one.

mod number;

pub(crate) mod agent;
pub(crate) mod application;
pub(crate) mod change;
pub(crate) mod compliance;
pub(crate) mod event;
pub(crate) mod host;
pub(crate) mod organization;
pub(crate) mod platform;
pub(crate) mod plugin;
pub(crate) mod setting;
pub(crate) mod template;
pub(crate) mod user;

pub(crate) use self::number::{loaded, read_json, stored, write_json};
