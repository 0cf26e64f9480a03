//! Applications themselves.

use axum::response::Response;
use hostwright_api_types as api;
use hostwright_model::names::ApplicationName;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::drafts::{self, Reading};
use super::represented::represent;
use crate::access::OrganizationPermit;
use crate::access::right::{ReadApplications, WriteApplications};
use crate::api::answers::{created, deleted, entity, list, location};
use crate::api::body::{JsonBody, NoBody};
use crate::api::conditional::IfMatch;
use crate::api::query::{PageQuery, Query};
use crate::api::{ApiError, new_name, reference};
use crate::app::App;
use crate::operations::OperationError;
use crate::operations::applications::{self, ApplicationDraft};

/// Routes of applications themselves.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_applications, create_application))
        .routes(routes!(show_application, update_application, delete_application))
        .routes(routes!(clone_application))
        .routes(routes!(lock_application))
        .routes(routes!(unlock_application))
}

/// Lists the applications of an organization.
#[utoipa::path(get, path = "/organizations/{organization}/applications", tag = "applications", params(PageQuery),
    responses((status = 200, body = api::List<api::Application>)))]
async fn list_applications(
    permit: OrganizationPermit<ReadApplications>,
    query: Query,
) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let found = applications::list_applications(&mut scope.work, &scope.organization).await?;
    let organization = scope.organization.name.to_string();
    let items = found.iter().map(|application| represent(application, &organization)).collect();
    Ok(scope.read(list::<api::Application>(items, &page)))
}

/// Makes an application. The contents of its files are uploaded afterwards.
#[utoipa::path(post, path = "/organizations/{organization}/applications", tag = "applications",
    request_body = api::ApplicationInput, responses((status = 200, body = api::Application)))]
async fn create_application(
    permit: OrganizationPermit<WriteApplications>,
    JsonBody(mut input): JsonBody<api::ApplicationInput>,
) -> Result<Response, ApiError> {
    let name: ApplicationName = new_name(input.name.take())?;
    let description = input.description.take().unwrap_or_default();
    let draft = draft(input, name, description)?;
    let mut scope = permit.begin().await?;
    let application = applications::create_application(&mut scope.work, &scope.organization, draft).await?;
    let organization = scope.organization.name.as_str();
    let location = location(&["organizations", organization, "applications", application.name.as_str()]);
    let answer = created(&location, application.version, represent(&application, organization));
    scope.commit(answer).await
}

/// Shows an application.
#[utoipa::path(get, path = "/organizations/{organization}/applications/{application}", tag = "applications",
    responses((status = 200, body = api::Application)))]
async fn show_application(permit: OrganizationPermit<ReadApplications>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let name = scope.names.get("application")?;
    let application = applications::find_application(&mut scope.work, &scope.organization, &name).await?;
    let answer = entity(application.version, represent(&application, scope.organization.name.as_str()));
    Ok(scope.read(answer))
}

/// Replaces an application; files keep their contents by name. Hosts that have it are not touched: rebuild them.
#[utoipa::path(put, path = "/organizations/{organization}/applications/{application}", tag = "applications",
    request_body = api::ApplicationInput, responses((status = 200, body = api::Application)))]
async fn update_application(
    permit: OrganizationPermit<WriteApplications>,
    if_match: IfMatch,
    JsonBody(mut input): JsonBody<api::ApplicationInput>,
) -> Result<Response, ApiError> {
    let other: Option<ApplicationName> = reference(input.name.take(), "/name")?;
    let name: ApplicationName = permit.names().get("application")?;
    let description = input.description.take();
    let mut draft = draft(input, other.unwrap_or_else(|| name.clone()), String::new())?;
    let mut scope = permit.begin().await?;
    let current = applications::find_application(&mut scope.work, &scope.organization, &name).await?;
    if_match.check("the application", current.version)?;
    draft.description = description.unwrap_or(current.description);
    let application =
        applications::update_application(&mut scope.work, &scope.organization, &name, draft).await?;
    let answer = entity(application.version, represent(&application, scope.organization.name.as_str()));
    scope.commit(answer).await
}

