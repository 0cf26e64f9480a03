//! The real machine, by its promises: what is refused, what is atomic, what runs apart.
//!
//! Most of it needs root, because what it is about is what root must not be led to do. Without root those tests have
//! nothing to show and pass.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod confined;
mod files;
mod hostile;
mod protected;
mod queries;
mod runs;
mod scripts;
mod stamps;
mod world;
