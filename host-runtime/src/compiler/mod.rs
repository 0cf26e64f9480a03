//! From a component to machine code, in a process that has nothing to lose.
//!
//! A compiler reads hostile input. So the host itself has none: [`program`] starts `hostwright-compiler`, whose `main` is
//! [`helper`], which gives up its privileges (`confinement`) before it reads the first byte.

#[cfg(feature = "compiler")]
mod confinement;
#[cfg(feature = "compiler")]
pub mod helper;
mod program;

pub(crate) use program::compile;
pub use program::{CompileError, Compiler};
