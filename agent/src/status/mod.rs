//! What the agent is doing, and why: kept by its parts on a [`Board`], answered on a socket, shown to people.

mod board;
mod document;
mod render;
mod socket;

pub use board::Board;
pub use document::{Activity, LinkState, PluginStatus, PluginUsage, Resources, Status};
pub use render::{render, render_now};
pub use socket::{AskError, ask, tell_enrolled};
pub(crate) use socket::{Request, StatusSocket, answer};
