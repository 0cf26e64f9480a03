//! What people see: text built of answers. Nothing here prints.

mod card;
mod plan;
mod table;
mod tasks;

pub(crate) use card::card;
pub(crate) use plan::plan;
pub(crate) use table::Table;
pub(crate) use tasks::{change_lines, verdict};
