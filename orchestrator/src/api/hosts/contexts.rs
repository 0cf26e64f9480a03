//! Applications, the platform and the distribution of a host.

use axum::response::Response;
use hostwright_api_types as api;
use hostwright_model::context::{ApplicationContext, ServiceOverride, Subject};
use hostwright_model::names::ApplicationName;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::right::{ReadHosts, WriteHosts};
use crate::access::{OrganizationPermit, OrganizationScope};
use crate::api::answers::{created, deleted, entity, list, location, with_changes};
use crate::api::body::JsonBody;
use crate::api::conditional::IfMatch;
use crate::api::query::{PageQuery, Query};
use crate::api::{ApiError, host_path, reference, required, settings};
use crate::app::App;
use crate::operations::applications as templates;
use crate::operations::contexts::{self, ContextView, Install, Single};
use crate::operations::hosts;
use crate::operations::settings::{Level, origin_of_setting};
use crate::operations::{OperationError, distributions, platforms};

/// Routes of what a host is associated with.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_application_contexts, install_application))
        .routes(routes!(show_application_context, update_application_context, uninstall_application))
        .routes(routes!(show_origin_of_setting))
        .routes(routes!(
            show_platform_context,
            create_platform_context,
            update_platform_context,
            delete_platform_context
        ))
        .routes(routes!(
            show_distribution_context,
            create_distribution_context,
            update_distribution_context,
            delete_distribution_context
        ))
}

/// Lists the applications of a host, in the order of their installation.
#[utoipa::path(get, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/applications",
    tag = "contexts", params(PageQuery), responses((status = 200, body = api::List<api::ApplicationContext>)))]
async fn list_application_contexts(
    permit: OrganizationPermit<ReadHosts>,
    query: Query,
) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let path = host_path(&scope.names)?;
    let mut items = Vec::new();
    for view in contexts::list_applications(&mut scope.work, &scope.organization, &path).await? {
        items.push(application(&mut scope, view).await?);
    }
    Ok(scope.read(list(items, &page)))
}

/// Installs an application. While the host has no machine it is recorded and installed later.
#[utoipa::path(post, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/applications",
    tag = "contexts", request_body = api::ApplicationContextInput, responses((status = 200, body = api::ApplicationContext)))]
async fn install_application(
    permit: OrganizationPermit<WriteHosts>,
    JsonBody(input): JsonBody<api::ApplicationContextInput>,
) -> Result<Response, ApiError> {
    let api::ApplicationContextInput { application: name, settings, services } = input;
    let name: ApplicationName = required(name, "/application")?;
    let drafts = settings::drafts(settings.unwrap_or_default(), "/settings")?;
    let services = overrides(services.unwrap_or_default())?;
    let mut scope = permit.begin().await?;
    let path = host_path(&scope.names)?;
    // An application that is named in the body and not there is a mistake in the body.
    templates::find_application(&mut scope.work, &scope.organization, &name)
        .await
        .map_err(|error| in_body(error, "/application"))?;
    let install = Install { application: name.clone(), settings: drafts, services };
    let (view, change) =
        contexts::install_application(&mut scope.work, &scope.organization, &path, install).await?;
    let location = location(&[
        "organizations",
        scope.organization.name.as_str(),
        "environments",
        path.environment.as_str(),
        "hosts",
        path.host.as_str(),
        "applications",
        name.as_str(),
    ]);
    let body = application(&mut scope, view).await?;
    let answer = created(&location, body.version_stamp, body);
    let changes: Vec<_> = change.into_iter().collect();
    let answer = with_changes(&mut scope.work, &scope.organization, &changes, answer).await?;
    scope.commit(answer).await
}

/// Shows an application on a host.
#[utoipa::path(get,
    path = "/organizations/{organization}/environments/{environment}/hosts/{host}/applications/{application}",
    tag = "contexts", responses((status = 200, body = api::ApplicationContext)))]
async fn show_application_context(permit: OrganizationPermit<ReadHosts>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let (path, name) = (host_path(&scope.names)?, scope.names.get("application")?);
    let view = contexts::find_application(&mut scope.work, &scope.organization, &path, &name).await?;
    let body = application(&mut scope, view).await?;
    Ok(scope.read(entity(body.version_stamp, body)))
}

/// Replaces the settings of an application on a host, and which of its services start with the machine.
#[utoipa::path(put,
    path = "/organizations/{organization}/environments/{environment}/hosts/{host}/applications/{application}",
    tag = "contexts", request_body = api::ApplicationContextInput, responses((status = 200, body = api::ApplicationContext)))]
