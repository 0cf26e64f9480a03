//! How much there is of everything, for those who watch the site.

use std::collections::BTreeMap;

use hostwright_model::agent::Presence;

use super::{OperationError, Work};

/// How much there is of everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Organizations.
    pub organizations: u64,
    /// Hosts, by state.
    pub hosts: BTreeMap<&'static str, u64>,
    /// Agents that are trusted, by presence.
    pub agents: BTreeMap<&'static str, u64>,
    /// Changes that have not ended.
    pub open_changes: u64,
    /// Resources that are not as desired.
    pub open_alerts: u64,
    /// Agents with messages that they have not receipted.
    pub agents_with_messages: u64,
    /// The number of the latest event.
    pub latest_event: i64,
}

/// Counts everything.
pub async fn count(work: &mut Work) -> Result<Metrics, OperationError> {
    let mut metrics = Metrics::default();
    for organization in work.tx.organizations().await? {
        metrics.organizations += 1;
        for host in work.tx.all_hosts(organization.id).await? {
            *metrics.hosts.entry(host.state.name()).or_default() += 1;
            metrics.open_changes += work.tx.open_changes(organization.id, host.id).await?.len() as u64;
            metrics.open_alerts += work.tx.alerts(organization.id, host.id).await?.len() as u64;
        }
        for agent in work
            .tx
            .agents(organization.id)
            .await?
            .into_iter()
            .filter(hostwright_model::agent::Agent::is_trusted)
        {
            let presence = match agent.presence {
                Presence::Up => "up",
                Presence::Down => "down",
            };
            *metrics.agents.entry(presence).or_default() += 1;
        }
    }
    metrics.agents_with_messages = work.tx.agents_with_messages(u32::MAX >> 1).await?.len() as u64;
    metrics.latest_event = work.tx.latest_event_id().await?;
    Ok(metrics)
}
