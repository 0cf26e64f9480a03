//! The last screen of `up`: what runs, where, and what to type next.

use super::example::APPLICATION;
use super::state::UpState;

/// Renders it.
pub(super) fn render(state: &UpState) -> String {
    let UpState { api, user, password, organization, environment, host, page, .. } = state;
    let place = format!("{organization} {environment} {host}");
    let mut text = format!(
        "\n\
         Hostwright is up.\n\
         \n\
         \x20 API       {api}  (user {user}, password {password})\n\
         \x20 host      {host}, in environment {environment} of organization {organization}\n"
    );
    let drift = match page {
        Some(page) => {
            text += &format!("  page      {page}\n");
            "cargo xtask shell -- rm /srv/web-server/index.html".to_owned()
        }
        None => "rm .hostwright/hosts/confined/srv/web-server/index.html".to_owned(),
    };
    text += &format!(
        "\n\
         Worth typing next:\n\
         \n\
         \x20 cargo wright hosts plan {place} --set http_port=8081      what a change would do\n\
         \x20 cargo wright settings set {place} http_port 8081 --wait   do it and watch\n\
         \x20 {drift}   break something\n\
         \x20 cargo wright compliance list {place}                      see that it was noticed\n\
         \x20 cargo wright hosts permissions {place}                    what plugins may do there\n\
         \n\
         `cargo wright --help` tells the rest; the application is `{APPLICATION}`.\n"
    );
    text
}
