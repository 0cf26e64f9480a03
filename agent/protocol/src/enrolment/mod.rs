//! How a machine with a token becomes an agent, through a bus that nobody has to trust.
//!
//! 1. The agent asks who is there; the orchestrator shows its certificate. The agent compares the root's fingerprint
//!    with its token's.
//! 2. The agent requests: its public keys, machine id and host name, sealed to the certified key and authenticated by
//!    a key derived from the token's secret.
//! 3. The orchestrator answers, signed by its certified key and bound to this request: an identity or a refusal.
//!
//! [`AgentSide`] and [`OrchestratorSide`] are pure: frames in, frames out. The orchestrator keeps nothing between the
//! steps, so any orchestrator of a site can take the next one. An agent that lost the answer sends the same keys with the
//! same token again; the orchestrator answers as before if that token enrolled those keys.

mod agent;
mod error;
mod message;
mod orchestrator;

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod compatibility;

pub use agent::{AgentSide, AgentStep, Enrolled};
pub use error::EnrolmentError;
pub use message::MachineDescription;
pub use orchestrator::{Acceptance, OrchestratorSide, OrchestratorStep, Request, UnverifiedRequest};
