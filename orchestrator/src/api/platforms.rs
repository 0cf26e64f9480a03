//! Platforms, to be looked at.

use axum::response::Response;
use hostwright_api_types as api;
use hostwright_model::platform::Platform;
use hostwright_model::template::TemplateFile;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answers::{entity, list};
use super::applications::{delimiter, find_parameter, represent_parameter};
use super::query::{PageQuery, Query};
use super::{ApiError, settings};
use crate::access::right::ReadPlatforms;
use crate::access::{OrganizationPermit, OrganizationScope};
use crate::app::App;
use crate::operations::OperationError;
use crate::operations::platforms::{self, PlatformView, view_platform};

/// Routes of platforms.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_platforms))
        .routes(routes!(show_platform))
        .routes(routes!(list_platform_parameters))
        .routes(routes!(show_platform_parameter))
        .routes(routes!(list_platform_files))
        .routes(routes!(show_platform_file))
}

/// Lists the platforms of an organization.
#[utoipa::path(get, path = "/organizations/{organization}/platforms", tag = "platforms", params(PageQuery),
    responses((status = 200, body = api::List<api::Platform>)))]
async fn list_platforms(
    permit: OrganizationPermit<ReadPlatforms>,
    query: Query,
) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let mut items = Vec::new();
    for platform in platforms::list_platforms(&mut scope.work, &scope.organization).await? {
        items.push(represent(&mut scope, platform).await?);
    }
    Ok(scope.read(list(items, &page)))
}

/// Shows a platform.
#[utoipa::path(get, path = "/organizations/{organization}/platforms/{platform}", tag = "platforms",
    responses((status = 200, body = api::Platform)))]
async fn show_platform(permit: OrganizationPermit<ReadPlatforms>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let platform = find(&mut scope).await?;
    let body = represent(&mut scope, platform).await?;
    Ok(scope.read(entity(body.version, body)))
}

/// Lists the parameters of a platform.
#[utoipa::path(get, path = "/organizations/{organization}/platforms/{platform}/parameters", tag = "platforms",
    params(PageQuery), responses((status = 200, body = api::List<api::Parameter>)))]
async fn list_platform_parameters(
    permit: OrganizationPermit<ReadPlatforms>,
    query: Query,
) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let found = find(&mut scope).await?;
    Ok(scope.read(list(found.parameters.iter().map(represent_parameter).collect(), &page)))
}

/// Shows a parameter of a platform, by its key or its name.
#[utoipa::path(get, path = "/organizations/{organization}/platforms/{platform}/parameters/{key}", tag = "platforms",
    responses((status = 200, body = api::Parameter)))]
async fn show_platform_parameter(permit: OrganizationPermit<ReadPlatforms>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let found = find(&mut scope).await?;
    let parameter = find_parameter(&found.parameters, &scope.names)?;
    let answer = entity(parameter.version, represent_parameter(parameter));
    Ok(scope.read(answer))
}

/// Lists the templates of a platform.
#[utoipa::path(get, path = "/organizations/{organization}/platforms/{platform}/files", tag = "platforms",
    params(PageQuery), responses((status = 200, body = api::List<api::PlatformFile>)))]
async fn list_platform_files(
    permit: OrganizationPermit<ReadPlatforms>,
    query: Query,
) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let found = find(&mut scope).await?;
    Ok(scope.read(list(found.files.iter().map(file).collect(), &page)))
}

/// Shows a template of a platform.
#[utoipa::path(get, path = "/organizations/{organization}/platforms/{platform}/files/{file}", tag = "platforms",
    responses((status = 200, body = api::PlatformFile)))]
async fn show_platform_file(permit: OrganizationPermit<ReadPlatforms>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let found = find(&mut scope).await?;
    let name = scope.names.text("file");
    let template = found.files.iter().find(|file| file.name.as_str() == name);
    let template = template.ok_or_else(|| OperationError::not_found("file", name))?;
    Ok(scope.read(axum::Json(file(template))))
}

async fn find(scope: &mut OrganizationScope) -> Result<Platform, ApiError> {
    let name = scope.names.get("platform")?;
    Ok(platforms::find_platform(&mut scope.work, &scope.organization, &name).await?)
}

async fn represent(scope: &mut OrganizationScope, platform: Platform) -> Result<api::Platform, ApiError> {
    let PlatformView { platform, settings } = view_platform(&mut scope.work, platform).await?;
    let driver = platform.driver.to_string();
    Ok(api::Platform {
        name: platform.name.to_string(),
        description: platform.description,
        organization: scope.organization.name.to_string(),
        uuid: platform.id.to_string(),
        version: platform.version,
        driver: api::PlatformDriver {
            class_name: format!("{driver}Driver"),
            name: driver,
            description: String::new(),
        },
        settings: settings.iter().map(settings::represent).collect(),
        files: platform.files.iter().map(file).collect(),
        parameters: platform.parameters.iter().map(represent_parameter).collect(),
    })
}

fn file(file: &TemplateFile) -> api::PlatformFile {
    api::PlatformFile { name: file.name.to_string(), delimiter: delimiter(&file.delimiters) }
}
