//! What nobody has to ask for.
//!
//! [`outbox_relay`] sends what is in the outbox, [`retention`] ends what is overdue and forgets what is old, [`broken_off`]
//! goes on with what a crash broke off. `publisher` is the only file that hands frames to the bus.

pub mod broken_off;
mod lane_backlog;
pub mod outbox_relay;
mod publisher;
mod relay_handle;

pub mod retention;

pub use publisher::{PublishFailure, Publisher};
pub use relay_handle::RelayHandle;
