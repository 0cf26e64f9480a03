//! Agents.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hostwright_model::agent::{Agent, Presence};
use hostwright_model::ids::{AgentId, HostId, OrganizationId};

use crate::Error;

/// Agents. Their lanes are moved by [`Outbox`](crate::Outbox) and [`Reports`](crate::Reports) only.
#[async_trait]
pub trait Agents {
    /// Stores a new one with lanes that begin at epoch 1; [`Error::Taken`] if its host has a trusted one already.
    async fn insert_agent(&mut self, agent: &Agent) -> Result<(), Error>;

    /// Finds one by id alone, because a session says nothing else; revoked ones, too.
    async fn agent_by_id(&mut self, id: AgentId) -> Result<Option<Agent>, Error>;

    /// Finds one by id.
    async fn agent(&mut self, organization: OrganizationId, id: AgentId) -> Result<Option<Agent>, Error>;

    /// Finds the trusted one of a host.
    async fn agent_of_host(
        &mut self,
        organization: OrganizationId,
        host: HostId,
    ) -> Result<Option<Agent>, Error>;

    /// Lists all, by age; revoked ones, too.
    async fn agents(&mut self, organization: OrganizationId) -> Result<Vec<Agent>, Error>;

    /// Notes that an agent was heard of, or lost.
    async fn save_presence(
        &mut self,
        id: AgentId,
        presence: Presence,
        last_seen: Option<DateTime<Utc>>,
    ) -> Result<(), Error>;

    /// Notes the version that an agent says it is.
    async fn save_agent_version(&mut self, id: AgentId, version: &str) -> Result<(), Error>;

    /// Notes that no agent has a session, e.g. because the orchestrator has just started.
    async fn all_agents_down(&mut self) -> Result<(), Error>;

    /// Believes an agent no more and forgets what was to reach it; says whether it was trusted.
    async fn revoke_agent(
        &mut self,
        organization: OrganizationId,
        id: AgentId,
        at: DateTime<Utc>,
    ) -> Result<bool, Error>;
}
