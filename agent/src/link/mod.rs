//! The agent's end of the bus: one session at a time, begun again whenever it ends.
//!
//! [`session`] greets, then passes on what comes in; [`receive`] opens frames and stores ordered messages, which are
//! receipted only then; [`outbox`] is what the bus's lane sends; [`fetch`] gets content in parts.

mod fetch;
mod outbox;
mod receive;
mod session;

#[cfg(test)]
mod tests;

pub(crate) use session::{Handle, Link, Options};
