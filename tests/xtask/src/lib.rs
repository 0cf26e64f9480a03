//! The task runner behind the README's two commands, and the lab of real hosts that tests and demonstration share.
//!
//! It has few dependencies, because it has to speak before anything else is built. [`setup`] installs what is missing,
//! [`build`] makes binaries and signed plugins, [`lab`] boots real Debian hosts in namespaces, [`up`] runs the whole
//! system on one machine, [`test`] is the test command.
//!
//! Invariants: everything it writes lies below `.hostwright/` and the target directory; it ends only processes that it
//! started; nothing it starts listens on anything but loopback.

pub mod build;
pub mod lab;
pub mod programs;
pub mod setup;
pub mod shell;
pub mod test;
pub mod up;
pub mod workspace;
