//! Files of applications.

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use hostwright_api_types as api;
use hostwright_model::application::{ApplicationFile, Problem};
use hostwright_model::names::{ApplicationName, ResourceName};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::drafts::Reading;
use super::represented::file as represent;
use crate::access::right::{ReadApplications, WriteApplications};
use crate::access::{OrganizationPermit, OrganizationScope};
use crate::api::ApiError;
use crate::api::answers::{created, deleted, entity, list, location};
use crate::api::body::{Beside, JsonBody, LARGEST_CONTENT, Upload};
use crate::api::conditional::IfMatch;
use crate::api::query::{PageQuery, Query};
use crate::app::App;
use crate::operations::{OperationError, application_files, applications};

/// Routes of files of applications.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_file_content, set_file_content))
        .layer(DefaultBodyLimit::max(LARGEST_CONTENT))
        .routes(routes!(list_files, create_file))
        .routes(routes!(show_file, update_file, delete_file))
}

/// Lists the files of an application.
#[utoipa::path(get, path = "/organizations/{organization}/applications/{application}/files", tag = "applications",
    params(PageQuery), responses((status = 200, body = api::List<api::FileResource>)))]
async fn list_files(
    permit: OrganizationPermit<ReadApplications>,
    query: Query,
) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let name = scope.names.get("application")?;
    let application = applications::find_application(&mut scope.work, &scope.organization, &name).await?;
    Ok(scope.read(list(application.files.iter().map(represent).collect(), &page)))
}

/// Adds a file to an application; its content is uploaded afterwards.
#[utoipa::path(post, path = "/organizations/{organization}/applications/{application}/files", tag = "applications",
    request_body = api::FileResource, responses((status = 200, body = api::FileResource)))]
async fn create_file(
    permit: OrganizationPermit<WriteApplications>,
    JsonBody(input): JsonBody<api::FileResource>,
) -> Result<Response, ApiError> {
    let file = read(input)?;
    let mut scope = permit.begin().await?;
    let application: ApplicationName = scope.names.get("application")?;
    let name = file.template.name.clone();
    match application_files::find_file(&mut scope.work, &scope.organization, &application, &name).await {
        Ok(_) => return Err(OperationError::Taken { what: "file", name: name.to_string() }.into()),
        Err(OperationError::NotFound { what: "file", .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let file = put(&mut scope, &application, file).await?;
    let organization = scope.organization.name.as_str();
    let location = location(&[
        "organizations",
        organization,
        "applications",
        application.as_str(),
        "files",
        name.as_str(),
    ]);
    let version = version(&mut scope, &application).await?;
    scope.commit(created(&location, version, represent(&file))).await
}

/// Shows a file of an application.
#[utoipa::path(get, path = "/organizations/{organization}/applications/{application}/files/{file}", tag = "applications",
    responses((status = 200, body = api::FileResource)))]
async fn show_file(permit: OrganizationPermit<ReadApplications>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let (application, name) = names(&scope)?;
    let file =
        application_files::find_file(&mut scope.work, &scope.organization, &application, &name).await?;
    let version = version(&mut scope, &application).await?;
    Ok(scope.read(entity(version, represent(&file))))
}

/// Replaces the definition of a file; its content stays. Another name renames it, in handlers too.
#[utoipa::path(put, path = "/organizations/{organization}/applications/{application}/files/{file}", tag = "applications",
    request_body = api::FileResource, responses((status = 200, body = api::FileResource)))]
async fn update_file(
    permit: OrganizationPermit<WriteApplications>,
    if_match: IfMatch,
    JsonBody(mut input): JsonBody<api::FileResource>,
) -> Result<Response, ApiError> {
    // Whoever renames a file need not rename its template, which is called like the file.
    if input.template.name == permit.names().text("file") {
        input.template.name.clone_from(&input.name);
    }
    let file = read(input)?;
    let mut scope = permit.begin().await?;
    let (application, name) = names(&scope)?;
    application_files::find_file(&mut scope.work, &scope.organization, &application, &name).await?;
    check_version(&mut scope, &application, &if_match).await?;
    if file.template.name != name {
        let (work, organization) = (&mut scope.work, &scope.organization);
        application_files::rename_file(work, organization, &application, &name, &file.template.name).await?;
    }
    let file = put(&mut scope, &application, file).await?;
    let version = version(&mut scope, &application).await?;
    scope.commit(entity(version, represent(&file))).await
}

