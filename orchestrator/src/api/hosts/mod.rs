//! Hosts and everything below them.

mod blueprint;
mod changes;
mod clone;
mod compliance;
mod contexts;
mod instance;
mod live;
mod permissions;
mod plan;
mod rendered;

use utoipa_axum::router::OpenApiRouter;

pub(super) use self::contexts::in_body;
use crate::app::App;

/// Routes of hosts and everything below them.
pub(super) fn router() -> OpenApiRouter<App> {
    blueprint::router()
        .merge(clone::router())
        .merge(contexts::router())
        .merge(rendered::router())
        .merge(live::router())
        .merge(instance::router())
        .merge(changes::router())
        .merge(compliance::router())
        .merge(plan::router())
        .merge(permissions::router())
}
