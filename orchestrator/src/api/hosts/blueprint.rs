//! Hosts themselves.

use axum::response::Response;
use hostwright_api_types as api;
use hostwright_model::host::{Host, HostState};
use hostwright_model::names::HostName;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::in_body;
use crate::access::right::{ReadHosts, WriteHosts};
use crate::access::{OrganizationPermit, OrganizationScope};
use crate::api::answers::{created, deleted, entity, list, location, with_changes};
use crate::api::body::JsonBody;
use crate::api::conditional::IfMatch;
use crate::api::query::{PageQuery, Query};
use crate::api::{ApiError, host_path, new_name, other_name, reference, references, settings};
use crate::app::App;
use crate::operations::OperationError;
use crate::operations::hosts::{self, DefineHost, HostView, UpdateHost, view_host};

/// Routes of hosts themselves.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_hosts, create_host)).routes(routes!(
        show_host,
        update_host,
        delete_host
    ))
}

/// Lists the hosts of an environment.
#[utoipa::path(get, path = "/organizations/{organization}/environments/{environment}/hosts", tag = "hosts",
    params(PageQuery), responses((status = 200, body = api::List<api::Host>)))]
async fn list_hosts(permit: OrganizationPermit<ReadHosts>, query: Query) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let environment = scope.environment().await?;
    let mut items = Vec::new();
    for host in hosts::list_hosts(&mut scope.work, &environment).await? {
        items.push(represent(&mut scope, host).await?);
    }
    Ok(scope.read(list(items, &page)))
}

/// Makes a host. Nothing is sent: it has no machine yet.
#[utoipa::path(post, path = "/organizations/{organization}/environments/{environment}/hosts", tag = "hosts",
    request_body = api::HostInput, responses((status = 200, body = api::Host)))]
async fn create_host(
    permit: OrganizationPermit<WriteHosts>,
    JsonBody(input): JsonBody<api::HostInput>,
) -> Result<Response, ApiError> {
    let api::HostInput { name, description, environment, platform, distribution, settings, applications } =
        input;
    let name: HostName = new_name(name)?;
    let input = DefineHost {
        name: name.clone(),
        description: description.unwrap_or_default(),
        platform: reference(platform, "/platform")?,
        distribution: reference(distribution, "/distribution")?,
        settings: settings::drafts(settings.unwrap_or_default(), "/settings")?,
        applications: references(applications.unwrap_or_default(), "/applications")?,
    };
    let mut scope = permit.begin().await?;
    let here = scope.environment().await?;
    if environment.is_some_and(|given| here.name != given.as_str()) {
        return Err(ApiError::invalid("/environment", "`environment` is another one than in the path"));
    }
    let defined = hosts::define_host(&mut scope.work, &scope.organization, &here.name, input).await;
    let host = defined.map_err(named_in_body)?;
    let location = location(&[
        "organizations",
        scope.organization.name.as_str(),
        "environments",
        here.name.as_str(),
        "hosts",
        name.as_str(),
    ]);
    // Its settings have raised its version.
    let found = scope.work.tx().host(scope.organization.id, host.id).await.map_err(ApiError::store)?;
    let body = represent(&mut scope, found.unwrap_or(host)).await?;
    scope.commit(created(&location, body.version, body)).await
}

/// Shows a host.
#[utoipa::path(get, path = "/organizations/{organization}/environments/{environment}/hosts/{host}", tag = "hosts",
    responses((status = 200, body = api::Host)))]
async fn show_host(permit: OrganizationPermit<ReadHosts>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let (_, host) = scope.host().await?;
    let body = represent(&mut scope, host).await?;
    Ok(scope.read(entity(body.version, body)))
}

/// Replaces a host's name, description, environment, platform, distribution and settings. Its applications are installed and
/// uninstalled on their own.
#[utoipa::path(put, path = "/organizations/{organization}/environments/{environment}/hosts/{host}", tag = "hosts",
    request_body = api::HostInput, responses((status = 200, body = api::Host)))]
async fn update_host(
    permit: OrganizationPermit<WriteHosts>,
    if_match: IfMatch,
    JsonBody(input): JsonBody<api::HostInput>,
) -> Result<Response, ApiError> {
    // A host that is read and put back names its applications; that is no wish.
    let api::HostInput { name, description, environment, platform, distribution, settings, applications: _ } =
        input;
    let settings = settings.map(|inputs| settings::drafts(inputs, "/settings")).transpose()?;
    let environment = reference(environment, "/environment")?;
    let platform = reference(platform, "/platform")?;
    let distribution = reference(distribution, "/distribution")?;
    let mut scope = permit.begin().await?;
    let (here, host) = scope.host().await?;
    if_match.check("the host", host.version)?;
    let path = host_path(&scope.names)?;
    let environment = environment.filter(|name| *name != here.name);
    if let Some(target) = &environment {
        scope.check_in::<WriteHosts>(target).await?;
    }
    let input = UpdateHost {
        name: other_name(name, &host.name)?,
        description,
        environment,
        platform,
        distribution,
        settings,
    };
    let updated = hosts::update_host(&mut scope.work, &scope.organization, &path, input).await;
    let (host, changes) = updated.map_err(named_in_body)?;
    let body = represent(&mut scope, host).await?;
    let answer = entity(body.version, body);
    let answer = with_changes(&mut scope.work, &scope.organization, &changes, answer).await?;
    scope.commit(answer).await
}

/// Deletes a host that has no machine.
#[utoipa::path(delete, path = "/organizations/{organization}/environments/{environment}/hosts/{host}", tag = "hosts",
    responses((status = 204)))]
async fn delete_host(
    permit: OrganizationPermit<WriteHosts>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let (_, host) = scope.host().await?;
    if_match.check("the host", host.version)?;
    let path = host_path(&scope.names)?;
    hosts::delete_host(&mut scope.work, &scope.organization, &path).await?;
    scope.commit(deleted()).await
}

/// The host itself is there; what it names and is not there is a mistake in the body.
fn named_in_body(error: OperationError) -> ApiError {
    let what = match &error {
        OperationError::NotFound { what, .. } => *what,
        _ => return error.into(),
    };
    match what {
        "application" => in_body(error, "/applications"),
        "platform" => in_body(error, "/platform"),
        "distribution" => in_body(error, "/distribution"),
        "environment" => in_body(error, "/environment"),
        _ => error.into(),
    }
}

/// Shows a host.
pub(super) async fn represent(scope: &mut OrganizationScope, host: Host) -> Result<api::Host, ApiError> {
    let view = view_host(&mut scope.work, host).await?;
    let HostView { host, environment, platform, distribution, applications, settings, is_compliant } = view;
    let error = match &host.state {
        HostState::Error { reason, .. } => Some(reason.clone()),
        HostState::Updating { failure, .. } => failure.clone(),
        _ => None,
    };
    Ok(api::Host {
        name: host.name.to_string(),
        description: host.description,
        version: host.version,
        uuid: host.id.to_string(),
        organization: scope.organization.name.to_string(),
        environment: environment.to_string(),
        platform: platform.map(|name| name.to_string()),
        distribution: distribution.map(|name| name.to_string()),
        applications: applications.iter().map(ToString::to_string).collect(),
        settings: settings.iter().map(settings::represent).collect(),
        state: host.state.name().to_owned(),
        error,
        compliant: is_compliant,
    })
}
