//! Who is enrolled, without a database.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use hostwright_protocol::ids::{AgentId, EnrolmentSessionId, EnrolmentTokenId};
use hostwright_protocol::keys::{AgentKeys, KeyId, VerifyingKey};

use crate::{Authenticator, Login};

/// An authenticator that knows whom it is told of.
#[derive(Default)]
pub struct Directory {
    agents: RwLock<HashMap<AgentId, VerifyingKey>>,
    tokens: RwLock<HashSet<EnrolmentTokenId>>,
}

impl Directory {
    /// Makes up an agent, enrols it, and returns how it logs in.
    pub fn enrol(&self) -> (AgentId, Login) {
        let keys = AgentKeys::generate(&mut rand::thread_rng());
        let agent = self.admit(&keys.public().signing);
        (agent, Login::Agent { agent, keys: Arc::new(keys) })
    }

    /// Enrols whoever has this key, and returns its new id.
    pub fn admit(&self, key: &VerifyingKey) -> AgentId {
        let agent = random_agent();
        self.agents.write().unwrap_or_else(PoisonError::into_inner).insert(agent, *key);
        agent
    }

    /// Makes up an agent that nobody knows.
    pub fn stranger() -> (AgentId, Login) {
        let agent = random_agent();
        (agent, Login::Agent { agent, keys: Arc::new(AgentKeys::generate(&mut rand::thread_rng())) })
    }

    /// Forgets an agent.
    pub fn revoke(&self, agent: AgentId) {
        self.agents.write().unwrap_or_else(PoisonError::into_inner).remove(&agent);
    }

    /// Makes up a token and returns how a machine logs in with it.
    pub fn issue_token(&self) -> Login {
        let token = Self::unknown_token();
        self.tokens.write().unwrap_or_else(PoisonError::into_inner).insert(token);
        Login::Enrolment { token }
    }

    /// Makes up a token that nobody knows.
    pub fn unknown_token() -> EnrolmentTokenId {
        EnrolmentTokenId::from_uuid(EnrolmentSessionId::random(&mut rand::thread_rng()).as_uuid())
    }
}

fn random_agent() -> AgentId {
    AgentId::from_uuid(EnrolmentSessionId::random(&mut rand::thread_rng()).as_uuid())
}

#[async_trait]
impl Authenticator for Directory {
    async fn agent_key(&self, agent: AgentId) -> Option<VerifyingKey> {
        self.agents.read().unwrap_or_else(PoisonError::into_inner).get(&agent).copied()
    }

    async fn token_is_known(&self, token: EnrolmentTokenId) -> bool {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner).contains(&token)
    }

    async fn orchestrator_key(&self) -> KeyId {
        KeyId::from_bytes([7; 16])
    }
}
