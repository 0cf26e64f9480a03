//! Doing something on a host now.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use hostwright_model::application::Action;
use hostwright_model::names::{ApplicationName, ResourceName};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::OrganizationPermit;
use crate::access::right::ActOnHosts;
use crate::api::answers::{accepted, with_changes};
use crate::api::body::NoBody;
use crate::api::{ApiError, host_path};
use crate::app::App;
use crate::operations::live_actions;

/// Routes of actions.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(send_file))
        .routes(routes!(execute_file))
        .routes(routes!(restart_service))
        .routes(routes!(reload_service))
        .routes(routes!(run_handler))
}

/// Renders a file of an application again and sends it.
#[utoipa::path(put,
    path = "/organizations/{organization}/environments/{environment}/hosts/{host}/applications/{application}/files/{file}/_update",
    tag = "actions", responses((status = 202)))]
async fn send_file(permit: OrganizationPermit<ActOnHosts>, _body: NoBody) -> Result<Response, ApiError> {
    act(permit, "file", Action::Update).await
}

/// Runs a file of an application on the host.
#[utoipa::path(put,
    path = "/organizations/{organization}/environments/{environment}/hosts/{host}/applications/{application}/files/{file}/_execute",
    tag = "actions", responses((status = 202)))]
async fn execute_file(permit: OrganizationPermit<ActOnHosts>, _body: NoBody) -> Result<Response, ApiError> {
    act(permit, "file", Action::Execute).await
}

/// Restarts a service of an application.
#[utoipa::path(put,
    path = "/organizations/{organization}/environments/{environment}/hosts/{host}/applications/{application}/services/{service}/_restart",
    tag = "actions", responses((status = 202)))]
async fn restart_service(
    permit: OrganizationPermit<ActOnHosts>,
    _body: NoBody,
) -> Result<Response, ApiError> {
    act(permit, "service", Action::Restart).await
}

/// Reloads a service of an application.
#[utoipa::path(put,
    path = "/organizations/{organization}/environments/{environment}/hosts/{host}/applications/{application}/services/{service}/_reload",
    tag = "actions", responses((status = 202)))]
async fn reload_service(permit: OrganizationPermit<ActOnHosts>, _body: NoBody) -> Result<Response, ApiError> {
    act(permit, "service", Action::Reload).await
}

/// Runs a named handler of an application; answers the key of the change that it made.
#[utoipa::path(put,
    path = "/organizations/{organization}/environments/{environment}/hosts/{host}/applications/{application}/handler/{handler}/_run",
    tag = "actions", responses((status = 202, body = String, content_type = "text/plain")))]
async fn run_handler(permit: OrganizationPermit<ActOnHosts>, _body: NoBody) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let (path, application) = (host_path(&scope.names)?, scope.names.get("application")?);
    let handler: ResourceName = scope.names.get("handler")?;
    let change =
        live_actions::run_handler(&mut scope.work, &scope.organization, &path, &application, &handler)
            .await?;
    let answer = (StatusCode::ACCEPTED, change.id.to_string()).into_response();
    let answer = with_changes(&mut scope.work, &scope.organization, &[change], answer).await?;
    scope.commit(answer).await
}

async fn act(
    permit: OrganizationPermit<ActOnHosts>,
    word: &'static str,
    action: impl FnOnce(ResourceName) -> Action,
) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let path = host_path(&scope.names)?;
    let application: ApplicationName = scope.names.get("application")?;
    let action = action(scope.names.get(word)?);
    let change =
        live_actions::act(&mut scope.work, &scope.organization, &path, &application, &action).await?;
    let answer = with_changes(&mut scope.work, &scope.organization, &[change], accepted()).await?;
    scope.commit(answer).await
}