/// Deletes an application that no host has.
#[utoipa::path(delete, path = "/organizations/{organization}/applications/{application}", tag = "applications",
    responses((status = 204)))]
async fn delete_application(
    permit: OrganizationPermit<WriteApplications>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let name = scope.names.get("application")?;
    let current = applications::find_application(&mut scope.work, &scope.organization, &name).await?;
    if_match.check("the application", current.version)?;
    applications::delete_application(&mut scope.work, &scope.organization, &name).await?;
    scope.commit(deleted()).await
}

/// Copies an application, as `NAME (1)` unless a name is given.
#[utoipa::path(put, path = "/organizations/{organization}/applications/{application}/_clone", tag = "applications",
    params(("name" = Option<String>, Query, description = "what to call the copy")),
    responses((status = 200, body = api::Application)))]
async fn clone_application(
    permit: OrganizationPermit<WriteApplications>,
    query: Query,
    _body: NoBody,
) -> Result<Response, ApiError> {
    let copy: Option<ApplicationName> = match query.text("name") {
        Some(text) => {
            let refuse = |error| ApiError::bad_request(format!("query parameter `name`: {error}"));
            Some(text.parse().map_err(|error: hostwright_model::names::InvalidName| refuse(error))?)
        }
        None => None,
    };
    let mut scope = permit.begin().await?;
    let name = scope.names.get("application")?;
    let application =
        applications::clone_application(&mut scope.work, &scope.organization, &name, copy).await?;
    let organization = scope.organization.name.as_str();
    let location = location(&["organizations", organization, "applications", application.name.as_str()]);
    let answer = created(&location, application.version, represent(&application, organization));
    scope.commit(answer).await
}

/// Refuses from now on that an application is changed or deleted.
#[utoipa::path(post, path = "/organizations/{organization}/applications/{application}/lock", tag = "applications",
    responses((status = 200, body = api::Application)))]
async fn lock_application(
    permit: OrganizationPermit<WriteApplications>,
    _body: NoBody,
) -> Result<Response, ApiError> {
    set_locked(permit, true).await
}

/// Allows again that an application is changed or deleted.
#[utoipa::path(post, path = "/organizations/{organization}/applications/{application}/unlock", tag = "applications",
    responses((status = 200, body = api::Application)))]
async fn unlock_application(
    permit: OrganizationPermit<WriteApplications>,
    _body: NoBody,
) -> Result<Response, ApiError> {
    set_locked(permit, false).await
}

async fn set_locked(
    permit: OrganizationPermit<WriteApplications>,
    locked: bool,
) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let name = scope.names.get("application")?;
    let application = applications::set_locked(&mut scope.work, &scope.organization, &name, locked).await?;
    let answer = entity(application.version, represent(&application, scope.organization.name.as_str()));
    scope.commit(answer).await
}

fn draft(
    input: api::ApplicationInput,
    name: ApplicationName,
    description: String,
) -> Result<ApplicationDraft, OperationError> {
    let api::ApplicationInput {
        name: _,
        description: _,
        packages,
        services,
        files,
        directories,
        resources,
        parameters,
        handlers,
    } = input;
    let mut reading = Reading::default();
    let draft = ApplicationDraft {
        name,
        description,
        packages: reading.list(packages, "/packages", Reading::package),
        services: reading.list(services, "/services", Reading::service),
        directories: reading.list(directories, "/directories", Reading::directory),
        files: reading.list(files, "/files", Reading::file),
        resources: resources.into_iter().map(drafts::resource).collect(),
        parameters: reading.list(parameters, "/parameters", Reading::parameter),
        handlers: reading.list(handlers, "/handlers", Reading::handler),
    };
    reading.finish(draft)
}
