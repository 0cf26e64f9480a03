//! Carries frames between orchestrator and agents, and looks into none of them.
//!
//! Two traits, [`OrchestratorBus`] and [`AgentBus`], and three transports that keep the same promises: [`memory`],
//! [`websocket`] (the orchestrator's own port; its outbox is the queue) and [`amqp`] (a broker stores frames on the way).
//! [`Reconnecting`] keeps an agent's session alive; [`lane`] sends what a backlog holds, in order, until it is receipted.
//! [`connect`] picks the transport by its address.
//!
//! The promises, which the [`conformance`] suite tests for every transport:
//!
//! - Frames of one route arrive in the order in which they were published, as long as one session lasts.
//! - A frame may be lost with its session, or arrive twice. Receipts (which are messages, not of this crate) and the lane
//!   make that at-least-once and in order.
//! - What is in flight is bounded: publishing waits until there is room. Slow and silent peers are cut off.
//! - The newest session of an agent wins.
//! - No frame above [`MAX_FRAME_BYTES`] travels; the refusal says so before anything is sent.
//!
//! Invariant: the bus authenticates who connects, never what is said. Frames are signed for that.

mod ack;
mod address;
mod agent;
mod orchestrator;
mod route;

mod admission;
mod ending;
mod hub;
mod queue;

pub mod backoff;
pub mod lane;
pub mod reconnecting;

#[cfg(feature = "amqp")]
pub mod amqp;
pub mod memory;
#[cfg(feature = "websocket")]
pub mod websocket;

#[cfg(feature = "testing")]
pub mod conformance;
#[cfg(feature = "testing")]
pub mod testing;

pub use ack::Ack;
pub use address::{InvalidAddress, connect};
pub use admission::Authenticator;
pub use agent::{AgentBus, AgentSession, ConnectError, Login};
pub use ending::SessionEnd;
pub use hostwright_protocol::frame::{Frame, MAX_FRAME_BYTES};
pub use hub::Limits;
pub use orchestrator::{Incoming, OrchestratorBus, PublishError};
pub use reconnecting::Reconnecting;
pub use route::Route;
