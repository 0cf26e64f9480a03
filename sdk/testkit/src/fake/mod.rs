//! A machine in memory.

mod machine;
mod tree;

pub use machine::{FakeMachine, digest};
pub use tree::{Node, Tree};
