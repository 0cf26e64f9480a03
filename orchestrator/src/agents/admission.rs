//! Who may open a session.

use std::sync::Arc;

use async_trait::async_trait;
use hostwright_bus::Authenticator;
use hostwright_model::clock::Clock;
use hostwright_protocol::ids::{AgentId, EnrolmentTokenId};
use hostwright_protocol::keys::{KeyId, OrchestratorKeys, VerifyingKey};
use hostwright_store::Store;

/// Lets in agents that are trusted, and machines with a token that can still be used.
pub struct Admission {
    store: Store,
    clock: Arc<dyn Clock>,
    keys: Arc<OrchestratorKeys>,
}

impl Admission {
    /// Looks into a store; logins are bound to these keys.
    pub fn new(store: Store, clock: Arc<dyn Clock>, keys: Arc<OrchestratorKeys>) -> Self {
        Self { store, clock, keys }
    }
}

#[async_trait]
impl Authenticator for Admission {
    async fn agent_key(&self, agent: AgentId) -> Option<VerifyingKey> {
        match self.find_key(agent).await {
            Ok(key) => key,
            Err(error) => {
                tracing::warn!(agent.id = %agent, "an agent cannot be let in: {error}");
                None
            }
        }
    }

    async fn token_is_known(&self, token: EnrolmentTokenId) -> bool {
        match self.find_token(token).await {
            Ok(known) => known,
            Err(error) => {
                tracing::warn!("a machine cannot be let in to enrol: {error}");
                false
            }
        }
    }

    async fn orchestrator_key(&self) -> KeyId {
        self.keys.key_id()
    }
}

impl Admission {
    async fn find_key(&self, agent: AgentId) -> Result<Option<VerifyingKey>, hostwright_store::Error> {
        let mut tx = self.store.read().await?;
        let agent = tx.agent_by_id(agent).await?.filter(hostwright_model::agent::Agent::is_trusted);
        Ok(agent.and_then(|agent| VerifyingKey::from_bytes(&agent.signing_key).ok()))
    }

    /// A token that is used up still lets in: the machine that used it may have lost the answer. Whether it gets one is
    /// decided by its keys.
    async fn find_token(&self, token: EnrolmentTokenId) -> Result<bool, hostwright_store::Error> {
        let mut tx = self.store.read().await?;
        let token = tx.enrolment_token_by_id(token).await?;
        Ok(token.is_some_and(|token| self.clock.now() < token.expires_at))
    }
}
