//! The plugins of this machine: fetched, proven, swapped in while others work, evicted when idle.
//!
//! [`activation`] is the loop that settles what the orchestrator activates; [`choice`] (pure) says which of several
//! providers serves a collection; a [`plugin`] loads its component at the first call and loads it again after it was
//! evicted. Calls in flight finish on the plugin with which they began: whoever makes them holds it.

mod activation;
mod choice;
mod plugin;

pub(crate) use activation::Handle;
pub(crate) use activation::{Options, Plugins};
pub(crate) use plugin::Loader;
