//! What a plugin says of itself, what it asks for, and what it is given.
//!
//! [`manifest`] is `plugin.toml`; [`capabilities`] are the things a plugin can ask for; [`grants`] are the same things
//! given, [`within`] compares the two and [`class`] says how far they reach; [`pattern`] is the form of programs'
//! arguments; [`section`] embeds the manifest in the component, so that a plugin is one file; [`digest`] is the
//! component's name and [`signature`] a publisher's word for its bytes.
//!
//! Invariants: no wasmtime, no I/O. What is granted never exceeds what was asked for. A manifest that was understood
//! once is understood for ever: fields are only added, and what breaks becomes `manifest = 2`.

#![deny(missing_docs)]

pub mod capabilities;
pub mod class;
pub mod digest;
pub mod grants;
pub mod manifest;
pub mod pattern;
pub mod section;
pub mod signature;
pub mod within;

pub use class::Class;
pub use digest::ComponentDigest;
pub use grants::Grants;
pub use manifest::{Kind, Manifest, ManifestError, PluginId};
