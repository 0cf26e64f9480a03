//! Copies of hosts.

use axum::response::Response;
use hostwright_api_types as api;
use hostwright_model::names::HostName;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::blueprint::represent;
use crate::access::OrganizationPermit;
use crate::access::right::WriteHosts;
use crate::api::answers::{created, location};
use crate::api::body::NoBody;
use crate::api::query::Query;
use crate::api::{ApiError, host_path};
use crate::app::App;
use crate::operations::hosts;

/// Routes of copies of hosts.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(clone_host))
}

/// Copies a host with its contexts and settings and without a machine, as `NAME (1)` unless a name is given.
#[utoipa::path(put, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/_clone", tag = "hosts",
    params(("name" = Option<String>, Query, description = "what to call the copy")),
    responses((status = 200, body = api::Host)))]
async fn clone_host(
    permit: OrganizationPermit<WriteHosts>,
    query: Query,
    _body: NoBody,
) -> Result<Response, ApiError> {
    let name: Option<HostName> = match query.text("name") {
        Some(text) => Some(
            text.parse()
                .map_err(|error| ApiError::bad_request(format!("query parameter `name`: {error}")))?,
        ),
        None => None,
    };
    let mut scope = permit.begin().await?;
    let path = host_path(&scope.names)?;
    let copy = hosts::clone_host(&mut scope.work, &scope.organization, &path, name).await?;
    let location = location(&[
        "organizations",
        scope.organization.name.as_str(),
        "environments",
        path.environment.as_str(),
        "hosts",
        copy.name.as_str(),
    ]);
    let body = represent(&mut scope, copy).await?;
    scope.commit(created(&location, body.version, body)).await
}
