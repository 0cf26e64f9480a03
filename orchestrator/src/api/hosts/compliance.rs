//! Resources of a host that are not as they should be.

use axum::response::Response;
use hostwright_api_types as api;
use hostwright_model::alert::Finding;
use hostwright_protocol::messages::ResourceRef;
use serde_json::{Map, Value as Json, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::changes::difference;
use crate::access::right::{ActOnCompliance, ReadCompliance, WriteCompliance};
use crate::access::{OrganizationPermit, OrganizationScope};
use crate::api::answers::{accepted, deleted, list, with_changes};
use crate::api::body::NoBody;
use crate::api::query::{PageQuery, Query};
use crate::api::{ApiError, host_path};
use crate::app::App;
use crate::operations::OperationError;
use crate::operations::alerts::{self, AlertView};

/// Routes of alerts.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_alerts, delete_alerts))
        .routes(routes!(rebuild_host))
        .routes(routes!(show_alert, delete_alert))
}

/// Lists the open alerts of a host.
#[utoipa::path(get, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/compliance",
    tag = "compliance", params(PageQuery), responses((status = 200, body = api::List<api::ComplianceAlert>)))]
async fn list_alerts(permit: OrganizationPermit<ReadCompliance>, query: Query) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let found = all(&mut scope).await?;
    Ok(scope.read(list(found, &page)))
}

/// Dismisses all alerts of a host until they are seen again.
#[utoipa::path(delete, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/compliance",
    tag = "compliance", responses((status = 204)))]
async fn delete_alerts(permit: OrganizationPermit<WriteCompliance>) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let path = host_path(&scope.names)?;
    alerts::delete_alerts(&mut scope.work, &scope.organization, &path).await?;
    scope.commit(deleted()).await
}

/// Sends everything that is desired of a host again.
#[utoipa::path(put, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/compliance/_rebuild",
    tag = "compliance", responses((status = 202)))]
async fn rebuild_host(
    permit: OrganizationPermit<ActOnCompliance>,
    _body: NoBody,
) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let path = host_path(&scope.names)?;
    let change = alerts::rebuild_host(&mut scope.work, &scope.organization, &path).await?;
    let answer = with_changes(&mut scope.work, &scope.organization, &[change], accepted()).await?;
    scope.commit(answer).await
}

/// Shows the alert of a resource of an application; `collection` is `files`, `packages`, `services` …
#[utoipa::path(get,
    path = "/organizations/{organization}/environments/{environment}/hosts/{host}/compliance/applications/{application}/{collection}/{name}",
    tag = "compliance", responses((status = 200, body = api::ComplianceAlert)))]
async fn show_alert(permit: OrganizationPermit<ReadCompliance>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let alert = find(&mut scope).await?;
    Ok(scope.read(axum::Json(alert)))
}

/// Dismisses the alert of a resource until it is seen again.
#[utoipa::path(delete,
    path = "/organizations/{organization}/environments/{environment}/hosts/{host}/compliance/applications/{application}/{collection}/{name}",
    tag = "compliance", responses((status = 204)))]
async fn delete_alert(permit: OrganizationPermit<WriteCompliance>) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let alert = find(&mut scope).await?;
    let path = host_path(&scope.names)?;
    let resource = ResourceRef { collection: alert.collection, id: alert.id };
    alerts::delete_alert(&mut scope.work, &scope.organization, &path, &resource).await?;
    scope.commit(deleted()).await
}

async fn all(scope: &mut OrganizationScope) -> Result<Vec<api::ComplianceAlert>, ApiError> {
    let path = host_path(&scope.names)?;
    let found = alerts::list_alerts(&mut scope.work, &scope.organization, &path).await?;
    Ok(found.into_iter().flat_map(represent).collect())
}

async fn find(scope: &mut OrganizationScope) -> Result<api::ComplianceAlert, ApiError> {
    let found = all(scope).await?;
    let (application, collection, name) =
        (scope.names.text("application"), scope.names.text("collection"), scope.names.text("name"));
    // Repositories have a shorter name in paths of the API that this one continues.
    let collection = if collection == "repos" { "repositories" } else { collection };
    let alert = found.into_iter().find(|alert| {
        alert.application == application
            && alert.collection == collection
            && (alert.name == name || alert.id == name)
    });
    alert.ok_or_else(|| OperationError::not_found("alert", name).into())
}

/// Shows an alert, once for each application that declares its resource.
fn represent(view: AlertView) -> Vec<api::ComplianceAlert> {
    let AlertView { alert, applications, label } = view;
    let (expected, observed, differences) = match alert.finding {
        Finding::Drifted { expected, observed, differences } => {
            (state(&alert.resource, expected), state(&alert.resource, observed), differences)
        }
        Finding::Unreadable { error } => (json!({}), json!({ "error": error }), Vec::new()),
    };
    // A label is a word for the kind and the name in the application.
    let name = label.split_once(' ').map_or(alert.resource.id.as_str(), |(_, name)| name).to_owned();
    let applications = if applications.is_empty() { vec![String::new()] } else { applications };
    applications
        .into_iter()
        .map(|application| api::ComplianceAlert {
            application,
            kind: api::type_of_collection(&alert.resource.collection),
            name: name.clone(),
            current_state: observed.clone(),
            expected_state: expected.clone(),
            collection: alert.resource.collection.clone(),
            id: alert.resource.id.clone(),
            differences: differences.iter().map(difference).collect(),
            since: alert.since,
        })
        .collect()
}

/// Shows a state as an object, also where there is nothing, with the members that tell whether the resource is there.
fn state(resource: &ResourceRef, attributes: Json) -> Json {
    let is_there = !attributes.is_null();
    let mut state = match attributes {
        Json::Object(state) => state,
        Json::Null => Map::new(),
        other => return other,
    };
    match resource.collection.as_str() {
        "packages" => {
            state.insert("installed".to_owned(), json!(is_there));
        }
        "files" | "directories" => {
            state.insert("path".to_owned(), json!(resource.id));
            state.insert("present".to_owned(), json!(is_there));
        }
        _ => {}
    }
    Json::Object(state)
}
