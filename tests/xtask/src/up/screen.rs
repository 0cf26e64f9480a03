//! The last screen of `up`: what runs, where, and what to type next.

use super::example::APPLICATION;
use super::site::CONFINED;
use super::state::UpState;
use crate::workspace::Workspace;

/// Renders it.
pub(super) fn render(state: &UpState, workspace: &Workspace) -> String {
    let xtask = xtask(workspace);
    let wright = if is_usual(workspace) { "cargo wright".to_owned() } else { format!("{xtask} wright") };
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
            format!("{xtask} shell -- rm /srv/web-server/index.html")
        }
        None => format!("rm {}/hosts/{CONFINED}/srv/web-server/index.html", workspace.site().display()),
    };
    let worth_typing = [
        (format!("{wright} hosts plan {place} --set http_port=8081"), "what a change would do"),
        (format!("{wright} settings set {place} http_port 8081 --wait"), "do it and watch"),
        (drift, "break something"),
        (format!("{wright} compliance list {place}"), "see that it was noticed"),
        (format!("{wright} hosts permissions {place}"), "what plugins may do there"),
    ];
    let width = worth_typing.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    text += "\nWorth typing next:\n\n";
    for (command, what_for) in worth_typing {
        text += &format!("  {command:width$}  {what_for}\n");
    }
    text += &format!("\n`{wright} --help` tells the rest; the application is `{APPLICATION}`.\n");
    text
}

/// What has to be typed to reach this program and the site.
pub(super) fn xtask(workspace: &Workspace) -> String {
    if is_usual(workspace) {
        "cargo xtask".to_owned()
    } else {
        format!("cargo xtask --site {}", workspace.site().display())
    }
}

fn is_usual(workspace: &Workspace) -> bool {
    workspace.site() == workspace.private()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(page: Option<&str>) -> UpState {
        UpState {
            api: "http://127.0.0.1:7690/api".to_owned(),
            user: "admin".to_owned(),
            password: "correct-horse".to_owned(),
            organization: "Demo".to_owned(),
            environment: "Default".to_owned(),
            host: "web1".to_owned(),
            page: page.map(str::to_owned),
            supervisor: 4711,
            leader: page.map(|_| 4712),
        }
    }

    #[test]
    fn it_says_what_runs_where_and_what_to_type() {
        let text = render(&state(Some("http://127.0.0.1:7680/")), &Workspace::locate());
        insta::assert_snapshot!(text, @r"
        Hostwright is up.

          API       http://127.0.0.1:7690/api  (user admin, password correct-horse)
          host      web1, in environment Default of organization Demo
          page      http://127.0.0.1:7680/

        Worth typing next:

          cargo wright hosts plan Demo Default web1 --set http_port=8081     what a change would do
          cargo wright settings set Demo Default web1 http_port 8081 --wait  do it and watch
          cargo xtask shell -- rm /srv/web-server/index.html                 break something
          cargo wright compliance list Demo Default web1                     see that it was noticed
          cargo wright hosts permissions Demo Default web1                   what plugins may do there

        `cargo wright --help` tells the rest; the application is `Web Server`.
        ");
    }

    #[test]
    fn without_programs_there_is_no_page_and_elsewhere_the_site_is_named() {
        let text = render(&state(None), &Workspace::locate().with_site("/home/ada/site".into()));
        insta::assert_snapshot!(text, @r"
        Hostwright is up.

          API       http://127.0.0.1:7690/api  (user admin, password correct-horse)
          host      web1, in environment Default of organization Demo

        Worth typing next:

          cargo xtask --site /home/ada/site wright hosts plan Demo Default web1 --set http_port=8081     what a change would do
          cargo xtask --site /home/ada/site wright settings set Demo Default web1 http_port 8081 --wait  do it and watch
          rm /home/ada/site/hosts/confined/srv/web-server/index.html                                     break something
          cargo xtask --site /home/ada/site wright compliance list Demo Default web1                     see that it was noticed
          cargo xtask --site /home/ada/site wright hosts permissions Demo Default web1                   what plugins may do there

        `cargo xtask --site /home/ada/site wright --help` tells the rest; the application is `Web Server`.
        ");
    }
}
