//! The repository's own rules, so that they hold without anybody remembering them.

#![expect(clippy::expect_used, reason = "a rule that cannot be checked is a failed test")]

mod dependencies;
mod layout;
mod owners;
mod sources;
