//! For those who watch the orchestrator itself.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::ApiError;
use crate::app::App;
use crate::operations::Actor;
use crate::operations::metrics::{self, Metrics};

/// Routes beside `/api`.
pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(is_ready))
        .route("/metrics", get(show_metrics))
}

/// Says whether requests can be served: the database answers.
async fn is_ready(State(app): State<App>) -> Result<Response, ApiError> {
    let mut work = app.look(Actor::System).await?;
    work.tx().latest_event_id().await.map_err(ApiError::store)?;
    Ok((StatusCode::OK, "ready\n").into_response())
}

/// Counts everything, in the text format of Prometheus.
async fn show_metrics(State(app): State<App>) -> Result<Response, ApiError> {
    let mut work = app.look(Actor::System).await?;
    let metrics = metrics::count(&mut work).await?;
    drop(work);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text(&metrics)).into_response())
}

fn text(metrics: &Metrics) -> String {
    let Metrics {
        organizations,
        hosts,
        agents,
        open_changes,
        open_alerts,
        agents_with_messages,
        latest_event,
    } = metrics;
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, values: &[(String, String)]| {
        let _ = writeln!(text, "# HELP hostwright_{name} {help}\n# TYPE hostwright_{name} gauge");
        for (labels, value) in values {
            let _ = writeln!(text, "hostwright_{name}{labels} {value}");
        }
    };
    let one = |value: &dyn ToString| vec![(String::new(), value.to_string())];
    let by = |label: &str, values: &std::collections::BTreeMap<&'static str, u64>| -> Vec<(String, String)> {
        values.iter().map(|(name, count)| (format!("{{{label}=\"{name}\"}}"), count.to_string())).collect()
    };
    gauge("organizations", "Organizations.", &one(organizations));
    gauge("hosts", "Hosts by state.", &by("state", hosts));
    gauge("agents", "Trusted agents by presence.", &by("presence", agents));
    gauge("changes_open", "Changes that have not ended.", &one(open_changes));
    gauge("alerts_open", "Resources that are not as desired.", &one(open_alerts));
    gauge(
        "agents_with_messages",
        "Agents with messages that they have not receipted.",
        &one(agents_with_messages),
    );
    gauge("latest_event", "Number of the latest event.", &one(latest_event));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_its_line() {
        let metrics = Metrics {
            organizations: 1,
            hosts: [("READY", 2), ("DEFINED", 1)].into(),
            agents: [("up", 2)].into(),
            open_changes: 3,
            ..Metrics::default()
        };
        insta::assert_snapshot!(text(&metrics));
    }
}
