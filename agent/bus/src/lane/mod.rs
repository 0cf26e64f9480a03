//! The sending end of a lane: what a backlog holds goes out in order, again and again, until it is receipted.
//!
//! A [`Lane`] belongs to one receiver. It publishes what the [`Backlog`] has after the last place it sent, with a bounded
//! number of messages unreceipted. When the receiver connects anew, or a message seems lost, it begins again after
//! the last receipted place. The backlog decides what there is and what it contains at that moment; the lane holds no
//! message, so nothing is lost with it.

mod backlog;
mod driver;
mod signals;

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;

pub use backlog::{Backlog, BacklogError, Outgoing, Outlet, ToRoute};
pub use driver::{Lane, Options, Status};
pub use signals::Handle;
