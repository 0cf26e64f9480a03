//! Doing something on a host now.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use hostwright_model::application::Action;
use hostwright_model::compile::Part;
use hostwright_model::context::ServiceOverride;
use hostwright_model::names::{ApplicationName, ResourceName};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::OrganizationPermit;
use crate::access::right::ActOnHosts;
use crate::api::answers::{accepted, with_changes};
use crate::api::body::NoBody;
use crate::api::query::Query;
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
        .routes(routes!(update_service))
        .routes(routes!(enable_service))
        .routes(routes!(disable_service))
        .routes(routes!(install_package))
        .routes(routes!(update_package))
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

/// Makes a service of an application as it is declared.
#[utoipa::path(put,
    path = "/organizations/{organization}/environments/{environment}/hosts/{host}/applications/{application}/services/{service}/_update",
    tag = "actions", responses((status = 202)))]
async fn update_service(permit: OrganizationPermit<ActOnHosts>, _body: NoBody) -> Result<Response, ApiError> {
    let name: ResourceName = permit.names().get("service")?;
    make(permit, Part::Service(&name), "update").await
}

/// Has a service of an application start with the machine from now on, on this host.
#[utoipa::path(put,
    path = "/organizations/{organization}/environments/{environment}/hosts/{host}/applications/{application}/services/{service}/_enable",
    tag = "actions", responses((status = 202)))]
async fn enable_service(permit: OrganizationPermit<ActOnHosts>, _body: NoBody) -> Result<Response, ApiError> {
    set_enabled(permit, true).await
}

/// Has a service of an application not start with the machine from now on, on this host.
#[utoipa::path(put,
    path = "/organizations/{organization}/environments/{environment}/hosts/{host}/applications/{application}/services/{service}/_disable",
    tag = "actions", responses((status = 202)))]
async fn disable_service(
    permit: OrganizationPermit<ActOnHosts>,
    _body: NoBody,
) -> Result<Response, ApiError> {
    set_enabled(permit, false).await
}

/// Makes a package of an application as it is declared.
#[utoipa::path(put,
    path = "/organizations/{organization}/environments/{environment}/hosts/{host}/applications/{application}/packages/{package}/_install",
    tag = "actions", responses((status = 202)))]
async fn install_package(
    permit: OrganizationPermit<ActOnHosts>,
    _body: NoBody,
) -> Result<Response, ApiError> {
    let name: ResourceName = permit.names().get("package")?;
    make(permit, Part::Package { name: &name, version: None }, "install").await
}

/// Brings a package of an application to a version: to the one that is declared unless another is given. That holds until
/// the application is applied again.
#[utoipa::path(put,
    path = "/organizations/{organization}/environments/{environment}/hosts/{host}/applications/{application}/packages/{package}/_update",
    tag = "actions", params(("release" = Option<String>, Query, description = "the version")),
    responses((status = 202)))]
async fn update_package(
    permit: OrganizationPermit<ActOnHosts>,
    query: Query,
    _body: NoBody,
) -> Result<Response, ApiError> {
    let release = query.text("release").filter(|text| !text.is_empty());
    if release.is_some_and(|text| !is_version(text)) {
        let detail = "query parameter `release`: a version is made of letters, digits and `.+~:_-`";
        return Err(ApiError::bad_request(detail));
    }
    let name: ResourceName = permit.names().get("package")?;
    make(permit, Part::Package { name: &name, version: release }, "update").await
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

async fn make(
    permit: OrganizationPermit<ActOnHosts>,
    part: Part<'_>,
    verb: &'static str,
) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let (path, application) = (host_path(&scope.names)?, scope.names.get("application")?);
    let (work, organization) = (&mut scope.work, &scope.organization);
    let change = live_actions::make(work, organization, &path, &application, &[part], verb).await?;
    let answer = with_changes(&mut scope.work, &scope.organization, &[change], accepted()).await?;
    scope.commit(answer).await
}

async fn set_enabled(permit: OrganizationPermit<ActOnHosts>, enabled: bool) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let (path, application) = (host_path(&scope.names)?, scope.names.get("application")?);
    let service = ServiceOverride { name: scope.names.get("service")?, enabled };
    let (work, organization) = (&mut scope.work, &scope.organization);
    let change = live_actions::enable_service(work, organization, &path, &application, &service).await?;
    let answer = with_changes(&mut scope.work, &scope.organization, &[change], accepted()).await?;
    scope.commit(answer).await
}

/// Whether package managers could mean something by it.
fn is_version(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(|character| character.is_ascii_alphanumeric() || ".+~:_-".contains(character))
}
