//! `wright` against a real server.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hostwright_cli::{ExitStatus, Output, Surroundings, run};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::TestApp;
use super::world::{FILTERS, PASSWORD, web_server};

/// A server, and people in front of it.
struct Terminal {
    test: TestApp,
    address: String,
    server: JoinHandle<()>,
}

impl Terminal {
    async fn start() -> Self {
        let test = TestApp::start_with_demo().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/api", listener.local_addr().unwrap());
        let router = test.router.clone();
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { test, address, server }
    }

    /// Types a command and returns what is seen.
    async fn wright(&self, arguments: &[&str]) -> String {
        self.wright_with(arguments, "", ExitStatus::Done).await
    }

    async fn wright_with(&self, arguments: &[&str], input: &str, expected: ExitStatus) -> String {
        let home = self.test.directory.path().display().to_string();
        let variables: BTreeMap<String, String> = [
            ("HOME", home.as_str()),
            ("HOSTWRIGHT_API", &self.address),
            ("HOSTWRIGHT_USER", "admin"),
            ("HOSTWRIGHT_PASSWORD", PASSWORD),
            ("HOSTWRIGHT_ORGANIZATION", "Demo"),
            ("HOSTWRIGHT_ENVIRONMENT", "prod"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let input = Box::new(std::io::Cursor::new(input.as_bytes().to_vec()));
        let surroundings = Surroundings { variables, input, is_interactive: false };
        let (mut output, kept) = Output::kept();
        let arguments = std::iter::once("wright").chain(arguments.iter().copied());
        let status = run(arguments, surroundings, &mut output).await;
        let text = kept.text().replace(&self.address, "[api]").replace(&home, "[home]");
        assert_eq!(status, expected, "{text}");
        text
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.server.abort();
    }
}

macro_rules! assert_seen {
    ($text:expr) => {
        insta::with_settings!({ filters => FILTERS.to_vec() }, { insta::assert_snapshot!($text) });
    };
}

/// Types commands one after the other and returns them with what is seen.
async fn session(terminal: &Terminal, commands: &[&[&str]]) -> String {
    let mut text = String::new();
    for command in commands {
        text += &format!("$ wright {}\n", command.join(" "));
        text += &terminal.wright(command).await;
        text.push('\n');
    }
    text
}

#[tokio::test]
async fn nouns_and_verbs() {
    let terminal = Terminal::start().await;
    let text = session(
        &terminal,
        &[
            &["organizations", "list"],
            &["environments", "add", "test", "--description", "for trying"],
            &["environments", "list"],
            &["hosts", "add", "web2"],
            &["hosts", "list"],
            &["hosts", "show", "web1"],
            &["hosts", "show", "Demo", "prod", "web1", "--json"],
            &["applications", "list"],
            &["applications", "files", "list", "Web Server"],
            &["applications", "files", "show-content", "Web Server", "site.conf"],
            &["applications", "parameters", "list", "Web Server"],
            &["platforms", "list"],
            &["distributions", "list"],
            &["hosts", "install", "web1", "Web Server", "--set", "http_port=81"],
            &["hosts", "applications", "list", "web1"],
            &["hosts", "render", "web1", "Web Server", "site.conf"],
            &["hosts", "uninstall", "web1", "Web Server"],
            &["instance", "provision", "web1"],
            &["instance", "show", "web1"],
            &["instance", "forget", "web1"],
            &["changes", "list", "web1"],
            &["alerts", "list", "web1"],
            &["agents", "list"],
            &["tokens", "list"],
            &["keys", "create", "ci", "--role", "auditor"],
            &["keys", "list"],
            &["plugins", "list"],
            &["plugins", "active"],
            &["plugins", "show", "hostwright/files"],
            &["hosts", "permissions", "web1"],
            &["hosts", "delete", "web2"],
        ],
    )
    .await;
    assert_seen!(text);
}

#[tokio::test]
async fn settings_at_every_level() {
    let terminal = Terminal::start().await;
    let body = json!({ "application": "Web Server" });
    let path = "/api/organizations/Demo/environments/prod/hosts/web1/applications";
    terminal.test.administrator().post(path, body).await.expect(200);
    let text = session(
        &terminal,
        &[
            &["settings", "set", "http_port", "80", "--org", "Demo"],
            &["settings", "set", "http_port", "81", "--env", "prod"],
            &["settings", "set", "http_port", "82", "--host", "web1"],
            &["settings", "set", "http_port", "83", "--host", "web1", "--application", "Web Server"],
            &["settings", "set", "Demo", "prod", "web1", "http_port", "84", "--wait"],
            &["settings", "origin", "web1", "Web Server", "http_port"],
            &["settings", "list", "--host", "web1"],
            &["settings", "unset", "http_port", "--host", "web1", "--app", "Web Server"],
            &["settings", "origin", "web1", "Web Server", "http_port"],
            &["hosts", "settings", "set", "web1", "motd", "8080", "--text"],
            &["hosts", "settings", "list", "web1"],
            &["environments", "settings", "unset", "http_port"],
        ],
    )
    .await;
    assert_seen!(text);
}

#[tokio::test]
async fn mistakes_are_printed_once_with_the_way_out() {
    let terminal = Terminal::start().await;
    let mut text = String::new();
    let cases: [(&[&str], ExitStatus); 11] = [
        (&["hosts", "show", "web9"], ExitStatus::Refused),
        (&["hosts"], ExitStatus::Usage),
        (&["hosts", "shwo", "web1"], ExitStatus::Usage),
        (&["hosts", "show", "a", "b", "c", "d"], ExitStatus::Usage),
        (&["settings", "set", "http_port", "80"], ExitStatus::Usage),
        (&["settings", "set", "http_port", "eighty", "--org", "Demo"], ExitStatus::Refused),
        (&["environments", "add", "x", "-j", "{\"naem\":\"x\"}"], ExitStatus::Refused),
        (&["environments", "add", "x", "-j", "{"], ExitStatus::Usage),
        (&["environments", "update", "prod"], ExitStatus::Usage),
        (&["organizations", "list", "--user", "admin", "--pass", "wrong"], ExitStatus::Refused),
        (&["organizations", "list", "--api", "http://127.0.0.1:9/api"], ExitStatus::Refused),
    ];
    for (command, expected) in cases {
        text += &format!("$ wright {}\n", command.join(" "));
        text += &terminal.wright_with(command, "", expected).await;
        text += &format!("[exit status {}]\n\n", expected as u8);
    }
    assert_seen!(text);
}

#[tokio::test]
async fn a_folder_is_applied_once() {
    let terminal = Terminal::start().await;
    let folder = terminal.test.directory.path().join("Example");
    write(
        &folder,
        "definition.json",
        r#"{"name":"Example","description":"by folder","settings":[{"key":"zone","value":"eu"}]}"#,
    );
    write(&folder, "applications/Web Server/definition.json", &web_server().to_string());
    write(&folder, "applications/Web Server/files/site.conf", "listen ${http_port};\n");
    write(&folder, "environments/prod/definition.json", r#"{"settings":[{"key":"http_port","value":80}]}"#);
    write(
        &folder,
        "environments/prod/hosts/web1/definition.json",
        r#"{"platform":"Manual","applications":["Web Server"]}"#,
    );
    let path = folder.display().to_string();
    let mut text = session(
        &terminal,
        &[&["apply", "-f", &path, "--dry-run"], &["apply", "-f", &path], &["apply", "-f", &path]],
    )
    .await;
    write(&folder, "applications/Web Server/files/site.conf", "listen ${http_port} default;\n");
    write(
        &folder,
        "environments/prod/definition.json",
        r#"{"description":"new","settings":[{"key":"http_port","value":81}]}"#,
    );
    write(
        &folder,
        "environments/prod/hosts/web1/applications/Web Server.json",
        r#"{"settings":[{"key":"http_port","value":82}]}"#,
    );
    text += &session(&terminal, &[&["apply", "-f", &path], &["apply", "-f", &path, "--json"]]).await;
    write(&folder, "environments/prod/definition.json", r#"{"descripton":"new"}"#);
    text += &terminal.wright_with(&["apply", "-f", &path], "", ExitStatus::Usage).await;
    assert_seen!(text.replace(&path, "[folder]"));
}

#[tokio::test]
async fn one_application_is_applied_into_the_organization_that_is_meant() {
    let terminal = Terminal::start().await;
    let folder = terminal.test.directory.path().join("motd");
    write(&folder, "definition.json", r#"{"files":[{"name":"motd","path":"/etc/motd"}]}"#);
    write(&folder, "files/motd", "hello\n");
    let path = folder.display().to_string();
    let text = session(&terminal, &[&["apply", "-f", &path], &["applications", "show", "motd"]]).await;
    assert_seen!(text.replace(&path, "[folder]"));
}

#[tokio::test]
async fn waiting_shows_tasks_and_the_exit_status_tells_how_it_went() {
    let terminal = Terminal::start().await;
    terminal.test.enrol("prod", "web1").await;
    let waiting = terminal.wright_with(
        &["hosts", "install", "web1", "Web Server", "--wait"],
        "",
        ExitStatus::ChangeFailed,
    );
    let giving_up = async {
        let admin = terminal.test.administrator();
        let change = "/api/organizations/Demo/environments/prod/hosts/web1/changes/1";
        while admin.get(change).await.status != 200 {
            tokio::task::yield_now().await;
        }
        terminal.test.end_change("web1", 1).await;
    };
    let (text, ()) = tokio::join!(waiting, giving_up);
    assert_seen!(text);
    let text =
        session(&terminal, &[&["changes", "list", "web1", "--all"], &["changes", "show", "web1", "1"]]).await;
    assert_seen!(text);
}

#[tokio::test]
async fn parts_of_an_application_are_made_one_by_one() {
    let terminal = Terminal::start().await;
    terminal.test.enrol("prod", "web1").await;
    let of =
        |verb: &'static str, name: &'static str| ["hosts", "applications", verb, "web1", "Web Server", name];
    let release =
        ["hosts", "applications", "update-package", "web1", "Web Server", "nginx-light", "--release", "1.22"];
    let commands: [&[&str]; 9] = [
        &["hosts", "install", "web1", "Web Server"],
        &of("run", "reconfigure"),
        &of("update-service", "nginx"),
        &of("disable-service", "nginx"),
        &of("enable-service", "nginx"),
        &of("install-package", "nginx-light"),
        &of("update-package", "nginx-light"),
        &release,
        &["changes", "list", "web1"],
    ];
    let text = session(&terminal, &commands).await;
    assert_seen!(text);
}

#[tokio::test]
async fn a_login_is_stored_and_used() {
    let terminal = Terminal::start().await;
    let config = terminal.test.directory.path().join("wright.toml").display().to_string();
    let login = ["login", "--config", &config, "--user", "admin", "--org", "Demo"];
    let text = terminal.wright_with(&login, "", ExitStatus::Done).await;
    assert_seen!(text);
    let stored = fs::read_to_string(&config).unwrap();
    assert!(
        stored.contains("organization = \"Demo\"") && stored.contains("default_profile = \"default\""),
        "{stored}"
    );
    let wrong = ["login", "--config", &config, "--user", "admin", "--pass", "wrong"];
    terminal.wright_with(&wrong, "", ExitStatus::Refused).await;
    assert_eq!(fs::read_to_string(&config).unwrap(), stored, "a login that does not work is not stored");
}

#[tokio::test]
async fn events_are_seen_as_they_happen() {
    let terminal = Terminal::start().await;
    let text = terminal.wright(&["events", "--after", "0", "--count", "1"]).await;
    assert!(text.contains("created"), "{text}");
    let acting = async {
        let admin = terminal.test.administrator();
        // Until the stream is open, nobody sees what happens: so something happens until it was seen.
        for number in 0_u32.. {
            admin
                .post("/api/organizations/Demo/environments", json!({ "name": format!("e{number}") }))
                .await
                .expect(200);
            tokio::task::yield_now().await;
        }
    };
    let text = tokio::select! {
        text = terminal.wright(&["events", "--count", "1"]) => text,
        () = acting => String::new(),
    };
    assert!(text.contains("entity.created  created environment environments/e"), "{text}");
}

#[test]
fn help_and_completions_are_there() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let see = |arguments: &[&str]| {
        let surroundings = Surroundings {
            variables: BTreeMap::new(),
            input: Box::new(std::io::empty()),
            is_interactive: false,
        };
        let (mut output, kept) = Output::kept();
        let arguments = std::iter::once("wright").chain(arguments.iter().copied());
        assert_eq!(runtime.block_on(run(arguments, surroundings, &mut output)), ExitStatus::Done);
        kept.text()
    };
    assert_seen!(see(&["--help"]));
    assert_seen!(see(&["settings", "set", "--help"]));
    assert!(see(&["completions", "bash"]).contains("_wright()"));
}

fn write(folder: &Path, path: &str, content: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}
