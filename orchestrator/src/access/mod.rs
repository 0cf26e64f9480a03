//! Who is calling, and what they may do.
//!
//! [`credentials`] reads what a request says about its caller, [`caller`] finds out whether it is true, [`table`] is the
//! one table of role, verb and kind, [`right`] names its entries as types, and [`permit`] joins all of it into extractors:
//! a handler's signature is its access rule.
//!
//! Invariants: an organization in which the caller has no role does not exist for the caller; nothing is decided anywhere
//! but in the table.

pub(crate) mod caller;
mod credentials;
mod permit;
pub(crate) mod right;
mod table;

pub(crate) use caller::Caller;
pub(crate) use permit::{Names, OrganizationPermit, OrganizationScope, SitePermit};
