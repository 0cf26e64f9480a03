//! Environments.

use axum::response::Response;
use hostwright_api_types as api;
use hostwright_model::environment::Environment;
use hostwright_model::names::EnvironmentName;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answers::{created, deleted, entity, list, location, with_changes};
use super::body::JsonBody;
use super::conditional::IfMatch;
use super::query::{PageQuery, Query};
use super::{ApiError, new_name, other_name, settings};
use crate::access::right::{ReadEnvironments, WriteEnvironments};
use crate::access::{OrganizationPermit, OrganizationScope};
use crate::app::App;
use crate::operations::environments::{
    self, CreateEnvironment, EnvironmentView, UpdateEnvironment, view_environment,
};
use crate::operations::settings::Level;

/// Routes of environments.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_environments, create_environment)).routes(routes!(
        show_environment,
        update_environment,
        delete_environment
    ))
}

/// Lists the environments of an organization.
#[utoipa::path(get, path = "/organizations/{organization}/environments", tag = "environments", params(PageQuery),
    responses((status = 200, body = api::List<api::Environment>)))]
async fn list_environments(
    permit: OrganizationPermit<ReadEnvironments>,
    query: Query,
) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let mut items = Vec::new();
    for environment in environments::list_environments(&mut scope.work, &scope.organization).await? {
        items.push(represent(&mut scope, environment).await?);
    }
    Ok(scope.read(list(items, &page)))
}

/// Makes an environment.
#[utoipa::path(post, path = "/organizations/{organization}/environments", tag = "environments",
    request_body = api::EnvironmentInput, responses((status = 200, body = api::Environment)))]
async fn create_environment(
    permit: OrganizationPermit<WriteEnvironments>,
    JsonBody(input): JsonBody<api::EnvironmentInput>,
) -> Result<Response, ApiError> {
    let api::EnvironmentInput { name, description, settings } = input;
    let name: EnvironmentName = new_name(name)?;
    let drafts = settings::drafts(settings.unwrap_or_default(), "/settings")?;
    let mut scope = permit.begin().await?;
    let input = CreateEnvironment { name: name.clone(), description: description.unwrap_or_default() };
    environments::create_environment(&mut scope.work, &scope.organization, input).await?;
    if !drafts.is_empty() {
        let level = Level::Environment(name.clone());
        settings::define(&mut scope.work, &scope.organization, &level, drafts).await?;
    }
    let environment = environments::find_environment(&mut scope.work, &scope.organization, &name).await?;
    let location = location(&[
        "organizations",
        scope.organization.name.as_str(),
        "environments",
        environment.name.as_str(),
    ]);
    let body = represent(&mut scope, environment).await?;
    scope.commit(created(&location, body.version, body)).await
}

/// Shows an environment.
#[utoipa::path(get, path = "/organizations/{organization}/environments/{environment}", tag = "environments",
    responses((status = 200, body = api::Environment)))]
async fn show_environment(permit: OrganizationPermit<ReadEnvironments>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let environment = scope.environment().await?;
    let body = represent(&mut scope, environment).await?;
    Ok(scope.read(entity(body.version, body)))
}

/// Replaces an environment's name, description and settings.
#[utoipa::path(put, path = "/organizations/{organization}/environments/{environment}", tag = "environments",
    request_body = api::EnvironmentInput, responses((status = 200, body = api::Environment)))]
async fn update_environment(
    permit: OrganizationPermit<WriteEnvironments>,
    if_match: IfMatch,
    JsonBody(input): JsonBody<api::EnvironmentInput>,
) -> Result<Response, ApiError> {
    let api::EnvironmentInput { name, description, settings } = input;
    let drafts = settings.map(|inputs| settings::drafts(inputs, "/settings")).transpose()?;
    let mut scope = permit.begin().await?;
    let mut environment = scope.environment().await?;
    if_match.check("the environment", environment.version)?;
    let name = other_name(name, &environment.name)?;
    let different = description.as_ref().is_some_and(|text| *text != environment.description);
    if name.is_some() || different {
        let input = UpdateEnvironment { name, description };
        environment = environments::update_environment(&mut scope.work, environment, input).await?;
    }
    let changes = match drafts {
        Some(drafts) => {
            settings::replace(&mut scope, &Level::Environment(environment.name.clone()), drafts).await?
        }
        None => Vec::new(),
    };
    // Settings raise the version too.
    let environment =
        environments::find_environment(&mut scope.work, &scope.organization, &environment.name).await?;
    let body = represent(&mut scope, environment).await?;
    let answer = entity(body.version, body);
    let answer = with_changes(&mut scope.work, &scope.organization, &changes, answer).await?;
    scope.commit(answer).await
}

/// Deletes an environment that has no hosts.
#[utoipa::path(delete, path = "/organizations/{organization}/environments/{environment}", tag = "environments",
    responses((status = 204)))]
async fn delete_environment(
    permit: OrganizationPermit<WriteEnvironments>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let environment = scope.environment().await?;
    if_match.check("the environment", environment.version)?;
    environments::delete_environment(&mut scope.work, &environment).await?;
    scope.commit(deleted()).await
}

async fn represent(
    scope: &mut OrganizationScope,
    environment: Environment,
) -> Result<api::Environment, ApiError> {
    let EnvironmentView { environment, hosts, settings } =
        view_environment(&mut scope.work, environment).await?;
    Ok(api::Environment {
        name: environment.name.to_string(),
        description: environment.description,
        uuid: environment.id.to_string(),
        version: environment.version,
        organization: scope.organization.name.to_string(),
        hosts: hosts.iter().map(ToString::to_string).collect(),
        settings: settings.iter().map(settings::represent).collect(),
    })
}
