//! Promises to users, each over real processes.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at what it did not expect")]

mod bad_input;
mod broker;
mod confined;
mod crash;
mod first_light;
mod hostile;
mod hot_swap;
mod lab;
mod plan;
mod site;
