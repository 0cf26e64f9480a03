//! Enrolment tokens.

use axum::Json;
use axum::response::Response;
use hostwright_api_types as api;
use hostwright_model::ids::EnrolmentTokenId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answers::{created, deleted, list, location};
use super::body::JsonBody;
use super::hosts::in_body;
use super::query::{PageQuery, Query};
use super::{ApiError, reference, required};
use crate::access::right::{ReadEnrolmentTokens, WriteEnrolmentTokens};
use crate::access::{Names, OrganizationPermit};
use crate::app::App;
use crate::operations::OperationError;
use crate::operations::enrolment_tokens::{self, CreateEnrolmentToken, EnrolmentTokenView};

/// Routes of enrolment tokens.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_enrolment_tokens, create_enrolment_token))
        .routes(routes!(show_enrolment_token, delete_enrolment_token))
}

/// Lists the tokens of an organization.
#[utoipa::path(get, path = "/organizations/{organization}/enrolment-tokens", tag = "enrolment tokens", params(PageQuery),
    responses((status = 200, body = api::List<api::EnrolmentToken>)))]
async fn list_enrolment_tokens(
    permit: OrganizationPermit<ReadEnrolmentTokens>,
    query: Query,
) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let views = enrolment_tokens::list_enrolment_tokens(&mut scope.work, &scope.organization).await?;
    Ok(scope.read(list(views.iter().map(represent).collect(), &page)))
}

/// Makes a token for a host, or for hosts that are discovered. The token itself is only in this answer.
#[utoipa::path(post, path = "/organizations/{organization}/enrolment-tokens", tag = "enrolment tokens",
    request_body = api::EnrolmentTokenInput, responses((status = 200, body = api::EnrolmentToken)))]
async fn create_enrolment_token(
    permit: OrganizationPermit<WriteEnrolmentTokens>,
    JsonBody(input): JsonBody<api::EnrolmentTokenInput>,
) -> Result<Response, ApiError> {
    let api::EnrolmentTokenInput { environment, host, uses, expires } = input;
    let input = CreateEnrolmentToken {
        environment: required(Some(environment), "/environment")?,
        host: reference(host, "/host")?,
        uses,
        expires_at: expires,
    };
    permit.refuse_repeating()?;
    let mut scope = permit.begin().await?;
    let made = enrolment_tokens::create_enrolment_token(&mut scope.work, &scope.organization, input).await;
    let (view, token) = made.map_err(named_in_body)?;
    let id = view.token.id.to_string();
    let location = location(&["organizations", scope.organization.name.as_str(), "enrolment-tokens", &id]);
    let body = api::EnrolmentToken { token: Some(token.to_string()), ..represent(&view) };
    scope.commit(created(&location, 1, body)).await
}

/// Shows a token without the token itself.
#[utoipa::path(get, path = "/organizations/{organization}/enrolment-tokens/{uuid}", tag = "enrolment tokens",
    responses((status = 200, body = api::EnrolmentToken)))]
async fn show_enrolment_token(permit: OrganizationPermit<ReadEnrolmentTokens>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let id = id(&scope.names)?;
    let view = enrolment_tokens::find_enrolment_token(&mut scope.work, &scope.organization, id).await?;
    Ok(scope.read(Json(represent(&view))))
}

/// Makes a token useless.
#[utoipa::path(delete, path = "/organizations/{organization}/enrolment-tokens/{uuid}", tag = "enrolment tokens",
    responses((status = 204)))]
async fn delete_enrolment_token(
    permit: OrganizationPermit<WriteEnrolmentTokens>,
) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let id = id(&scope.names)?;
    enrolment_tokens::delete_enrolment_token(&mut scope.work, &scope.organization, id).await?;
    scope.commit(deleted()).await
}

fn id(names: &Names) -> Result<EnrolmentTokenId, OperationError> {
    let text = names.text("uuid");
    text.parse().map_err(|_| OperationError::not_found("enrolment token", text))
}

fn named_in_body(error: OperationError) -> ApiError {
    match &error {
        OperationError::NotFound { what: "host", .. } => in_body(error, "/host"),
        OperationError::NotFound { what: "environment", .. } => in_body(error, "/environment"),
        _ => error.into(),
    }
}

fn represent(view: &EnrolmentTokenView) -> api::EnrolmentToken {
    let EnrolmentTokenView { token, environment, host } = view;
    api::EnrolmentToken {
        uuid: token.id.to_string(),
        token: None,
        environment: environment.as_ref().map(ToString::to_string).unwrap_or_default(),
        host: host.as_ref().map(ToString::to_string),
        uses: u64::from(token.uses_left),
        expires: token.expires_at,
    }
}
