//! Reading what a caller sent, with every problem named at once.
//!
//! To read a new shape: implement [`Request`] with one call on [`Fields`] for each field, name the read-only ones of the
//! reference with [`Fields::read_only`] and the ones that are not built with [`Fields::not_built`]. Whatever is left over is
//! unknown and refused with the nearest known name.

mod fields;
mod problems;
mod read;

pub use fields::Fields;
pub use problems::{Pointer, Problem, Problems};
pub use read::{Request, read, read_optional_text, read_text};
