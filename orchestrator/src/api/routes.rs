//! All routes, and what surrounds them.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{StatusCode, Uri, header};
use axum::response::IntoResponse as _;
use axum::routing::get;
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

use super::{
    account, agents, api_keys, applications, distributions, enrolment_tokens, environments, events, health,
    hosts, layers, openapi, organizations, platforms, plugins, repeatable, settings,
};
use crate::app::App;

/// Returns everything that is served over HTTP besides the bus: `/api`, `/healthz`, `/readyz`, `/metrics`.
///
/// Every route answers with and without a slash at its end, and never by redirect.
pub fn router(app: App) -> Router {
    let (routes, description) = described().split_for_parts();
    let description: Arc<str> = openapi::document(description).into();
    let routes = routes.route(
        "/api/openapi.json",
        get(move || {
            let description = description.clone();
            async move { ([(header::CONTENT_TYPE, "application/json")], description.to_string()) }
        }),
    );
    let inner = routes
        .merge(health::router())
        .fallback(|| async { StatusCode::NOT_FOUND })
        .method_not_allowed_fallback(|| async { StatusCode::METHOD_NOT_ALLOWED })
        .layer(axum::middleware::from_fn(repeatable::digest_body))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(axum::middleware::from_fn(layers::explain))
        .layer(axum::middleware::from_fn(layers::trace))
        .with_state(app);
    Router::new().fallback_service(tower::service_fn(move |mut request: Request| {
        let inner = inner.clone();
        async move {
            without_trailing_slash(request.uri_mut());
            Ok::<_, Infallible>(inner.oneshot(request).await.into_response())
        }
    }))
}

/// Returns all routes below `/api` with their description.
pub(super) fn described() -> OpenApiRouter<App> {
    let routes = OpenApiRouter::new()
        .merge(account::router())
        .merge(organizations::router())
        .merge(environments::router())
        .merge(hosts::router())
        .merge(applications::router())
        .merge(platforms::router())
        .merge(distributions::router())
        .merge(settings::router())
        .merge(enrolment_tokens::router())
        .merge(api_keys::router())
        .merge(agents::router())
        .merge(plugins::router())
        .merge(events::router());
    OpenApiRouter::new().nest("/api", routes)
}

fn without_trailing_slash(uri: &mut Uri) {
    let path = uri.path();
    if path.len() < 2 || !path.ends_with('/') {
        return;
    }
    let trimmed = &path[..path.len() - 1];
    let text = match uri.query() {
        Some(query) => format!("{trimmed}?{query}"),
        None => trimmed.to_owned(),
    };
    if let Ok(path_and_query) = text.parse::<PathAndQuery>() {
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(path_and_query);
        if let Ok(shorter) = Uri::from_parts(parts) {
            *uri = shorter;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slash_at_the_end_is_forgiven() {
        let check = |before: &str, after: &str| {
            let mut uri: Uri = before.parse().unwrap();
            without_trailing_slash(&mut uri);
            assert_eq!(uri.to_string(), after);
        };
        check("/api/organizations/", "/api/organizations");
        check("/api/organizations/?limit=2", "/api/organizations?limit=2");
        check("/api/organizations", "/api/organizations");
        check("/", "/");
        check("/api//", "/api/");
    }
}
