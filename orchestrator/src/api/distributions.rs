//! Distributions, to be looked at.

use axum::response::Response;
use hostwright_api_types as api;
use hostwright_model::distribution::Distribution;
use hostwright_model::template::TemplateFile;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answers::{entity, list};
use super::applications::{delimiter, find_parameter, represent_parameter};
use super::query::{PageQuery, Query};
use super::{ApiError, settings};
use crate::access::right::ReadDistributions;
use crate::access::{OrganizationPermit, OrganizationScope};
use crate::app::App;
use crate::operations::OperationError;
use crate::operations::distributions::{self, DistributionView, view_distribution};

/// Routes of distributions.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_distributions))
        .routes(routes!(show_distribution))
        .routes(routes!(list_distribution_parameters))
        .routes(routes!(show_distribution_parameter))
        .routes(routes!(list_distribution_files))
        .routes(routes!(show_distribution_file))
}

/// Lists the distributions of an organization.
#[utoipa::path(get, path = "/organizations/{organization}/distributions", tag = "distributions", params(PageQuery),
    responses((status = 200, body = api::List<api::Distribution>)))]
async fn list_distributions(
    permit: OrganizationPermit<ReadDistributions>,
    query: Query,
) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let mut items = Vec::new();
    for distribution in distributions::list_distributions(&mut scope.work, &scope.organization).await? {
        items.push(represent(&mut scope, distribution).await?);
    }
    Ok(scope.read(list(items, &page)))
}

/// Shows a distribution.
#[utoipa::path(get, path = "/organizations/{organization}/distributions/{distribution}", tag = "distributions",
    responses((status = 200, body = api::Distribution)))]
async fn show_distribution(permit: OrganizationPermit<ReadDistributions>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let distribution = find(&mut scope).await?;
    let version = distribution.version;
    let body = represent(&mut scope, distribution).await?;
    Ok(scope.read(entity(version, body)))
}

/// Lists the parameters of a distribution.
#[utoipa::path(get, path = "/organizations/{organization}/distributions/{distribution}/parameters", tag = "distributions",
    params(PageQuery), responses((status = 200, body = api::List<api::Parameter>)))]
async fn list_distribution_parameters(
    permit: OrganizationPermit<ReadDistributions>,
    query: Query,
) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let found = find(&mut scope).await?;
    Ok(scope.read(list(found.parameters.iter().map(represent_parameter).collect(), &page)))
}

/// Shows a parameter of a distribution, by its key or its name.
#[utoipa::path(get, path = "/organizations/{organization}/distributions/{distribution}/parameters/{key}", tag = "distributions",
    responses((status = 200, body = api::Parameter)))]
async fn show_distribution_parameter(
    permit: OrganizationPermit<ReadDistributions>,
) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let found = find(&mut scope).await?;
    let parameter = find_parameter(&found.parameters, &scope.names)?;
    let answer = entity(parameter.version, represent_parameter(parameter));
    Ok(scope.read(answer))
}

/// Lists the templates of a distribution.
#[utoipa::path(get, path = "/organizations/{organization}/distributions/{distribution}/files", tag = "distributions",
    params(PageQuery), responses((status = 200, body = api::List<api::DistributionFile>)))]
async fn list_distribution_files(
    permit: OrganizationPermit<ReadDistributions>,
    query: Query,
) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let found = find(&mut scope).await?;
    Ok(scope.read(list(found.files.iter().map(file).collect(), &page)))
}

/// Shows a template of a distribution.
#[utoipa::path(get, path = "/organizations/{organization}/distributions/{distribution}/files/{file}", tag = "distributions",
    responses((status = 200, body = api::DistributionFile)))]
async fn show_distribution_file(permit: OrganizationPermit<ReadDistributions>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let found = find(&mut scope).await?;
    let name = scope.names.text("file");
    let template = found.files.iter().find(|file| file.name.as_str() == name);
    let template = template.ok_or_else(|| OperationError::not_found("file", name))?;
    Ok(scope.read(axum::Json(file(template))))
}

async fn find(scope: &mut OrganizationScope) -> Result<Distribution, ApiError> {
    let name = scope.names.get("distribution")?;
    Ok(distributions::find_distribution(&mut scope.work, &scope.organization, &name).await?)
}

async fn represent(
    scope: &mut OrganizationScope,
    distribution: Distribution,
) -> Result<api::Distribution, ApiError> {
    let DistributionView { distribution, settings } =
        view_distribution(&mut scope.work, distribution).await?;
    Ok(api::Distribution {
        name: distribution.name.to_string(),
        description: distribution.description,
        organization: scope.organization.name.to_string(),
        locked: distribution.locked,
        settings: settings.iter().map(settings::represent).collect(),
        files: distribution.files.iter().map(file).collect(),
        parameters: distribution.parameters.iter().map(represent_parameter).collect(),
    })
}

fn file(file: &TemplateFile) -> api::DistributionFile {
    api::DistributionFile { name: file.name.to_string(), delimiter: delimiter(&file.delimiters) }
}