async fn update_application_context(
    permit: OrganizationPermit<WriteHosts>,
    if_match: IfMatch,
    JsonBody(input): JsonBody<api::ApplicationContextInput>,
) -> Result<Response, ApiError> {
    let api::ApplicationContextInput { application: given, settings, services } = input;
    let drafts = settings.map(|inputs| settings::drafts(inputs, "/settings")).transpose()?;
    let services = services.map(overrides).transpose()?;
    let mut scope = permit.begin().await?;
    let (path, name): (_, ApplicationName) = (host_path(&scope.names)?, scope.names.get("application")?);
    if given.is_some_and(|given| name != given.as_str()) {
        let detail = "a context keeps its application: install the other one, and uninstall this one";
        return Err(ApiError::invalid("/application", detail));
    }
    let view = contexts::find_application(&mut scope.work, &scope.organization, &path, &name).await?;
    if_match.check("the application on the host", view.context.version)?;
    let mut changes = Vec::new();
    if let Some(drafts) = drafts {
        let level = Level::Application(path.clone(), name.clone());
        changes = settings::replace(&mut scope, &level, drafts).await?;
    }
    if let Some(services) = services {
        let change =
            contexts::update_services(&mut scope.work, &scope.organization, &path, &name, services).await?;
        changes.extend(change);
    }
    let view = contexts::find_application(&mut scope.work, &scope.organization, &path, &name).await?;
    let body = application(&mut scope, view).await?;
    let answer = entity(body.version_stamp, body);
    let answer = with_changes(&mut scope.work, &scope.organization, &changes, answer).await?;
    scope.commit(answer).await
}

/// Uninstalls an application.
#[utoipa::path(delete,
    path = "/organizations/{organization}/environments/{environment}/hosts/{host}/applications/{application}",
    tag = "contexts", responses((status = 204)))]
async fn uninstall_application(
    permit: OrganizationPermit<WriteHosts>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let (path, name) = (host_path(&scope.names)?, scope.names.get("application")?);
    let view = contexts::find_application(&mut scope.work, &scope.organization, &path, &name).await?;
    if_match.check("the application on the host", view.context.version)?;
    let change = contexts::uninstall_application(&mut scope.work, &scope.organization, &path, &name).await?;
    let changes: Vec<_> = change.into_iter().collect();
    let answer = with_changes(&mut scope.work, &scope.organization, &changes, deleted()).await?;
    scope.commit(answer).await
}

/// Tells the value in force for an application on a host, and which level it comes from.
#[utoipa::path(get,
    path = "/organizations/{organization}/environments/{environment}/hosts/{host}/applications/{application}/origin-settings/{key}",
    tag = "contexts", responses((status = 200, body = api::OriginSetting)))]
async fn show_origin_of_setting(permit: OrganizationPermit<ReadHosts>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let (path, name) = (host_path(&scope.names)?, scope.names.get("application")?);
    let key = scope.names.get("key")?;
    let origin = origin_of_setting(&mut scope.work, &scope.organization, &path, &name, &key).await?;
    let body = api::OriginSetting {
        from: origin.effective.origin.name().to_owned(),
        key: key.to_string(),
        value: origin.effective.value,
        schema: origin.schema.filter(|schema| !schema.is_null()),
    };
    Ok(scope.read(axum::Json(body)))
}

/// Shows the platform of a host.
#[utoipa::path(get, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/platform",
    tag = "contexts", responses((status = 200, body = api::PlatformContext)))]
async fn show_platform_context(permit: OrganizationPermit<ReadHosts>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let body = platform(&mut scope).await?;
    Ok(scope.read(entity(body.version_stamp, body)))
}

/// Gives a host its platform.
#[utoipa::path(post, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/platform",
    tag = "contexts", request_body = api::PlatformContextInput, responses((status = 200, body = api::PlatformContext)))]
async fn create_platform_context(
    permit: OrganizationPermit<WriteHosts>,
    JsonBody(input): JsonBody<api::PlatformContextInput>,
) -> Result<Response, ApiError> {
    let name = required(input.platform, "/platform")?;
    let drafts = settings::drafts(input.settings.unwrap_or_default(), "/settings")?;
    let mut scope = permit.begin().await?;
    associate(&mut scope, Single::Platform, Some(name), drafts).await?;
    let body = platform(&mut scope).await?;
    let location = single_location(&scope, "platform");
    scope.commit(created(&location, body.version_stamp, body)).await
}

/// Replaces the platform of a host and its settings.
#[utoipa::path(put, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/platform",
    tag = "contexts", request_body = api::PlatformContextInput, responses((status = 200, body = api::PlatformContext)))]
