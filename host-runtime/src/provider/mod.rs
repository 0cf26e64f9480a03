//! A plugin that realises a collection.

mod answers;
mod loaded;
mod types;

pub use loaded::Provider;
pub use types::{
    Description, Desired, Difference, Extent, Listed, Observation, Outcome, ProviderError, State, Support,
    Value, Watch,
};
