//! Brings the machine into the desired state, one change at a time.
//!
//! [`cycle`] is the loop: it takes the next message from the ledger's inbox, [`acceptance`] judges it (pure),
//! [`change_run`] does its tasks in order, in [`batches`] (pure). A batch is looked at ([`crate::survey`]), what is so
//! already is dropped, the rest is recorded as begun, then [`apply`]d, [`remove`]d or [`perform`]ed, looked at again and
//! reported. [`debts`] are actions owed to earlier effects.
//!
//! Invariants: the ledger knows an effect before it begins; whatever ends the agent at any moment, the next one finds
//! the running change in the ledger and takes it up by the same code. An error of the ledger is treated as such an end:
//! the loop pauses and takes the change up again.

mod acceptance;
mod apply;
mod batches;
mod beforehand;
mod change_run;
mod cycle;
mod debts;
mod effects;
mod perform;
mod remove;
mod restoration;

#[cfg(test)]
mod tests;

pub(crate) use apply::desired;
pub(crate) use batches::batch_len;
pub(crate) use cycle::{Options, Pace, Reconciler, error_chain};
pub(crate) use effects::was_active;
pub(crate) use restoration::{Restoration, restoration};