async fn update_platform_context(
    permit: OrganizationPermit<WriteHosts>,
    if_match: IfMatch,
    JsonBody(input): JsonBody<api::PlatformContextInput>,
) -> Result<Response, ApiError> {
    let name = reference(input.platform, "/platform")?;
    let drafts = input.settings.map(|inputs| settings::drafts(inputs, "/settings")).transpose()?;
    let mut scope = permit.begin().await?;
    if_match.check("the platform of the host", version(&mut scope, Single::Platform).await?)?;
    associate(&mut scope, Single::Platform, name, Vec::new()).await?;
    if let Some(drafts) = drafts {
        let level = Level::HostPlatform(host_path(&scope.names)?);
        settings::replace(&mut scope, &level, drafts).await?;
    }
    let body = platform(&mut scope).await?;
    scope.commit(entity(body.version_stamp, body)).await
}

/// Takes the platform off a host that has no machine.
#[utoipa::path(delete, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/platform",
    tag = "contexts", responses((status = 204)))]
async fn delete_platform_context(
    permit: OrganizationPermit<WriteHosts>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    if_match.check("the platform of the host", version(&mut scope, Single::Platform).await?)?;
    let path = host_path(&scope.names)?;
    contexts::dissociate(&mut scope.work, &scope.organization, &path, Single::Platform).await?;
    scope.commit(deleted()).await
}

/// Shows the distribution of a host.
#[utoipa::path(get, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/distribution",
    tag = "contexts", responses((status = 200, body = api::DistributionContext)))]
async fn show_distribution_context(permit: OrganizationPermit<ReadHosts>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let body = distribution(&mut scope).await?;
    Ok(scope.read(entity(body.version_stamp, body)))
}

/// Gives a host its distribution.
#[utoipa::path(post, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/distribution",
    tag = "contexts", request_body = api::DistributionContextInput,
    responses((status = 200, body = api::DistributionContext)))]
async fn create_distribution_context(
    permit: OrganizationPermit<WriteHosts>,
    JsonBody(input): JsonBody<api::DistributionContextInput>,
) -> Result<Response, ApiError> {
    let name = required(input.distribution, "/distribution")?;
    let drafts = settings::drafts(input.settings.unwrap_or_default(), "/settings")?;
    let mut scope = permit.begin().await?;
    associate(&mut scope, Single::Distribution, Some(name), drafts).await?;
    let body = distribution(&mut scope).await?;
    let location = single_location(&scope, "distribution");
    scope.commit(created(&location, body.version_stamp, body)).await
}

/// Replaces the distribution of a host and its settings.
#[utoipa::path(put, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/distribution",
    tag = "contexts", request_body = api::DistributionContextInput,
    responses((status = 200, body = api::DistributionContext)))]
async fn update_distribution_context(
    permit: OrganizationPermit<WriteHosts>,
    if_match: IfMatch,
    JsonBody(input): JsonBody<api::DistributionContextInput>,
) -> Result<Response, ApiError> {
    let name = reference(input.distribution, "/distribution")?;
    let drafts = input.settings.map(|inputs| settings::drafts(inputs, "/settings")).transpose()?;
    let mut scope = permit.begin().await?;
    if_match.check("the distribution of the host", version(&mut scope, Single::Distribution).await?)?;
    associate(&mut scope, Single::Distribution, name, Vec::new()).await?;
    if let Some(drafts) = drafts {
        let level = Level::HostDistribution(host_path(&scope.names)?);
        settings::replace(&mut scope, &level, drafts).await?;
    }
    let body = distribution(&mut scope).await?;
    scope.commit(entity(body.version_stamp, body)).await
}

/// Takes the distribution off a host that has no machine.
#[utoipa::path(delete, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/distribution",
    tag = "contexts", responses((status = 204)))]
async fn delete_distribution_context(
    permit: OrganizationPermit<WriteHosts>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    if_match.check("the distribution of the host", version(&mut scope, Single::Distribution).await?)?;
    let path = host_path(&scope.names)?;
    contexts::dissociate(&mut scope.work, &scope.organization, &path, Single::Distribution).await?;
    scope.commit(deleted()).await
}

async fn version(scope: &mut OrganizationScope, which: Single) -> Result<u64, ApiError> {
    let path = host_path(&scope.names)?;
    let view = contexts::find_single(&mut scope.work, &scope.organization, &path, which).await?;
    Ok(view.context.version)
}

