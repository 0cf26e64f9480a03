//! Runs a plugin against a fake machine and holds it to the laws of its collection.
//!
//! ```no_run
//! use std::sync::Arc;
//! use hostwright_testkit::{Bench, FakeMachine, component, laws};
//! use serde_json::json;
//!
//! # async fn example() -> anyhow::Result<()> {
//! let machine = Arc::new(FakeMachine::new().with_directory("/etc"));
//! let bench = Bench::of(component(env!("CARGO_MANIFEST_DIR"))?, machine)?.load().await?;
//! let cases = [laws::Case::new("a file").resource("/etc/motd", json!({"content": "hello\n"}))];
//! laws::check(&bench, &cases).await.assert_kept();
//! # Ok(())
//! # }
//! ```
//!
//! - [`component()`] builds the crate of a plugin and puts its manifest in, as the release does.
//! - [`Bench`] loads it through the real runtime, on any machine: [`FakeMachine`] in memory, the runtime's `LocalMachine`
//!   on a real tree, or a [`RemoteMachine`] that reaches into a booted host.
//! - [`laws`] are what every provider promises, as functions that report what was broken.
//! - [`Watched`] sits between plugin and machine: it records, and it crashes where a test says so.
//! - [`programs`] are stand-ins for the few programs that our own providers run. They know just enough for tests of
//!   providers; what the real programs do is seen on booted hosts.

#![deny(missing_docs)]

mod bench;
mod component;
mod fake;
mod remote;
mod watched;

pub mod laws;
pub mod programs;

pub use bench::{Bench, BenchBuilder, Store};
pub use component::{BuildError, component};
pub use fake::{FakeMachine, Node, Tree, digest};
pub use remote::{RemoteMachine, serve};
pub use watched::{Crash, Watched};
