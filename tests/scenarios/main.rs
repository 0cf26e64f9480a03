//! Promises to users, each over real processes.
#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

mod confined;
mod first_light;
mod lab;
