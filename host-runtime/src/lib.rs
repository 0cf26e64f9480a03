//! Runs untrusted WebAssembly components within what they were granted.
//!
//! A [`Runtime`] loads a component, which proves it: the bytes are parsed, the manifest in them is read, every import is
//! held against what the manifest asks for and what was granted, the machine code comes from a helper program without
//! privileges or from a cache that only this host writes, and the plugin says once what it is. What comes out is a
//! [`Provider`] or a [`Driver`]; each call of it gets a fresh instance.
//!
//! The map, from the outside to the inside:
//!
//! - [`runtime`] loads; [`loader`] proves; [`compiler`] and [`cache`] make and keep machine code.
//! - [`provider`] and [`driver`] are what callers hold; [`call`] is how they call and how a call fails; [`usage`] what it
//!   took.
//! - `plugin` runs one call: instance, limits, time. [`limits`] says how much, `engine` how code is made and run.
//! - `api` has one folder for each version of the plugin contract, and the only list of them.
//! - `capabilities` are the host functions: what is allowed, then what is asked of the [`machine`].
//! - [`host`] is what they lean on beside the machine.
//!
//! Invariants: the only crate that knows wasmtime. A grant is checked before the machine is asked. Nothing that changes
//! the machine is reached from a call in [`call::Mode::Plan`]. An instance that broke down or was stopped is never used
//! again. Machine code is loaded only by `engine::native`, only after its digest was checked.

#![deny(missing_docs)]

mod api;
mod capabilities;
mod engine;
mod plugin;

pub mod cache;
pub mod call;
pub mod compiler;
pub mod driver;
pub mod host;
pub mod limits;
pub mod loader;
pub mod machine;
pub mod provider;
pub mod runtime;
pub mod usage;

pub use cache::{CacheIndex, CacheOptions, MemoryIndex};
pub use call::{Call, CallError, Limit, Mode};
pub use compiler::Compiler;
pub use driver::Driver;
pub use host::Host;
pub use limits::Limits;
pub use loader::LoadError;
pub use provider::Provider;
pub use runtime::{EngineError, Options, Runtime};
