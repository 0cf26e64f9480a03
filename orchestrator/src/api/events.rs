//! What happens, as it happens.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, Stream};
use hostwright_api_types as api;
use hostwright_model::event::{Actor, Event, Occurrence};
use serde_json::{Value as Json, json};
use tokio::sync::watch;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiError;
use super::query::Query;
use crate::access::OrganizationPermit;
use crate::access::right::ReadEvents;
use crate::app::App;
use crate::operations::events;

/// How many events are read at once.
const BATCH: u32 = 200;
/// How often is looked although nothing was committed here: another orchestrator may have.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How often a quiet stream says that it is still there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// Routes of events.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(stream_events))
}

/// Streams what happens as server-sent events; `Last-Event-ID` or `after` resumes.
#[utoipa::path(get, path = "/organizations/{organization}/events", tag = "events",
    params(("after" = Option<i64>, Query, description = "the last event that was seen"),
           ("Last-Event-ID" = Option<i64>, Header, description = "the last event that was seen")),
    responses((status = 200, body = api::Event, content_type = "text/event-stream")))]
async fn stream_events(
    permit: OrganizationPermit<ReadEvents>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let wanted = wanted(&query, &headers)?;
    // Subscribed before the first look, so that nothing falls in between.
    let commits = permit.app().commits();
    let mut scope = permit.look().await?;
    let range = events::event_range(&mut scope.work).await?;
    drop(scope);
    let after = wanted.unwrap_or(range.latest);
    let missed = range.oldest.is_some_and(|oldest| after.saturating_add(1) < oldest) || after > range.latest;
    let after = if missed { range.latest } else { after };
    let state = Streaming { permit, commits, after, pending: Vec::new(), resync: missed };
    Ok(Sse::new(sent(state)).keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE)).into_response())
}

fn wanted(query: &Query, headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
    let header = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let Some(text) = header.or_else(|| query.text("after")) else { return Ok(None) };
    let number = text.trim().parse().ok().filter(|number| *number >= 0);
    let refuse = || ApiError::bad_request(format!("the last event that was seen is a number, not `{text}`"));
    number.map(Some).ok_or_else(refuse)
}

struct Streaming {
    permit: OrganizationPermit<ReadEvents>,
    commits: watch::Receiver<u64>,
    after: i64,
    /// Read and not sent; the next one last.
    pending: Vec<Event>,
    resync: bool,
}

fn sent(state: Streaming) -> impl Stream<Item = Result<Sent, Infallible>> {
    stream::unfold(state, |mut state| async move {
        if std::mem::take(&mut state.resync) {
            let event = Sent::default().event("resync").id(state.after.to_string()).data("{}");
            return Some((Ok(event), state));
        }
        loop {
            if let Some(event) = state.pending.pop() {
                state.after = event.id;
                return Some((Ok(show(&event)), state));
            }
            state.commits.mark_unchanged();
            // Whoever lost the right, or whose organization went, is told by the end of the stream.
            let mut scope = state.permit.look().await.ok()?;
            let found =
                events::events_after(&mut scope.work, &scope.organization, state.after, BATCH).await.ok()?;
            drop(scope);
            state.pending = found;
            state.pending.reverse();
            if state.pending.is_empty() {
                tokio::select! {
                    _ = state.commits.changed() => {}
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                }
            }
        }
    })
}

fn show(event: &Event) -> Sent {
    let body = represent(event);
    let data = serde_json::to_string(&body).unwrap_or_else(|_| "{}".to_owned());
    Sent::default().id(body.id.to_string()).event(body.kind).data(data)
}

fn represent(event: &Event) -> api::Event {
    let Event { id, event } = event;
    let by = match &event.actor {
        Actor::System => None,
        Actor::User { username, .. } => Some(username.clone()),
        Actor::ApiKey { name } => Some(name.clone()),
        Actor::Agent { agent } => Some(agent.to_string()),
    };
    let (path, data) = details(&event.occurrence);
    api::Event {
        id: *id,
        kind: event.occurrence.name().to_owned(),
        time: event.at,
        by,
        path: path.filter(|path| !path.is_empty()).map(str::to_owned),
        message: event.occurrence.to_string(),
        data,
    }
}

/// Returns what an event is about and everything else that it says.
fn details(occurrence: &Occurrence) -> (Option<&str>, Json) {
    match occurrence {
        Occurrence::Created { kind, path }
        | Occurrence::Updated { kind, path }
        | Occurrence::Deleted { kind, path } => (Some(path), json!({ "kind": kind })),
        Occurrence::SettingWritten { path, key } | Occurrence::SettingDeleted { path, key } => {
            (Some(path), json!({ "key": key }))
        }
        Occurrence::HostState { host, path, state } => {
            (Some(path), json!({ "host": host.to_string(), "state": state }))
        }
        Occurrence::ChangeState { host, path, change, order_number, description, state } => (
            Some(path),
            json!({
                "host": host.to_string(), "key": change.to_string(), "orderNum": order_number,
                "description": description, "state": state,
            }),
        ),
        Occurrence::TaskState { host, path, change, number, description, status, outcome } => (
            Some(path),
            json!({
                "host": host.to_string(), "key": change.to_string(), "orderNum": number,
                "description": description, "status": status, "outcome": outcome,
            }),
        ),
        Occurrence::Drifted { host, path, resource } | Occurrence::Compliant { host, path, resource } => (
            Some(path),
            json!({ "host": host.to_string(), "collection": resource.collection, "id": resource.id }),
        ),
        Occurrence::PropertiesReported { host, path } => (Some(path), json!({ "host": host.to_string() })),
        Occurrence::AgentEnrolled { agent, path } => (Some(path), json!({ "agent": agent.to_string() })),
        Occurrence::AgentPresence { agent, state } => {
            (None, json!({ "agent": agent.to_string(), "state": state }))
        }
        Occurrence::AgentRevoked { agent } => (None, json!({ "agent": agent.to_string() })),
        Occurrence::PluginRegistered { plugin, version } => {
            (None, json!({ "plugin": plugin, "version": version }))
        }
        Occurrence::PluginActivated { plugin, version, serves, generation } => (
            None,
            json!({ "plugin": plugin, "version": version, "serves": serves, "generation": generation }),
        ),
        Occurrence::PluginDeactivated { serves, generation } => {
            (None, json!({ "serves": serves, "generation": generation }))
        }
        Occurrence::PluginReported { agent, plugin, state } => {
            (None, json!({ "agent": agent.to_string(), "plugin": plugin, "state": state }))
        }
    }
}
