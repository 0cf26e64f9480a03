//! What happens once: the administrator.

use anyhow::{Context as _, Result};
use hostwright_model::event::Actor;
use hostwright_model::user::SiteRole;
use zeroize::Zeroizing;

use crate::app::App;
use crate::operations::users::{self, CreateUser};
use crate::passwords;

const ADMINISTRATOR: &str = "admin";

/// Makes the administrator if there is no user yet, and returns the password, which is kept nowhere.
pub async fn make_administrator(app: &App) -> Result<Option<Zeroizing<String>>> {
    let mut work = app.begin(Actor::System).await?;
    if !users::list_users(&mut work).await?.is_empty() {
        return Ok(None);
    }
    let password = passwords::generate();
    let input = CreateUser {
        username: ADMINISTRATOR.parse().context("the administrator's name")?,
        full_name: "Administrator".to_owned(),
        email: String::new(),
        password: password.to_string(),
        role: SiteRole::Administrator,
    };
    users::create_user(&mut work, input).await.context("make the administrator")?;
    work.commit().await?;
    Ok(Some(password))
}
