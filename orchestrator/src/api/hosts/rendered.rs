//! Files as they would be sent.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::OrganizationPermit;
use crate::access::right::ReadHosts;
use crate::api::{ApiError, host_path};
use crate::app::App;
use crate::operations::rendered_files;

/// Routes of rendered files.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(render_file))
}

/// Renders a file of an application as it would be on the host now.
#[utoipa::path(get,
    path = "/organizations/{organization}/environments/{environment}/hosts/{host}/applications/{application}/files/{file}",
    tag = "contexts", responses((status = 200, body = String, content_type = "text/plain")))]
async fn render_file(permit: OrganizationPermit<ReadHosts>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let (path, application) = (host_path(&scope.names)?, scope.names.get("application")?);
    let file = scope.names.get("file")?;
    let content =
        rendered_files::render_file(&mut scope.work, &scope.organization, &path, &application, &file).await?;
    let kind = if std::str::from_utf8(&content).is_ok() {
        "text/plain; charset=utf-8"
    } else {
        "application/octet-stream"
    };
    Ok(scope.read(([(CONTENT_TYPE, kind)], content).into_response()))
}
