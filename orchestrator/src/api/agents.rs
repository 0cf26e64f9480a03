//! Agents.

use axum::Json;
use axum::response::Response;
use hostwright_api_types as api;
use hostwright_model::ids::AgentId;
use hostwright_model::plugin::{Plugin, PluginStanding};
use hostwright_protocol::messages::PluginState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiError;
use super::answers::{deleted, list};
use super::query::{PageQuery, Query};
use crate::access::right::{ReadAgents, WriteAgents};
use crate::access::{Names, OrganizationPermit};
use crate::app::App;
use crate::operations::OperationError;
use crate::operations::agents::{self, AgentView};

/// Routes of agents.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_agents)).routes(routes!(show_agent, revoke_agent))
}

/// Lists the agents of an organization.
#[utoipa::path(get, path = "/organizations/{organization}/agents", tag = "agents", params(PageQuery),
    responses((status = 200, body = api::List<api::Agent>)))]
async fn list_agents(permit: OrganizationPermit<ReadAgents>, query: Query) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let views = agents::list_agents(&mut scope.work, &scope.organization).await?;
    let organization = scope.organization.name.to_string();
    let items = views.into_iter().map(|view| represent(view, &organization)).collect();
    Ok(scope.read(list::<api::Agent>(items, &page)))
}

/// Shows an agent.
#[utoipa::path(get, path = "/organizations/{organization}/agents/{uuid}", tag = "agents",
    responses((status = 200, body = api::Agent)))]
async fn show_agent(permit: OrganizationPermit<ReadAgents>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let id = id(&scope.names)?;
    let view = agents::find_agent(&mut scope.work, &scope.organization, id).await?;
    let body = represent(view, scope.organization.name.as_str());
    Ok(scope.read(Json(body)))
}

/// Trusts an agent no longer. Its host keeps its blueprint, and another machine can enrol for it.
#[utoipa::path(delete, path = "/organizations/{organization}/agents/{uuid}", tag = "agents", responses((status = 204)))]
async fn revoke_agent(permit: OrganizationPermit<WriteAgents>) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let id = id(&scope.names)?;
    agents::revoke_agent(&mut scope.work, &scope.organization, id).await?;
    scope.commit(deleted()).await
}

fn id(names: &Names) -> Result<AgentId, OperationError> {
    let text = names.text("uuid");
    text.parse().map_err(|_| OperationError::not_found("agent", text))
}

fn represent(view: AgentView, organization: &str) -> api::Agent {
    let AgentView { agent, environment, host, generation, plugins } = view;
    api::Agent {
        uuid: agent.id.to_string(),
        organization: organization.to_owned(),
        environment: environment.map(|name| name.to_string()),
        host: host.map(|name| name.to_string()),
        state: agent.presence.name().to_owned(),
        version: Some(agent.version).filter(|version| !version.is_empty()),
        last_seen: agent.last_seen,
        generation,
        plugins: plugins
            .iter()
            .map(|(standing, plugin)| represent_plugin(standing, plugin.as_ref()))
            .collect(),
    }
}

fn represent_plugin(standing: &PluginStanding, plugin: Option<&Plugin>) -> api::AgentPlugin {
    api::AgentPlugin {
        plugin: standing.plugin.clone(),
        version: plugin.map(|plugin| plugin.version.clone()).unwrap_or_default(),
        collection: plugin.map(|plugin| plugin.kind.serves().to_owned()).unwrap_or_default(),
        state: match &standing.state {
            PluginState::Active => "active".to_owned(),
            PluginState::Idle { reason } => format!("idle: {reason}"),
            PluginState::Refused { error } => format!("refused: {error}"),
        },
    }
}
