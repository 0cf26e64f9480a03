//! What would happen on a host.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use hostwright_api_types as api;
use hostwright_model::plan::TaskPlan;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::changes::difference;
use crate::access::OrganizationPermit;
use crate::access::right::ActOnHosts;
use crate::api::body::OptionalJsonBody;
use crate::api::{ApiError, host_path, reference, references, settings};
use crate::app::App;
use crate::operations::planning::{self, HostPlan, PlanHost};

/// Routes of dry runs.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(plan_host, plan_host_by_put))
}

/// Asks the machine what would change: with an empty body, everything that is recorded and not there yet.
#[utoipa::path(post, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/_plan", tag = "hosts",
    request_body = api::PlanInput, responses((status = 200, body = api::Plan)))]
async fn plan_host(
    permit: OrganizationPermit<ActOnHosts>,
    body: OptionalJsonBody<api::PlanInput>,
) -> Result<Response, ApiError> {
    plan(permit, body).await
}

/// The same by the verb of actions.
#[utoipa::path(put, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/_plan", tag = "hosts",
    request_body = api::PlanInput, responses((status = 200, body = api::Plan)))]
async fn plan_host_by_put(
    permit: OrganizationPermit<ActOnHosts>,
    body: OptionalJsonBody<api::PlanInput>,
) -> Result<Response, ApiError> {
    plan(permit, body).await
}

async fn plan(
    permit: OrganizationPermit<ActOnHosts>,
    OptionalJsonBody(input): OptionalJsonBody<api::PlanInput>,
) -> Result<Response, ApiError> {
    let api::PlanInput { install, uninstall, settings } = input;
    let mut drafts = Vec::with_capacity(settings.len());
    for (index, wanted) in settings.into_iter().enumerate() {
        let pointer = format!("/settings/{index}");
        let application = reference(wanted.application, &format!("{pointer}/application"))?;
        drafts.push((application, settings::draft(wanted.setting, None, &pointer)?));
    }
    let input = PlanHost {
        install: references(install, "/install")?,
        uninstall: references(uninstall, "/uninstall")?,
        settings: drafts,
    };
    let scope = permit.look().await?;
    let (organization, path) = (scope.organization, host_path(&scope.names)?);
    let HostPlan { tasks, contents } =
        planning::plan_host(permit.app(), permit.actor(), &organization, &path, input).await?;
    let tasks = tasks.iter().map(represent).collect();
    Ok(Json(api::Plan { state: "planned".to_owned(), tasks, contents }).into_response())
}

fn represent(plan: &TaskPlan) -> api::PlannedTask {
    let TaskPlan { task, differences, actions, message, error } = plan;
    api::PlannedTask {
        order_num: u64::from(task.number),
        description: task.description.clone(),
        collection: task.resource.collection.clone(),
        id: task.resource.id.clone(),
        differences: differences.iter().map(difference).collect(),
        actions: actions.clone(),
        message: message.clone(),
        error: error.clone(),
    }
}
