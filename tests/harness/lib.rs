//! Builders and waits for tests over the whole system: real processes, real hosts, real brokers and databases.
//!
//! A [`System`] is an orchestrator of the test's own; [`hosts`] boots real machines; a [`ConfinedAgent`] keeps a directory.
//! What a test needs of binaries and plugins is built by `cargo xtask build`, which `cargo xtask test` runs first.

mod command_line;
mod confined;
pub mod hosts;
mod publisher;
mod system;
pub mod waiting;

pub use command_line::CommandLine;
pub use confined::ConfinedAgent;
pub use publisher::Publisher;
pub use system::{ENVIRONMENT, ORGANIZATION, Programs, System};
pub use waiting::eventually;
