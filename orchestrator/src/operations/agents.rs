//! Agents: looking at them, and believing them no more.

use hostwright_model::agent::Agent;
use hostwright_model::change::{ChangeEnding, ChangeState};
use hostwright_model::context::{Installation, Subject};
use hostwright_model::event::Occurrence;
use hostwright_model::host::Host;
use hostwright_model::ids::AgentId;
use hostwright_model::instance::InstanceState;
use hostwright_model::names::{EnvironmentName, HostName};
use hostwright_model::organization::Organization;
use hostwright_model::plugin::{Plugin, PluginStanding};

use super::{OperationError, Work, hosts, sending};

/// An agent with what belongs to it.
#[derive(Clone, Debug)]
pub struct AgentView {
    /// Itself.
    pub agent: Agent,
    /// Where its host stands now.
    pub environment: Option<EnvironmentName>,
    /// Its host.
    pub host: Option<HostName>,
    /// The generation of the last change that was compiled for it.
    pub generation: u64,
    /// What it said of plugins, and which they are, as far as they are still known.
    pub plugins: Vec<(PluginStanding, Option<Plugin>)>,
}

/// Lists the agents of an organization that are trusted, by age.
pub async fn list_agents(
    work: &mut Work,
    organization: &Organization,
) -> Result<Vec<AgentView>, OperationError> {
    let mut views = Vec::new();
    for agent in work.tx.agents(organization.id).await?.into_iter().filter(Agent::is_trusted) {
        views.push(view(work, agent).await?);
    }
    Ok(views)
}

/// Finds an agent that is trusted.
pub async fn find_agent(
    work: &mut Work,
    organization: &Organization,
    id: AgentId,
) -> Result<AgentView, OperationError> {
    let agent = work.tx.agent(organization.id, id).await?.filter(Agent::is_trusted);
    view(work, agent.ok_or_else(|| OperationError::not_found("agent", id))?).await
}

/// Believes an agent no more. Its host keeps its blueprint; another machine can enrol for it and is told everything.
pub async fn revoke_agent(
    work: &mut Work,
    organization: &Organization,
    id: AgentId,
) -> Result<(), OperationError> {
    let agent = work.tx.agent(organization.id, id).await?.filter(Agent::is_trusted);
    let agent = agent.ok_or_else(|| OperationError::not_found("agent", id))?;
    // The host first, as everywhere: two who lock the same in different orders wait for each other for ever.
    let host = match agent.host {
        Some(host) => work.tx.lock_hosts(organization.id, &[host]).await?.pop(),
        None => None,
    };
    if let Some(mut host) = host {
        let_go(work, organization, &mut host).await?;
    }
    work.tx.revoke_agent(organization.id, id, work.now()).await?;
    work.record(organization.id, Occurrence::AgentRevoked { agent: id });
    work.dismiss(id);
    Ok(())
}

/// Ends everything that hung on the machine of a host, whose blueprint stays. The caller revokes the agent.
pub(crate) async fn let_go(
    work: &mut Work,
    organization: &Organization,
    host: &mut Host,
) -> Result<(), OperationError> {
    for mut change in work.tx.open_changes(organization.id, host.id).await? {
        let ending = match change.state {
            ChangeState::Running { .. } => ChangeEnding::Interrupted,
            _ => ChangeEnding::Cancelled,
        };
        let message = "the agent is not believed any more".to_owned();
        change.end(ending, work.now(), Some(message)).map_err(OperationError::internal)?;
        work.tx.save_change(&change).await?;
        sending::record_states(work, host, &change).await?;
    }
    work.tx.clear_desired(organization.id, host.id).await?;
    work.tx.close_alerts(organization.id, host.id).await?;
    for mut context in work.tx.contexts(organization.id, host.id).await? {
        let Subject::Application(on_host) = &mut context.subject else { continue };
        match on_host.installation {
            Installation::Recorded => {}
            Installation::Installed => {
                on_host.installation = Installation::Recorded;
                work.tx.update_context(&mut context).await?;
            }
            Installation::Uninstalling => {
                work.tx.delete_context(organization.id, context.id).await?;
            }
        }
    }
    host.generation = 0;
    if host.state.is_provisioned() {
        host.state = hostwright_model::host::HostState::Ready { since: work.now() };
    }
    work.tx.save_host_state(host).await?;
    if let Some(mut instance) = work.tx.instance(organization.id, host.id).await? {
        instance.state = InstanceState::Undefined;
        work.tx.update_instance(&mut instance).await?;
    }
    Ok(())
}

async fn view(work: &mut Work, agent: Agent) -> Result<AgentView, OperationError> {
    let mut plugins = Vec::new();
    let known = work.tx.plugins().await?;
    for standing in work.tx.plugin_standings(agent.organization, agent.id).await? {
        let plugin = known.iter().find(|plugin| plugin.digest == standing.digest).cloned();
        plugins.push((standing, plugin));
    }
    let host = match agent.host {
        Some(host) => work.tx.host(agent.organization, host).await?,
        None => None,
    };
    let (environment, generation, host) = match host {
        Some(host) => {
            let path = hosts::path_of(work, &host).await?;
            (Some(path.environment), host.generation, Some(path.host))
        }
        None => {
            let environment = work.tx.environment(agent.organization, agent.environment).await?;
            (environment.map(|environment| environment.name), 0, None)
        }
    };
    Ok(AgentView { agent, environment, host, generation, plugins })
}
