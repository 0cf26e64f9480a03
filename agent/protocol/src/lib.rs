//! What orchestrator and agent say to each other, and how each knows that the other said it.
//!
//! A [`frame`] is what travels: format byte, key id, signature, payload. The payload is an [`envelope`]: who, to whom,
//! in which order, until when; its body is one of the [`messages`]. [`keys`] sign and seal; a [`token`] begins the
//! acquaintance, [`enrolment`] is how it goes on; [`login`] is how the bus knows who is calling. [`receive_lane`] tells
//! what comes next, [`desired_set`] whether both ends mean the same.
//!
//! Invariants: this crate does no I/O and reads no clock; nothing is parsed before its signature was checked; unknown
//! fields are ignored, unknown kinds refused.
//!
//! There are two lanes. **Ordered** messages have an epoch and a sequence, are stored by the receiver before they are
//! receipted, and are sent again until they are. **Transient** ones (sequence 0) may be lost; whoever needs them asks
//! again: greetings, receipts, chunks of blobs, plans.

#![deny(missing_docs)]

pub mod ids;
pub mod messages;

pub mod desired_set;
pub mod enrolment;
pub mod envelope;
pub mod frame;
pub mod keys;
pub mod login;
pub mod receive_lane;
pub mod sealed;
pub mod token;

mod base64_text;
mod signing;
