//! Messages with their address, order and time, signed.
//!
//! [`seal_to_agent`] and [`seal_to_orchestrator`] make frames, [`open_from_orchestrator`] and [`open_from_agent`] read
//! them. Opening checks in this order: signature, version, address, lane, time, kind, body. So whatever an error
//! tells of the content was said by the key's owner.

mod content;
mod error;
mod meta;
mod open;
mod seal;

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod compatibility;
#[cfg(test)]
pub(crate) mod samples;

pub use error::{OpenError, SealError};
pub use meta::{Envelope, Identity, KnownAgent, Meta, ORDERED_EXPIRY, TRANSIENT_EXPIRY};
pub use open::{open_from_agent, open_from_orchestrator};
pub use seal::{seal_to_agent, seal_to_orchestrator};
