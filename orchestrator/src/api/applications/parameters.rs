//! Parameters of applications.

use axum::response::Response;
use hostwright_api_types as api;
use hostwright_model::application::{Application, Problem};
use hostwright_model::names::ApplicationName;
use hostwright_model::parameter::Parameter;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::drafts::Reading;
use super::represented::represent_parameter;
use crate::access::right::{ReadApplications, WriteApplications};
use crate::access::{Names, OrganizationPermit, OrganizationScope};
use crate::api::ApiError;
use crate::api::answers::{created, deleted, entity, list, location};
use crate::api::body::JsonBody;
use crate::api::conditional::IfMatch;
use crate::api::query::{PageQuery, Query};
use crate::app::App;
use crate::operations::{OperationError, applications};

/// Routes of parameters of applications.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_parameters, create_parameter)).routes(routes!(
        show_parameter,
        update_parameter,
        delete_parameter
    ))
}

/// Lists the parameters of an application.
#[utoipa::path(get, path = "/organizations/{organization}/applications/{application}/parameters", tag = "applications",
    params(PageQuery), responses((status = 200, body = api::List<api::Parameter>)))]
async fn list_parameters(
    permit: OrganizationPermit<ReadApplications>,
    query: Query,
) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let application = application(&mut scope).await?;
    Ok(scope.read(list(application.parameters.iter().map(represent_parameter).collect(), &page)))
}

/// Adds a parameter to an application.
#[utoipa::path(post, path = "/organizations/{organization}/applications/{application}/parameters", tag = "applications",
    request_body = api::Parameter, responses((status = 200, body = api::Parameter)))]
async fn create_parameter(
    permit: OrganizationPermit<WriteApplications>,
    JsonBody(input): JsonBody<api::Parameter>,
) -> Result<Response, ApiError> {
    let parameter = read(input)?;
    let mut scope = permit.begin().await?;
    let current = application(&mut scope).await?;
    let key = parameter.key.clone();
    if current.parameters.iter().any(|known| known.key == key) {
        return Err(OperationError::Taken { what: "parameter", name: key.to_string() }.into());
    }
    let stored = put(&mut scope, &current.name, parameter).await?;
    let organization = scope.organization.name.as_str();
    let name = current.name.as_str();
    let location =
        location(&["organizations", organization, "applications", name, "parameters", key.as_str()]);
    scope.commit(created(&location, stored.version, represent_parameter(&stored))).await
}

/// Shows a parameter of an application, by its key or its name.
#[utoipa::path(get, path = "/organizations/{organization}/applications/{application}/parameters/{key}",
    tag = "applications", responses((status = 200, body = api::Parameter)))]
async fn show_parameter(permit: OrganizationPermit<ReadApplications>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let application = application(&mut scope).await?;
    let parameter = find_parameter(&application.parameters, &scope.names)?;
    let answer = entity(parameter.version, represent_parameter(parameter));
    Ok(scope.read(answer))
}

/// Replaces a parameter, which is found by its key or its name. It keeps its key; its name may be another.
#[utoipa::path(put, path = "/organizations/{organization}/applications/{application}/parameters/{key}",
    tag = "applications", request_body = api::Parameter, responses((status = 200, body = api::Parameter)))]
async fn update_parameter(
    permit: OrganizationPermit<WriteApplications>,
    if_match: IfMatch,
    JsonBody(input): JsonBody<api::Parameter>,
) -> Result<Response, ApiError> {
    let parameter = read(input)?;
    let mut scope = permit.begin().await?;
    let current = application(&mut scope).await?;
    let before = find_parameter(&current.parameters, &scope.names)?;
    if_match.check("the parameter", before.version)?;
    if before.key != parameter.key {
        let detail = "`key` is another one than in the path: add the other parameter, and delete this one";
        return Err(ApiError::invalid("/key", detail));
    }
    let stored = put(&mut scope, &current.name, parameter).await?;
    scope.commit(entity(stored.version, represent_parameter(&stored))).await
}

/// Deletes a parameter. Settings with its key stay and say nothing to the application any more.
#[utoipa::path(delete, path = "/organizations/{organization}/applications/{application}/parameters/{key}",
    tag = "applications", responses((status = 204)))]
async fn delete_parameter(
    permit: OrganizationPermit<WriteApplications>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let current = application(&mut scope).await?;
    let before = find_parameter(&current.parameters, &scope.names)?;
    if_match.check("the parameter", before.version)?;
    applications::delete_parameter(&mut scope.work, &scope.organization, &current.name, &before.key).await?;
    scope.commit(deleted()).await
}

async fn application(scope: &mut OrganizationScope) -> Result<Application, ApiError> {
    let name: ApplicationName = scope.names.get("application")?;
    Ok(applications::find_application(&mut scope.work, &scope.organization, &name).await?)
}

/// Finds the parameter that the path names by its key, or else by its name if only one has it: names need not be unique.
pub(in crate::api) fn find_parameter<'a>(
    parameters: &'a [Parameter],
    names: &Names,
) -> Result<&'a Parameter, OperationError> {
    let text = names.text("key");
    if let Some(parameter) = parameters.iter().find(|parameter| parameter.key.as_str() == text) {
        return Ok(parameter);
    }
    let mut named = parameters.iter().filter(|parameter| parameter.name == text);
    match (named.next(), named.next()) {
        (Some(parameter), None) => Ok(parameter),
        (None, _) => Err(OperationError::not_found("parameter", text)),
        (Some(_), Some(_)) => Err(OperationError::conflict(format!(
            "several parameters are called `{text}`: say which by its key"
        ))),
    }
}

fn read(input: api::Parameter) -> Result<Parameter, ApiError> {
    let mut reading = Reading::default();
    let parameter = reading.parameter(input, "");
    reading.finish(parameter)?.ok_or_else(|| ApiError::bad_request("the parameter is not right"))
}

/// Stores a parameter; problems point into the parameter instead of the application.
async fn put(
    scope: &mut OrganizationScope,
    application: &ApplicationName,
    parameter: Parameter,
) -> Result<Parameter, ApiError> {
    let key = parameter.key.clone();
    let stored =
        applications::put_parameter(&mut scope.work, &scope.organization, application, parameter).await;
    let stored = stored.map_err(|error| match error {
        OperationError::Invalid(problems) => {
            let problems =
                problems.into_iter().map(|problem| Problem { pointer: within(&problem.pointer), ..problem });
            OperationError::Invalid(problems.collect())
        }
        other => other,
    })?;
    let found = stored.parameters.into_iter().find(|parameter| parameter.key == key);
    found.ok_or_else(|| OperationError::not_found("parameter", key).into())
}

/// Turns `/parameters/3/value` into `/value`.
fn within(pointer: &str) -> String {
    let rest = pointer
        .strip_prefix("/parameters/")
        .and_then(|rest| rest.find('/').map(|slash| rest[slash..].to_owned()));
    rest.unwrap_or_else(|| pointer.to_owned())
}
