//! Applications with their files and parameters.

mod drafts;
mod files;
mod parameters;
mod represented;
mod templates;

use utoipa_axum::router::OpenApiRouter;

pub(super) use self::parameters::find_parameter;
pub(super) use self::represented::{delimiter, represent_parameter};
use crate::app::App;

/// Routes of applications.
pub(super) fn router() -> OpenApiRouter<App> {
    templates::router().merge(files::router()).merge(parameters::router())
}
