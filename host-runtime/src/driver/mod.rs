//! A plugin that makes and controls machines on one kind of platform. The contract of drivers is a draft.

mod loaded;
mod types;

pub use crate::provider::ProviderError as DriverError;
pub use loaded::Driver;
pub use types::{
    Blueprint, Console, Defaults, Description, File, Image, Instance, InstanceState, Operation, Parameter,
    Settings,
};
