//! An agent's end.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use hostwright_protocol::ids::{AgentId, EnrolmentTokenId};
use hostwright_protocol::keys::AgentKeys;

use crate::{Ack, Frame, PublishError, SessionEnd};

/// An agent's end of a bus. See [`crate::Reconnecting`] for one that stays connected.
#[async_trait]
pub trait AgentBus: Send + Sync {
    /// Begins a session.
    async fn connect(&self, login: &Login) -> Result<Box<dyn AgentSession>, ConnectError>;
}

/// One session. Dropping it ends it.
#[async_trait]
pub trait AgentSession: Send + Sync {
    /// Hands a frame over to the transport, in order. Waits while there is no room.
    async fn publish(&self, frame: Frame) -> Result<(), PublishError>;

    /// Returns what comes in next, or nothing once the session is over. Cancel-safe; one caller at a time.
    async fn receive(&self) -> Option<(Frame, Ack)>;

    /// Returns why the session is over, once it is.
    fn end(&self) -> Option<SessionEnd>;

    /// Ends the session; what was handed over may or may not arrive.
    fn close(&self);
}

/// As whom to connect.
#[derive(Clone)]
pub enum Login {
    /// As an agent that is enrolled.
    Agent {
        /// Who.
        agent: AgentId,
        /// Whose keys prove it.
        keys: Arc<AgentKeys>,
    },
    /// As a machine that wants to be. Proves nothing; the enrolment does.
    Enrolment {
        /// By which token.
        token: EnrolmentTokenId,
    },
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent { agent, .. } => write!(f, "Login(agent {agent})"),
            Self::Enrolment { token } => write!(f, "Login(enrolment token {token})"),
        }
    }
}

/// Why no session began.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody answers there.
    #[error("failed to reach the bus at `{address}`")]
    Unreachable {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Somebody answers, and says no.
    #[error("the bus refuses the login: {reason}")]
    Refused {
        /// In its words.
        reason: String,
    },
    /// Somebody answers, and does not speak as a bus does.
    #[error("the bus at `{address}` does not answer as it should: {reason}")]
    Handshake {
        /// Where.
        address: String,
        /// What was wrong.
        reason: String,
    },
    /// Somebody took the connection and then said nothing.
    #[error("the bus at `{address}` did not answer in time")]
    Timeout {
        /// Where.
        address: String,
    },
}
