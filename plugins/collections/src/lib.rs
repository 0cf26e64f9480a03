//! Attribute types of the collections that Hostwright ships.
//!
//! Every provider of a collection embeds the same schema. The `schemas/*.schema.json` beside this crate are made from the
//! types here (`HOSTWRIGHT_WRITE_SCHEMAS=1 cargo nextest run -p hostwright-collections`) and a test holds them fresh.
//!
//! Invariants: every attribute is optional, because only what is given is compared and set; unknown ones are denied; a
//! new attribute raises the version of its collection.

#![deny(missing_docs)]

pub mod directories;
pub mod executables;
pub mod files;
pub mod packages;
pub mod services;

mod paths;

/// Ranks of the collections that Hostwright ships: where their resources stand in a change.
pub mod rank {
    /// Sources of packages.
    pub const REPOSITORIES: u32 = 100;
    /// Packages, which bring users, directories and units along.
    pub const PACKAGES: u32 = 200;
    /// Groups, before the users in them.
    pub const GROUPS: u32 = 300;
    /// Users, before what they own.
    pub const USERS: u32 = 400;
    /// Directories, before what lies in them.
    pub const DIRECTORIES: u32 = 500;
    /// Files, before the services that read them.
    pub const FILES: u32 = 600;
    /// Services.
    pub const SERVICES: u32 = 700;
    /// Scripts that are run, after everything that they may use.
    pub const EXECUTABLES: u32 = 900;
}

#[cfg(test)]
mod schemas;
