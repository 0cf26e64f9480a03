//! The orchestrator's side of conversations with machines.
//!
//! [`Receiver`] takes what comes over the bus and keeps it in order for each agent; `conversation` checks who said it and
//! stores what it means before it is receipted; `enrolment` makes agents of machines. [`Admission`] says who may
//! open a session at all.
//!
//! Invariants: nothing of a frame is believed before its signature was checked against the key of an agent that is
//! trusted now; a report is applied in the transaction that counts it, so it counts once.

mod admission;
mod conversation;
mod enrolment;
mod plan_requests;
mod receiver;

pub use admission::Admission;
#[cfg(test)]
pub(crate) use conversation::hear;
pub use plan_requests::PlanRequests;
pub use receiver::Receiver;