/// Deletes a file that no handler uses.
#[utoipa::path(delete, path = "/organizations/{organization}/applications/{application}/files/{file}",
    tag = "applications", responses((status = 204)))]
async fn delete_file(
    permit: OrganizationPermit<WriteApplications>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let (application, name) = names(&scope)?;
    check_version(&mut scope, &application, &if_match).await?;
    application_files::delete_file(&mut scope.work, &scope.organization, &application, &name).await?;
    scope.commit(deleted()).await
}

/// Returns the template of a file as it was uploaded.
#[utoipa::path(get, path = "/organizations/{organization}/applications/{application}/files/{file}/content",
    tag = "applications", responses((status = 200, body = String, content_type = "application/octet-stream")))]
async fn show_file_content(permit: OrganizationPermit<ReadApplications>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let (application, name) = names(&scope)?;
    let content =
        application_files::read_content(&mut scope.work, &scope.organization, &application, &name).await?;
    Ok(scope.read(([(CONTENT_TYPE, "application/octet-stream")], content).into_response()))
}

/// The content of a file.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "only the description of the API reads the field; the form is read part by part"
)]
struct ContentForm {
    /// The template.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: String,
}

/// Sets the template of a file.
#[utoipa::path(post, path = "/organizations/{organization}/applications/{application}/files/{file}/content",
    tag = "applications", request_body(content = ContentForm, content_type = "multipart/form-data"),
    responses((status = 200, body = api::FileResource)))]
async fn set_file_content(
    permit: OrganizationPermit<WriteApplications>,
    if_match: IfMatch,
    request: Request,
) -> Result<Response, ApiError> {
    let Upload { file: content, signature: _ } =
        Upload::read(request, Beside::Nothing, LARGEST_CONTENT).await?;
    let mut scope = permit.begin().await?;
    let (application, name) = names(&scope)?;
    check_version(&mut scope, &application, &if_match).await?;
    let content = content.to_vec();
    application_files::write_content(&mut scope.work, &scope.organization, &application, &name, content)
        .await?;
    let file =
        application_files::find_file(&mut scope.work, &scope.organization, &application, &name).await?;
    let version = version(&mut scope, &application).await?;
    scope.commit(entity(version, represent(&file))).await
}

fn names(scope: &OrganizationScope) -> Result<(ApplicationName, ResourceName), OperationError> {
    Ok((scope.names.get("application")?, scope.names.get("file")?))
}

fn read(input: api::FileResource) -> Result<ApplicationFile, ApiError> {
    let mut reading = Reading::default();
    let file = reading.file(input, "");
    reading.finish(file)?.ok_or_else(|| ApiError::bad_request("the file is not right"))
}

/// Refuses if the application has another version by now: its files have none of their own.
async fn check_version(
    scope: &mut OrganizationScope,
    application: &ApplicationName,
    if_match: &IfMatch,
) -> Result<(), ApiError> {
    if_match.check("the application", version(scope, application).await?)
}

async fn version(scope: &mut OrganizationScope, application: &ApplicationName) -> Result<u64, ApiError> {
    Ok(applications::find_application(&mut scope.work, &scope.organization, application).await?.version)
}

/// Stores a file; problems point into the file instead of the application.
async fn put(
    scope: &mut OrganizationScope,
    application: &ApplicationName,
    file: ApplicationFile,
) -> Result<ApplicationFile, ApiError> {
    let stored = application_files::put_file(&mut scope.work, &scope.organization, application, file).await;
    stored.map_err(|error| match error {
        OperationError::Invalid(problems) => {
            let problems =
                problems.into_iter().map(|problem| Problem { pointer: within(&problem.pointer), ..problem });
            OperationError::Invalid(problems.collect()).into()
        }
        other => other.into(),
    })
}

/// Turns `/files/3/path` into `/path`.
fn within(pointer: &str) -> String {
    let rest =
        pointer.strip_prefix("/files/").and_then(|rest| rest.find('/').map(|slash| rest[slash..].to_owned()));
    rest.unwrap_or_else(|| pointer.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_point_into_the_file() {
        assert_eq!(within("/files/3/template/delimiter"), "/template/delimiter");
        assert_eq!(within("/name"), "/name");
    }
}
