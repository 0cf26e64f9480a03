//! What plugins may do on a host.

use axum::response::Response;
use hostwright_api_types as api;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::OrganizationPermit;
use crate::access::right::ReadActivations;
use crate::api::answers::list;
use crate::api::plugins::represent_permission;
use crate::api::query::{PageQuery, Query};
use crate::api::{ApiError, host_path};
use crate::app::App;
use crate::operations::plugins;

/// Routes of permissions.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_permissions))
}

/// Lists what plugins may do on a host, with the class of each grant.
#[utoipa::path(get, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/permissions",
    tag = "plugins", params(PageQuery), responses((status = 200, body = api::List<api::PluginPermission>)))]
async fn list_permissions(
    permit: OrganizationPermit<ReadActivations>,
    query: Query,
) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let path = host_path(&scope.names)?;
    let views = plugins::permissions_on_host(&mut scope.work, &scope.organization, &path).await?;
    Ok(scope.read(list(views.iter().map(represent_permission).collect(), &page)))
}
