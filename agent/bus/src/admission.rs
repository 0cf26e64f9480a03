//! Who may begin a session.

use async_trait::async_trait;
use hostwright_protocol::ids::{AgentId, EnrolmentSessionId, EnrolmentTokenId};
use hostwright_protocol::keys::{KeyId, VerifyingKey};
use hostwright_protocol::login::{Challenge, Proof};

use crate::Route;

/// What a bus has to ask the orchestrator.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Returns the key of an agent that is enrolled and not revoked.
    async fn agent_key(&self, agent: AgentId) -> Option<VerifyingKey>;

    /// Returns whether this token may still enrol somebody.
    async fn token_is_known(&self, token: EnrolmentTokenId) -> bool;

    /// Returns the orchestrator's signing key, which logins are bound to.
    async fn orchestrator_key(&self) -> KeyId;
}

/// How a caller answers a challenge.
pub(crate) enum Answer {
    Agent(Proof),
    Enrolment(EnrolmentTokenId),
}

/// What every refused caller is told: who has no key learns nothing about who has.
pub(crate) const REFUSAL: &str = "the agent or token is unknown or revoked, or its key does not fit";

pub(crate) async fn challenge(authenticator: &dyn Authenticator) -> Challenge {
    Challenge::generate(authenticator.orchestrator_key().await, &mut rand::thread_rng())
}

/// Returns the caller's route, or nothing if it is to be refused.
pub(crate) async fn admit(
    authenticator: &dyn Authenticator,
    challenge: &Challenge,
    answer: &Answer,
) -> Option<Route> {
    match answer {
        Answer::Agent(proof) => {
            let key = authenticator.agent_key(proof.agent).await?;
            if let Err(error) = proof.verify(challenge, &key) {
                tracing::warn!(agent.id = %proof.agent, "refused a login as agent {}: {error}", proof.agent);
                return None;
            }
            Some(Route::Agent(proof.agent))
        }
        Answer::Enrolment(token) => {
            let session = EnrolmentSessionId::random(&mut rand::thread_rng());
            authenticator.token_is_known(*token).await.then_some(Route::Enrolment(session))
        }
    }
}
