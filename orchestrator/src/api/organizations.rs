//! Organizations.

use axum::response::Response;
use hostwright_api_types as api;
use hostwright_model::names::OrganizationName;
use hostwright_model::organization::Organization;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answers::{created, deleted, entity, list, location, with_changes};
use super::body::JsonBody;
use super::conditional::IfMatch;
use super::query::{PageQuery, Query};
use super::{ApiError, new_name, other_name, settings};
use crate::access::right::{ReadOrganization, WriteOrganization};
use crate::access::{Caller, OrganizationPermit, SitePermit};
use crate::app::App;
use crate::operations::organizations::{
    CreateOrganization, OrganizationView, UpdateOrganization, create_organization as make_organization,
    delete_organization as remove_organization, list_organizations as all_organizations,
    update_organization as change_organization, view_organization,
};
use crate::operations::settings::Level;
use crate::operations::{OperationError, Work};

/// Routes of organizations.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_organizations, create_organization)).routes(routes!(
        show_organization,
        update_organization,
        delete_organization
    ))
}

/// Lists the organizations in which the caller has a role.
#[utoipa::path(get, path = "/organizations", tag = "organizations", params(PageQuery),
    responses((status = 200, body = api::List<api::Organization>)))]
async fn list_organizations(permit: SitePermit, query: Query) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let mut items = Vec::new();
    for organization in all_organizations(&mut scope.work).await? {
        if scope.caller.belongs_to(organization.id) {
            items.push(represent(&mut scope.work, organization).await?);
        }
    }
    Ok(scope.read(list(items, &page)))
}

/// Makes an organization; the caller becomes its administrator.
#[utoipa::path(post, path = "/organizations", tag = "organizations", request_body = api::OrganizationInput,
    responses((status = 200, body = api::Organization)))]
async fn create_organization(
    permit: SitePermit,
    JsonBody(input): JsonBody<api::OrganizationInput>,
) -> Result<Response, ApiError> {
    let api::OrganizationInput { name, description, settings } = input;
    if let Caller::Key(_) = permit.caller() {
        let reason = "an API key acts in its own organization only: log in as a user".to_owned();
        return Err(OperationError::Forbidden { reason }.into());
    }
    let name: OrganizationName = new_name(name)?;
    let drafts = settings::drafts(settings.unwrap_or_default(), "/settings")?;
    let mut scope = permit.begin().await?;
    let input = CreateOrganization { name, description: description.unwrap_or_default() };
    let organization = make_organization(&mut scope.work, input).await?;
    if !drafts.is_empty() {
        settings::define(&mut scope.work, &organization, &Level::Organization, drafts).await?;
    }
    let location = location(&["organizations", organization.name.as_str()]);
    let body = represent(&mut scope.work, organization).await?;
    scope.commit(created(&location, body.version, body)).await
}

/// Shows an organization.
#[utoipa::path(get, path = "/organizations/{organization}", tag = "organizations",
    responses((status = 200, body = api::Organization)))]
async fn show_organization(permit: OrganizationPermit<ReadOrganization>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let body = represent(&mut scope.work, scope.organization.clone()).await?;
    Ok(scope.read(entity(body.version, body)))
}

/// Replaces an organization's name, description and settings.
#[utoipa::path(put, path = "/organizations/{organization}", tag = "organizations",
    request_body = api::OrganizationInput, responses((status = 200, body = api::Organization)))]
async fn update_organization(
    permit: OrganizationPermit<WriteOrganization>,
    if_match: IfMatch,
    JsonBody(input): JsonBody<api::OrganizationInput>,
) -> Result<Response, ApiError> {
    let api::OrganizationInput { name, description, settings } = input;
    let drafts = settings.map(|inputs| settings::drafts(inputs, "/settings")).transpose()?;
    let mut scope = permit.begin().await?;
    if_match.check("the organization", scope.organization.version)?;
    let name = other_name(name, &scope.organization.name)?;
    let different = description.as_ref().is_some_and(|text| *text != scope.organization.description);
    if name.is_some() || different {
        let input = UpdateOrganization { name, description };
        scope.organization = change_organization(&mut scope.work, scope.organization, input).await?;
    }
    let changes = match drafts {
        Some(drafts) => settings::replace(&mut scope, &Level::Organization, drafts).await?,
        None => Vec::new(),
    };
    // Settings raise the version too.
    let found =
        scope.work.tx().organization_by_name(&scope.organization.name).await.map_err(ApiError::store)?;
    let organization = found.unwrap_or(scope.organization.clone());
    let body = represent(&mut scope.work, organization.clone()).await?;
    let answer = with_changes(&mut scope.work, &organization, &changes, entity(body.version, body)).await?;
    scope.commit(answer).await
}

/// Deletes an organization with everything in it, unless a host has a machine.
#[utoipa::path(delete, path = "/organizations/{organization}", tag = "organizations", responses((status = 204)))]
async fn delete_organization(
    permit: OrganizationPermit<WriteOrganization>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    if_match.check("the organization", scope.organization.version)?;
    remove_organization(&mut scope.work, &scope.organization).await?;
    scope.commit(deleted()).await
}

async fn represent(work: &mut Work, organization: Organization) -> Result<api::Organization, ApiError> {
    let OrganizationView { organization, environments, settings } =
        view_organization(work, organization).await?;
    Ok(api::Organization {
        name: organization.name.to_string(),
        description: organization.description,
        uuid: organization.id.to_string(),
        version: organization.version,
        environments: environments.iter().map(ToString::to_string).collect(),
        groups: Vec::new(),
        settings: settings.iter().map(settings::represent).collect(),
        access: None,
    })
}
