//! The compiler of blueprints: what is to be done so that a host becomes what its blueprint says.
//!
//! Pure: a [`Blueprint`] and an [`Operation`] give ordered tasks and the content that they refer to, or an error and
//! nothing at all. Order is by rank of collection: packages, directories, files, services; then actions of handlers.
//!
//! Content of files always travels as a blob, however small: one way to carry it, one way to keep it out of plugins.
//!
//! To add a collection that applications declare: give it a rank in `rank.rs` and declare its resources in `declare.rs`.

mod actions;
mod blueprint;
mod declare;
mod error;
mod install;
mod make;
mod rank;
mod rebuild;
mod settings_change;
mod task;
mod uninstall;

#[cfg(test)]
pub(crate) mod tests;

use hostwright_protocol::messages::{OnError, ResourceRef, Task};

pub use self::blueprint::{Blueprint, HostSettings, PlacedApplication};
pub use self::error::CompileError;
pub use self::rebuild::resync;
use crate::application::Action;
use crate::blob::Blob;
use crate::desired::DesiredSet;
use crate::ids::ApplicationId;
use crate::names::ResourceName;

/// What is asked of the compiler.
#[derive(Clone, Copy, Debug)]
pub enum Operation<'a> {
    /// These applications of the blueprint are installed, in the order of their positions.
    Install {
        /// They need not be carried out yet.
        applications: &'a [ApplicationId],
    },
    /// This application of the blueprint is uninstalled.
    Uninstall {
        /// The one.
        application: ApplicationId,
    },
    /// Settings have changed: handlers run whose keys have another effective value on this host.
    SettingsChanged {
        /// As they were; those of the blueprint are as they are.
        before: &'a HostSettings,
    },
    /// Somebody runs a handler.
    RunHandler {
        /// Whose.
        application: ApplicationId,
        /// Its name.
        handler: &'a ResourceName,
    },
    /// Somebody does something with a resource of an application.
    Act {
        /// Whose.
        application: ApplicationId,
        /// What.
        action: &'a Action,
    },
    /// Somebody has services or packages of an application made as it declares them.
    Make {
        /// Whose.
        application: ApplicationId,
        /// Which.
        parts: &'a [Part<'a>],
        /// What that is to people, e.g. `install`.
        verb: &'static str,
    },
    /// Everything is made as the blueprint says; what it does not say any more is removed.
    Rebuild,
}

/// Something of an application that is made without the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// A service.
    Service(&'a ResourceName),
    /// A package.
    Package {
        /// Its name.
        name: &'a ResourceName,
        /// A version instead of the one that is declared.
        version: Option<&'a str>,
    },
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// For people, e.g. `Install Web Server`.
    pub description: String,
    /// In order; none: nothing is to be done.
    pub tasks: Vec<Task>,
    /// Resources to be removed besides; only a rebuild has them apart from its tasks.
    pub remove: Vec<ResourceRef>,
    /// What a failed task does to the rest.
    pub on_error: OnError,
    /// Content that the tasks refer to.
    pub blobs: Vec<Blob>,
    /// What is desired of the host once all is done.
    pub desired: DesiredSet,
}

/// Says what is to be done, or why it cannot be.
pub fn compile(blueprint: &Blueprint<'_>, operation: &Operation<'_>) -> Result<Compiled, CompileError> {
    match *operation {
        Operation::Install { applications } => install::compile(blueprint, applications),
        Operation::Uninstall { application } => uninstall::compile(blueprint, application),
        Operation::SettingsChanged { before } => settings_change::compile(blueprint, before),
        Operation::RunHandler { application, handler } => actions::run(blueprint, application, handler),
        Operation::Act { application, action } => actions::act(blueprint, application, action),
        Operation::Make { application, parts, verb } => make::compile(blueprint, application, parts, verb),
        Operation::Rebuild => rebuild::compile(blueprint),
    }
}
