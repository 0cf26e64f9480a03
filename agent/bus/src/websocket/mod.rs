//! WebSocket on the orchestrator's own port.
//!
//! After the upgrade the server shows a challenge, the client answers, the server accepts; these three are text
//! messages in JSON. From then on each binary message is a frame. Both ends ping; an end that hears nothing, or whose
//! frames are not taken, cuts the connection. TLS is for a proxy in front: frames are signed, and secrets in them sealed.

mod client;
mod closing;
mod handshake;
mod pump;
#[cfg(feature = "websocket-server")]
mod server;

#[cfg(test)]
#[cfg(all(feature = "websocket-server", feature = "testing"))]
mod tests;

pub use client::Client;
pub use pump::Pulse;
#[cfg(feature = "websocket-server")]
pub use server::{Options, Server};

/// Where the server listens, below the orchestrator's address.
pub const PATH: &str = "/bus/v1";
