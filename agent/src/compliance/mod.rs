//! Watches that resources stay as they are desired.
//!
//! [`watcher`] owns inotify: it maps the paths that providers named to events. An event never decides: it makes the
//! [`monitor`] look again, and what is seen is held against the open alert by [`verdict`] (pure). A watch that is missed,
//! overflows or cannot be set costs latency: the sweep looks at everything, save what is [`untouched`] by the kernel's account,
//! and from time to time at that too.

mod judge;
mod monitor;
mod untouched;
mod verdict;
mod watcher;

#[cfg(test)]
mod tests;

pub(crate) use monitor::{Monitor, Options};
