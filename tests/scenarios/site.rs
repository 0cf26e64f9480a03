//! What `cargo xtask up` promises to a person who tries it, and to scripts that go on from there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hostwright_tests::eventually;
use serde_json::Value;
use tempfile::TempDir;
use xtask::programs::Program;
use xtask::workspace::Workspace;

const SOON: Duration = Duration::from_mins(2);

/// A site in a directory of the test's own, run by the program that people run; taken down when dropped.
struct Site {
    directory: TempDir,
}

impl Site {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("site")
    }

    fn xtask(&self, arguments: &[&str]) -> Program {
        Program::new(Workspace::locate().target().join("debug/xtask"))
            .arg("--site")
            .arg(self.path())
            .args(arguments)
    }

    fn run(&self, arguments: &[&str]) -> String {
        self.xtask(arguments).capture().unwrap()
    }

    fn left_for_scripts(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path().join("up.json")).unwrap()).unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.xtask(&["down", "--purge"]).capture();
    }
}

async fn page(url: &str) -> Option<(String, String)> {
    let answer = reqwest::get(url).await.ok()?;
    let served_for = answer.headers().get("X-Hostwright-Host")?.to_str().ok()?.to_owned();
    Some((served_for, answer.text().await.ok()?))
}

async fn is_served(url: &str, greeting: &str) {
    let ours = |page: &Option<(String, String)>| {
        page.as_ref().is_some_and(|(host, body)| host == "web1" && body.contains(greeting))
    };
    eventually(&format!("`{greeting}` at {url}"), SOON, async || page(url).await, ours).await;
}

async fn is_missed(site: &Site, name: &str) {
    let list = || site.run(&["wright", "compliance", "list", "Demo", "Default", "web1"]);
    eventually("an alert", SOON, async || list(), |list| list.contains(name)).await;
}

fn is_running(pid: &Value) -> bool {
    Path::new(&format!("/proc/{pid}/exe")).exists()
}

#[tokio::test]
async fn a_booted_site_serves_keeps_its_state_survives_a_kill_and_goes() {
    if !hostwright_tests::hosts::available() {
        return;
    }
    let site = Site::new();
    let screen = site.run(&["up", "--detach", "--no-build"]);
    assert!(screen.contains("Hostwright is up."), "{screen}");
    for file in ["up.json", "up.log"] {
        let mode = fs::metadata(site.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file} holds the password");
    }
    let left = site.left_for_scripts();
    assert!(left["api"].as_str().unwrap().ends_with("/api"), "{left}");
    let [organization, environment, host] =
        ["organization", "environment", "host"].map(|key| left[key].as_str().unwrap());
    let answer = reqwest::Client::builder()
        .build()
        .unwrap()
        .get(format!(
            "{}/organizations/{organization}/environments/{environment}/hosts/{host}",
            left["api"].as_str().unwrap()
        ))
        .basic_auth(left["user"].as_str().unwrap(), left["password"].as_str())
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["state"], "READY", "{answer}");
    let url = left["page"].as_str().unwrap().to_owned();
    is_served(&url, "Hello from Hostwright").await;

    // The commands of the last screen.
    let plan = site.run(&["wright", "hosts", "plan", "Demo", "Default", "web1", "--set", "http_port=8081"]);
    assert!(plan.contains("Nothing was changed."), "{plan}");
    let set =
        site.run(&["wright", "settings", "set", "Demo", "Default", "web1", "http_port", "8081", "--wait"]);
    assert!(set.trim_end().ends_with("done"), "{set}");
    is_served(&url, "Hello from Hostwright").await;
    // A reload lets the workers of before serve to their end.
    let moved = |listening: &String| listening.contains(":8081") && !listening.contains(":8080");
    eventually("the port moves", SOON, async || site.run(&["shell", "--", "ss", "-ltn"]), moved).await;
    site.run(&["shell", "--", "rm", "/srv/web-server/index.html"]);
    is_missed(&site, "index.html").await;
    let permissions = site.run(&["wright", "hosts", "permissions", "Demo", "Default", "web1"]);
    assert!(permissions.contains("packages-apt"), "{permissions}");

    // Stopped and started it goes on where it was.
    site.run(&["down"]);
    assert!(!site.path().join("up.json").exists() && !is_running(&left["supervisor"]));
    assert!(site.xtask(&["wright", "hosts", "list", "Demo", "Default"]).capture().is_err());
    site.run(&["up", "--detach", "--no-build"]);
    let again = site.left_for_scripts();
    assert_eq!(again["page"].as_str(), Some(url.as_str()));
    assert_eq!(again["password"], left["password"]);
    is_missed(&site, "index.html").await;
    site.run(&["wright", "settings", "set", "Demo", "Default", "web1", "greeting", "Still here", "--wait"]);
    is_served(&url, "Still here").await;

    // Killed it leaves processes; the next start ends them first.
    Program::new("kill").args(["-9", &again["supervisor"].to_string()]).capture().unwrap();
    eventually("the end", SOON, async || is_running(&again["supervisor"]), |runs| !runs).await;
    site.run(&["up", "--detach", "--no-build"]);
    let third = site.left_for_scripts();
    is_served(&url, "Still here").await;

    site.run(&["down", "--purge"]);
    assert!(!site.path().exists());
    for pid in [&left, &again, &third].map(|left| &left["supervisor"]) {
        assert!(!is_running(pid));
        assert!(!Path::new(&format!("/run/netns/hostwright-up-{pid}")).exists());
    }
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(site.path().to_str().unwrap()), "{mounts}");
}

#[tokio::test]
async fn a_confined_site_keeps_a_directory() {
    let site = Site::new();
    let screen = site.run(&["up", "--detach", "--no-build", "--confined"]);
    assert!(screen.contains("Hostwright is up."), "{screen}");
    let left = site.left_for_scripts();
    assert_eq!(left["page"], Value::Null);
    let page = site.path().join("hosts/confined/srv/web-server/index.html");
    assert!(fs::read_to_string(&page).unwrap().contains("Hello from Hostwright"));
    site.run(&["wright", "settings", "set", "Demo", "Default", "web1", "greeting", "Moin", "--wait"]);
    assert!(fs::read_to_string(&page).unwrap().contains("Moin"));
    fs::remove_file(&page).unwrap();
    is_missed(&site, "index.html").await;
    let refused = site.xtask(&["shell", "--", "true"]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("not a booted machine"), "{refused:?}");

    site.run(&["down"]);
    site.run(&["up", "--detach", "--no-build"]);
    assert!(!page.exists(), "an alert is not a repair");
    is_missed(&site, "index.html").await;
    site.run(&["down", "--purge"]);
    assert!(!site.path().exists() && !is_running(&left["supervisor"]));
}
