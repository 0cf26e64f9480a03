//! People.

use axum::Json;
use axum::response::Response;
use hostwright_api_types as api;
use hostwright_model::names::UserName;
use hostwright_model::user::User;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ApiError;
use crate::access::{Caller, SitePermit};
use crate::app::App;
use crate::operations::{OperationError, users};

/// Routes of people.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_account)).routes(routes!(show_user))
}

/// Shows the caller; an API key shows as a user of its name.
#[utoipa::path(get, path = "/account", tag = "users", responses((status = 200, body = api::User)))]
async fn show_account(permit: SitePermit) -> Result<Response, ApiError> {
    let scope = permit.look().await?;
    let body = match &scope.caller {
        Caller::User { user, .. } => represent(user),
        Caller::Key(key) => api::User {
            username: key.name.to_string(),
            fullname: format!("API key ({})", key.role),
            email: String::new(),
            role: "USER".to_owned(),
        },
    };
    Ok(scope.read(Json(body)))
}

/// Shows a user: oneself, or anybody to the site's administrator.
#[utoipa::path(get, path = "/users/{username}", tag = "users", responses((status = 200, body = api::User)))]
async fn show_user(permit: SitePermit) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let name: UserName = scope.names.get("username").map_err(|_| missing(scope.names.text("username")))?;
    let is_self = matches!(&scope.caller, Caller::User { user, .. } if user.username == name);
    if !is_self && !scope.caller.is_site_administrator() {
        return Err(missing(name.as_str()).into());
    }
    let user = users::find_user(&mut scope.work, &name).await?;
    let body = represent(&user);
    Ok(scope.read(Json(body)))
}

fn missing(name: &str) -> OperationError {
    OperationError::not_found("user", name)
}

fn represent(user: &User) -> api::User {
    api::User {
        username: user.username.to_string(),
        fullname: user.full_name.clone(),
        email: user.email.clone(),
        role: user.role.name().to_owned(),
    }
}
