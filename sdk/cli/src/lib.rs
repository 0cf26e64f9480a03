//! `wright`, the command line of Hostwright.
//!
//! [`run`] takes the arguments and the [`surroundings`] and answers with an [`ExitStatus`]; the binary does nothing else.
//!
//! Map, in the order of a call: [`arguments`] is the grammar (noun, then verb); [`profile`] knows where the API is and who
//! asks; [`session`] joins the two with a client; [`commands`] has one file for each noun; [`apply`] brings a folder into an
//! organization. What people see is built by [`view`] and printed by [`output`], and by nothing else.
//!
//! Exit status: 0 it is done; 1 a change that was waited for did not end well; 2 the command line, the configuration or a
//! local file is not right; 3 the API refused or did not answer.
//!
//! Invariants: only `output.rs` prints; only `surroundings.rs` reads the environment; only `editor.rs` starts a program.

mod apply;
mod arguments;
mod body;
mod commands;
mod editor;
mod failure;
mod output;
mod place;
mod profile;
mod run;
mod session;
mod surroundings;
mod view;
mod waiting;

pub use failure::ExitStatus;
pub use output::Output;
pub use run::run;
pub use surroundings::Surroundings;
