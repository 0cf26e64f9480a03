//! The orchestrator's side.

use chrono::{DateTime, Utc};

use super::EnrolmentError;
use super::message::{
    FromAgent, FromOrchestrator, Inside, MachineDescription, Outcome, SealedRequest, Statement,
    authenticated, from_frame, to_frame, to_json,
};
use crate::envelope::Identity;
use crate::frame::Frame;
use crate::ids::{EnrolmentTokenId, HostId};
use crate::keys::{AgentPublicKeys, OrchestratorKeys};
use crate::sealed::Purpose;
use crate::signing;
use crate::token::AuthenticationKey;

/// The orchestrator's side of all enrolments; it remembers none of them.
#[derive(Clone, Copy, Debug)]
pub struct OrchestratorSide<'k> {
    keys: &'k OrchestratorKeys,
}

/// What to do next.
#[derive(Debug)]
pub enum OrchestratorStep<'k> {
    /// Send this.
    Send(Frame),
    /// Look up the token that the request names, then authenticate or refuse it.
    Authenticate(UnverifiedRequest<'k>),
}

impl<'k> OrchestratorSide<'k> {
    /// Answers with these keys.
    pub const fn new(keys: &'k OrchestratorKeys) -> Self {
        Self { keys }
    }

    /// Takes what a machine sent.
    pub fn receive(&self, frame: &Frame) -> Result<OrchestratorStep<'k>, EnrolmentError> {
        match from_frame(frame)? {
            FromAgent::Ask => {
                let certificate = self.keys.certificate().clone();
                Ok(OrchestratorStep::Send(to_frame(FromOrchestrator::Chain { certificate })))
            }
            FromAgent::Request(request) => {
                Ok(OrchestratorStep::Authenticate(UnverifiedRequest { keys: self.keys, request }))
            }
        }
    }
}

/// A request that anyone may have written.
pub struct UnverifiedRequest<'k> {
    keys: &'k OrchestratorKeys,
    request: SealedRequest,
}

impl<'k> UnverifiedRequest<'k> {
    /// Returns the token that it claims to know.
    pub const fn token(&self) -> EnrolmentTokenId {
        self.request.token
    }

    /// Checks that the token's holder wrote it for this orchestrator, and opens it. The error can be answered with
    /// [`UnverifiedRequest::refuse`].
    pub fn authenticate(&self, key: &AuthenticationKey) -> Result<Request<'k>, EnrolmentError> {
        let SealedRequest { token, nonce, sealed, code } = &self.request;
        let root = self.keys.root().fingerprint();
        let authentic = authenticated(*token, nonce, sealed, root, |parts| key.is_authentic(parts, code));
        if !authentic {
            return Err(EnrolmentError::NotAuthentic);
        }
        let inside = self
            .keys
            .unseal(Purpose::EnrolmentRequest, sealed)
            .map_err(|source| EnrolmentError::Unseal { source })?;
        let Inside { keys, machine } =
            serde_json::from_slice(&inside).map_err(|source| EnrolmentError::Malformed { source })?;
        machine.check()?;
        let digest = self.request.digest();
        Ok(Request {
            token: *token,
            agent_keys: keys,
            machine,
            answer: Answering { keys: self.keys, nonce: *nonce, request: digest },
        })
    }

    /// Answers no.
    pub fn refuse(&self, reason: impl Into<String>, time: DateTime<Utc>) -> Frame {
        let SealedRequest { nonce, .. } = self.request;
        let answer = Answering { keys: self.keys, nonce, request: self.request.digest() };
        answer.with(Outcome::Refused { reason: reason.into() }, time)
    }
}

impl std::fmt::Debug for UnverifiedRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UnverifiedRequest(token {})", self.request.token)
    }
}

/// A request by a token's holder.
#[derive(Debug)]
pub struct Request<'k> {
    /// Which token.
    pub token: EnrolmentTokenId,
    /// The machine's public keys. If this token enrolled them before, the answer is the same as then.
    pub agent_keys: AgentPublicKeys,
    /// What the machine says of itself; bounded and without control characters, otherwise its own word.
    pub machine: MachineDescription,
    answer: Answering<'k>,
}

/// What a machine becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Who it is.
    pub identity: Identity,
    /// Which host it is; none while it waits to be claimed.
    pub host: Option<HostId>,
    /// Where it finds the bus.
    pub bus: String,
    /// The orchestrator's clock.
    pub time: DateTime<Utc>,
}

impl Request<'_> {
    /// Answers yes. Sent after the agent is stored.
    pub fn accept(&self, acceptance: Acceptance) -> Frame {
        let Acceptance { identity, host, bus, time } = acceptance;
        let Identity { organization, agent } = identity;
        let root = self.answer.keys.root();
        self.answer.with(Outcome::Enrolled { agent, organization, host, bus, root }, time)
    }

    /// Answers no.
    pub fn refuse(&self, reason: impl Into<String>, time: DateTime<Utc>) -> Frame {
        self.answer.with(Outcome::Refused { reason: reason.into() }, time)
    }
}

#[derive(Debug)]
struct Answering<'k> {
    keys: &'k OrchestratorKeys,
    nonce: [u8; 32],
    request: [u8; 32],
}

impl Answering<'_> {
    fn with(&self, outcome: Outcome, time: DateTime<Utc>) -> Frame {
        let &Self { keys, nonce, request } = self;
        let statement = to_json(&Statement { nonce, request, time, outcome });
        let signature = keys.sign(signing::Statement::EnrolmentAnswer, &statement);
        to_frame(FromOrchestrator::Answer { statement, signature })
    }
}