async fn associate(
    scope: &mut OrganizationScope,
    which: Single,
    name: Option<String>,
    drafts: Vec<crate::operations::settings::SettingDraft>,
) -> Result<(), ApiError> {
    let (_, host) = scope.host().await?;
    let path = host_path(&scope.names)?;
    if let Some(name) = name {
        let pointer = format!("/{}", which.name());
        let invalid =
            |error: hostwright_model::names::InvalidName| OperationError::invalid(pointer.clone(), error);
        let subject = match which {
            Single::Platform => {
                let name = name.parse().map_err(invalid)?;
                let found = platforms::find_platform(&mut scope.work, &scope.organization, &name).await;
                Subject::Platform(found.map_err(|error| in_body(error, &pointer))?.id)
            }
            Single::Distribution => {
                let name = name.parse().map_err(invalid)?;
                let found =
                    distributions::find_distribution(&mut scope.work, &scope.organization, &name).await;
                Subject::Distribution(found.map_err(|error| in_body(error, &pointer))?.id)
            }
        };
        contexts::associate(&mut scope.work, &scope.organization, &host, subject).await?;
    }
    if !drafts.is_empty() {
        let level = match which {
            Single::Platform => Level::HostPlatform(path),
            Single::Distribution => Level::HostDistribution(path),
        };
        settings::define(&mut scope.work, &scope.organization, &level, drafts).await?;
    }
    Ok(())
}

fn single_location(scope: &OrganizationScope, which: &str) -> String {
    location(&[
        "organizations",
        scope.organization.name.as_str(),
        "environments",
        scope.names.text("environment"),
        "hosts",
        scope.names.text("host"),
        which,
    ])
}

/// What is named in a body and not there is a mistake in the body.
pub(in crate::api) fn in_body(error: OperationError, pointer: &str) -> ApiError {
    match error {
        OperationError::NotFound { .. } => OperationError::invalid(pointer, error).into(),
        other => other.into(),
    }
}

fn overrides(services: Vec<api::ContextService>) -> Result<Vec<ServiceOverride>, OperationError> {
    let read = |(index, service): (usize, api::ContextService)| {
        let api::ContextService { name, enabled } = service;
        let pointer = format!("/services/{index}/name");
        let name = name.parse().map_err(|error| OperationError::invalid(pointer, error))?;
        Ok(ServiceOverride { name, enabled })
    };
    services.into_iter().enumerate().map(read).collect()
}

async fn application(
    scope: &mut OrganizationScope,
    view: ContextView,
) -> Result<api::ApplicationContext, ApiError> {
    let ContextView { context, name, settings } = view;
    let parsed = name.parse().map_err(OperationError::from)?;
    let template = templates::find_application(&mut scope.work, &scope.organization, &parsed).await?;
    let (position, overrides) = match &context.subject {
        Subject::Application(ApplicationContext { position, services, .. }) => {
            (*position, services.as_slice())
        }
        Subject::Platform(_) | Subject::Distribution(_) => (0, [].as_slice()),
    };
    let services = template.services.iter().map(|service| {
        let other = overrides.iter().find(|other| other.name == service.name).map(|other| other.enabled);
        api::ContextService {
            name: service.name.to_string(),
            enabled: other.or(service.enabled).unwrap_or(true),
        }
    });
    let host = scope.work.tx().host(context.organization, context.host).await.map_err(ApiError::store)?;
    let host = host.ok_or_else(|| OperationError::not_found("host", context.host))?;
    let path = hosts::path_of(&mut scope.work, &host).await?;
    Ok(api::ApplicationContext {
        application: name,
        organization: scope.organization.name.to_string(),
        environment: path.environment.to_string(),
        host: path.host.to_string(),
        position: u64::from(position),
        version_stamp: context.version,
        enabled: true,
        settings: settings.iter().map(settings::represent).collect(),
        services: services.collect(),
    })
}

async fn platform(scope: &mut OrganizationScope) -> Result<api::PlatformContext, ApiError> {
    let path = host_path(&scope.names)?;
    let view = contexts::find_single(&mut scope.work, &scope.organization, &path, Single::Platform).await?;
    Ok(api::PlatformContext {
        platform: view.name,
        organization: scope.organization.name.to_string(),
        environment: path.environment.to_string(),
        host: path.host.to_string(),
        version_stamp: view.context.version,
        settings: view.settings.iter().map(settings::represent).collect(),
    })
}

async fn distribution(scope: &mut OrganizationScope) -> Result<api::DistributionContext, ApiError> {
    let path = host_path(&scope.names)?;
    let view =
        contexts::find_single(&mut scope.work, &scope.organization, &path, Single::Distribution).await?;
    Ok(api::DistributionContext {
        distribution: view.name,
        organization: scope.organization.name.to_string(),
        environment: path.environment.to_string(),
        host: path.host.to_string(),
        version_stamp: view.context.version,
        settings: view.settings.iter().map(settings::represent).collect(),
    })
}
