//! Promises to users, each over real processes.

mod confined;
mod first_light;
mod lab;
