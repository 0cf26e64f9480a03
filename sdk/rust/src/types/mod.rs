//! What providers and drivers speak of.

mod blob;
mod error;
mod instance;
mod machine;
mod mode;
mod resource;

pub use blob::{Blob, Content, Digest, Digesting, InvalidBlob};
pub use error::{Error, Failed};
pub use instance::{
    Blueprint, Console, Defaults, DriverDescription, Image, Instance, InstanceState, Operation,
};
pub use instance::{Parameter, RenderedFile, Settings};
pub use machine::{Facts, Support};
pub use mode::{InvalidMode, Mode};
pub use resource::{
    Desired, Difference, Extent, Listed, Observation, Outcome, Planned, Resource, State, Value, Watch,
};
pub use resource::{is_unknown, unknown};
