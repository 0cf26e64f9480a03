//! API keys of an organization.

use axum::Json;
use axum::response::Response;
use hostwright_api_types as api;
use hostwright_model::names::ApiKeyName;
use hostwright_model::user::{ApiKey, Role};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answers::{created, deleted, list, location};
use super::body::JsonBody;
use super::query::{PageQuery, Query};
use super::{ApiError, new_name};
use crate::access::OrganizationPermit;
use crate::access::right::{ReadApiKeys, WriteApiKeys};
use crate::app::App;
use crate::operations::OperationError;
use crate::operations::api_keys::{self, CreateApiKey};

/// Routes of API keys.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_api_keys, create_api_key))
        .routes(routes!(show_api_key, delete_api_key))
}

/// Lists the API keys of an organization.
#[utoipa::path(get, path = "/organizations/{organization}/applicationkeys", tag = "API keys", params(PageQuery),
    responses((status = 200, body = api::List<api::ApiKey>)))]
async fn list_api_keys(permit: OrganizationPermit<ReadApiKeys>, query: Query) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let keys = api_keys::list_api_keys(&mut scope.work, &scope.organization).await?;
    let items = keys.iter().map(|key| represent(key, scope.organization.name.as_str())).collect();
    Ok(scope.read(list::<api::ApiKey>(items, &page)))
}

/// Makes an API key. The key itself is only in this answer.
#[utoipa::path(post, path = "/organizations/{organization}/applicationkeys", tag = "API keys",
    request_body = api::ApiKeyInput, responses((status = 200, body = api::ApiKey)))]
async fn create_api_key(
    permit: OrganizationPermit<WriteApiKeys>,
    JsonBody(input): JsonBody<api::ApiKeyInput>,
) -> Result<Response, ApiError> {
    let api::ApiKeyInput { name, role, expires } = input;
    let name: ApiKeyName = new_name(Some(name))?;
    let role = match role {
        Some(text) => text.parse().map_err(|error| OperationError::invalid("/role", error))?,
        None => Role::Administrator,
    };
    permit.refuse_repeating()?;
    let mut scope = permit.begin().await?;
    let input = CreateApiKey { name, role, expires_at: expires };
    let (key, token) = api_keys::create_api_key(&mut scope.work, &scope.organization, input).await?;
    let organization = scope.organization.name.as_str();
    let location = location(&["organizations", organization, "applicationkeys", key.name.as_str()]);
    let body = api::ApiKey { token: Some(token.to_string()), ..represent(&key, organization) };
    scope.commit(created(&location, 1, body)).await
}

/// Shows an API key without the key itself.
#[utoipa::path(get, path = "/organizations/{organization}/applicationkeys/{name}", tag = "API keys",
    responses((status = 200, body = api::ApiKey)))]
async fn show_api_key(permit: OrganizationPermit<ReadApiKeys>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let keys = api_keys::list_api_keys(&mut scope.work, &scope.organization).await?;
    let name = scope.names.text("name");
    let key = keys.iter().find(|key| key.name == name);
    let key = key.ok_or_else(|| OperationError::not_found("API key", name))?;
    let body = represent(key, scope.organization.name.as_str());
    Ok(scope.read(Json(body)))
}

/// Makes an API key useless.
#[utoipa::path(delete, path = "/organizations/{organization}/applicationkeys/{name}", tag = "API keys",
    responses((status = 204)))]
async fn delete_api_key(permit: OrganizationPermit<WriteApiKeys>) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let text = scope.names.text("name");
    let name: ApiKeyName = text.parse().map_err(|_| OperationError::not_found("API key", text))?;
    api_keys::delete_api_key(&mut scope.work, &scope.organization, &name).await?;
    scope.commit(deleted()).await
}

fn represent(key: &ApiKey, organization: &str) -> api::ApiKey {
    api::ApiKey {
        name: key.name.to_string(),
        uuid: key.id.to_string(),
        organization: organization.to_owned(),
        role: key.role.name().to_owned(),
        token: None,
        created: key.created_at,
        expires: key.expires_at,
    }
}
