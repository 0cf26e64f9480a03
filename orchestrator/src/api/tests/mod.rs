//! The API as callers see it, over a real application on a database of its own.

mod access;
mod bad_input;
mod command_line;
mod conventions;
mod description;
mod resources;
mod settings;
mod world;

use world::{Answer, TestApp, TestCaller};

/// Takes a snapshot of an answer, without what differs from run to run.
macro_rules! assert_answer {
    ($answer:expr) => {{
        // Looked at first: the settings are bound in a closure, where nothing can be awaited.
        let answer = $answer;
        insta::with_settings!({ filters => $crate::api::tests::world::FILTERS.to_vec() }, {
            insta::assert_snapshot!(answer);
        });
    }};
}
pub(crate) use assert_answer;
