//! To and from whom.

use std::fmt;

use hostwright_protocol::ids::{AgentId, EnrolmentSessionId};

/// The agent's end of a session, as the orchestrator addresses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Route {
    /// An agent, in whichever session it has.
    Agent(AgentId),
    /// A machine that wants to become one, in this session.
    Enrolment(EnrolmentSessionId),
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(agent) => write!(f, "agent {agent}"),
            Self::Enrolment(session) => write!(f, "enrolment session {session}"),
        }
    }
}
