//! What was sent to a host.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use hostwright_api_types as api;
use hostwright_model::change::{Change, ChangeEnding, ChangeState, ChangeTask};
use hostwright_protocol::messages::Difference;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::right::{ReadHosts, WriteHosts};
use crate::access::{OrganizationPermit, OrganizationScope};
use crate::api::answers::{accepted, deleted, list};
use crate::api::query::{PageQuery, Query};
use crate::api::{ApiError, host_path};
use crate::app::App;
use crate::operations::OperationError;
use crate::operations::changes::{self, Removal, Which};

/// How long a request may wait for the end of a change.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// Routes of changes.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_changes, clear_changes))
        .routes(routes!(show_change, delete_change))
}

/// Lists the changes that have not ended.
#[utoipa::path(get, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/changes", tag = "changes",
    params(PageQuery, ("show_processed" = Option<bool>, Query, description = "`true`: also those that ended")),
    responses((status = 200, body = api::List<api::Change>)))]
async fn list_changes(permit: OrganizationPermit<ReadHosts>, query: Query) -> Result<Response, ApiError> {
    let page = query.page()?;
    let which = if query.flag("show_processed")? == Some(true) { Which::All } else { Which::Open };
    let mut scope = permit.look().await?;
    let path = host_path(&scope.names)?;
    let found = changes::list_changes(&mut scope.work, &scope.organization, &path, which).await?;
    Ok(scope.read(list(found.iter().map(represent).collect(), &page)))
}

/// Forgets the changes that ended; a host in error is ready again. Those that wait are given up if asked for.
#[utoipa::path(delete, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/changes",
    tag = "changes", params(("processed_only" = Option<bool>, Query, description = "`false`: also those that wait")),
    responses((status = 204)))]
async fn clear_changes(permit: OrganizationPermit<WriteHosts>, query: Query) -> Result<Response, ApiError> {
    let which = if query.flag("processed_only")? == Some(false) { Which::All } else { Which::Ended };
    let mut scope = permit.begin().await?;
    let path = host_path(&scope.names)?;
    changes::clear_changes(&mut scope.work, &scope.organization, &path, which).await?;
    scope.commit(deleted()).await
}

/// Shows a change, by its number or its key; waits for its end if asked to.
#[utoipa::path(get, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/changes/{change}",
    tag = "changes", params(("wait" = Option<u64>, Query, description = "seconds to wait for its end, at most 300")),
    responses((status = 200, body = api::Change)))]
async fn show_change(permit: OrganizationPermit<ReadHosts>, query: Query) -> Result<Response, ApiError> {
    let wait = Duration::from_secs(query.count("wait")?.unwrap_or(0) as u64).min(LONGEST_WAIT);
    let mut scope = permit.look().await?;
    let found = find(&mut scope).await?;
    if wait.is_zero() || !found.state.is_open() {
        return Ok(scope.read(Json(represent(&found))));
    }
    let organization = scope.organization.clone();
    // Nothing is open while the request waits.
    drop(scope);
    match changes::wait_for_change(permit.app(), &organization, found.id, wait).await {
        Ok(change) => Ok(Json(represent(&change)).into_response()),
        Err(error) => Err(error.into()),
    }
}

/// Gives up a change that waits, or forgets one that ended. 202: its agent was asked to give it up.
#[utoipa::path(delete, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/changes/{change}",
    tag = "changes", responses((status = 204), (status = 202)))]
async fn delete_change(permit: OrganizationPermit<WriteHosts>) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let path = host_path(&scope.names)?;
    let number = find(&mut scope).await?.order_number;
    let removal = changes::remove_change(&mut scope.work, &scope.organization, &path, number).await?;
    let answer = match removal {
        Removal::Removed => deleted(),
        Removal::Asked => accepted(),
    };
    scope.commit(answer).await
}

async fn find(scope: &mut OrganizationScope) -> Result<Change, ApiError> {
    let path = host_path(&scope.names)?;
    let text = scope.names.text("change").to_owned();
    if let Ok(number) = text.parse() {
        return Ok(changes::find_change(&mut scope.work, &scope.organization, &path, number).await?);
    }
    let missing = || OperationError::not_found("change", &text);
    let key = text.parse().map_err(|_| missing())?;
    let (_, host) = scope.host().await?;
    let found = changes::find_change_by_key(&mut scope.work, &scope.organization, key).await?;
    if found.host == host.id { Ok(found) } else { Err(missing().into()) }
}

/// Shows a change.
pub(super) fn represent(change: &Change) -> api::Change {
    let (ended, error) = match &change.state {
        ChangeState::Ended { at, message, .. } => (Some(*at), message.clone()),
        ChangeState::Pending | ChangeState::Running { .. } => (None, None),
    };
    api::Change {
        key: change.id.to_string(),
        order_num: change.order_number,
        description: change.description.clone(),
        state: state(&change.state),
        created: change.created_at,
        ended,
        error,
        tasks: change.tasks.iter().map(task).collect(),
    }
}

fn state(state: &ChangeState) -> api::ChangeState {
    match state {
        ChangeState::Pending => api::ChangeState::Pending,
        ChangeState::Running { .. } => api::ChangeState::Running,
        ChangeState::Ended { ending, .. } => match ending {
            ChangeEnding::Done => api::ChangeState::Done,
            ChangeEnding::Failed => api::ChangeState::Failed,
            ChangeEnding::Interrupted => api::ChangeState::Interrupted,
            ChangeEnding::Cancelled => api::ChangeState::Cancelled,
            ChangeEnding::Superseded => api::ChangeState::Superseded,
            ChangeEnding::Expired => api::ChangeState::Expired,
        },
    }
}

fn task(task: &ChangeTask) -> api::Task {
    api::Task {
        order_num: u64::from(task.task.number),
        description: task.task.description.clone(),
        status: match task.status() {
            "OK" => api::TaskStatus::Ok,
            "PENDING" => api::TaskStatus::Pending,
            _ => api::TaskStatus::Error,
        },
        error: task.error(),
        collection: task.task.resource.collection.clone(),
        id: task.task.resource.id.clone(),
        outcome: Some(task.outcome().to_owned()),
        differences: task.differences().iter().map(difference).collect(),
        message: task.message().map(str::to_owned),
    }
}

/// Shows a difference.
pub(super) fn difference(difference: &Difference) -> api::Difference {
    let shown = |value: &Option<_>| value.as_ref().and_then(|value| serde_json::to_value(value).ok());
    api::Difference {
        pointer: difference.pointer.clone(),
        before: shown(&difference.before),
        after: shown(&difference.after),
    }
}
