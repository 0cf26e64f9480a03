//! From nothing to a page served by a real host, and on from there.

use std::time::Duration;

use hostwright_api_types::{Change, ChangeState, TaskStatus};
use hostwright_client::ChangeLink;
use hostwright_tests::hosts::{self, Page};
use hostwright_tests::{ENVIRONMENT, ORGANIZATION, System, eventually};
use serde_json::json;
use xtask::lab::host::Host;

pub(crate) const SOON: Duration = Duration::from_mins(2);

/// A system with the example's application, and a booted host that waits for its first one.
pub(crate) async fn start(name: &str) -> (System, Host) {
    let system = System::start().await.unwrap();
    let folder = system.example("web-server");
    let applied =
        system.command_line().run(&["apply", "-f", folder.to_str().unwrap(), "--org", ORGANIZATION]).unwrap();
    assert_eq!(applied.status, 0, "{applied:#?}");
    let machine = hosts::boot_managed(&system, name).await.unwrap();
    system.host(name).wait_for_state("READY", SOON).await.unwrap();
    (system, machine)
}

pub(crate) async fn install(system: &System, name: &str) -> Change {
    let installed =
        system.host(name).install("Web Server", [] as [(&str, serde_json::Value); 0]).await.unwrap();
    ended(system, name, &installed.changes).await
}

pub(crate) async fn ended(system: &System, name: &str, links: &[ChangeLink]) -> Change {
    let changes = system.host(name).wait_for_changes(links, SOON).await.unwrap();
    assert_eq!(changes.len(), 1, "{changes:#?}");
    assert_eq!(changes[0].state, ChangeState::Done, "{:#?}", changes[0]);
    changes.into_iter().next().unwrap()
}

pub(crate) async fn served(machine: &Host, port: u16, greeting: &str) {
    let wanted = format!("<h1>{greeting}</h1>");
    let is_ours = |page: &Option<Page>| {
        page.as_ref()
            .is_some_and(|page| page.served_for.as_deref() == Some("web1") && page.body.contains(&wanted))
    };
    eventually(&format!("the page on port {port}"), SOON, async || hosts::page(machine, port), is_ours).await;
}

#[tokio::test]
async fn a_real_host_serves_the_rendered_page() {
    if !hosts::available() {
        return;
    }
    let (system, machine) = start("web1").await;
    let change = install(&system, "web1").await;
    assert!(change.tasks.iter().all(|task| task.status == TaskStatus::Ok), "{change:#?}");
    let resources: Vec<_> =
        change.tasks.iter().map(|task| (task.collection.as_str(), task.id.as_str())).collect();
    assert_eq!(
        resources,
        [
            ("packages", "nginx-light"),
            ("files", "/etc/nginx/conf.d/site.conf"),
            ("files", "/srv/web-server/index.html"),
            ("services", "nginx"),
        ]
    );
    served(&machine, 8080, "Hello from Hostwright").await;

    let removed = system.host("web1").uninstall("Web Server").await.unwrap();
    ended(&system, "web1", &removed.changes).await;
    let installed =
        machine.program("dpkg-query").args(["-W", "-f=${db:Status-Abbrev}", "nginx-light"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&installed.stdout).starts_with("ii"), "the package is gone");
    assert!(!machine.tree().root().join("srv/web-server/index.html").exists());
    hosts::remove(machine.power_off().unwrap()).unwrap();
}

#[tokio::test]
async fn the_latest_level_of_a_setting_wins_and_unsetting_goes_back() {
    if !hosts::available() {
        return;
    }
    let (system, machine) = start("web1").await;
    install(&system, "web1").await;
    served(&machine, 8080, "Hello from Hostwright").await;

    // A host without the application hears nothing of all this.
    system
        .organization()
        .environment(ENVIRONMENT)
        .hosts()
        .create(&json!({"name": "bystander", "platform": "Manual"}))
        .await
        .unwrap();
    let host = system.host("web1");
    let levels = [
        ("organization", system.organization().settings()),
        ("environment", system.organization().environment(ENVIRONMENT).settings()),
        ("host", host.settings()),
        ("context", host.application_settings("Web Server")),
    ];
    let port_of = |index: usize| 8081 + u16::try_from(index).unwrap();
    for (index, (level, settings)) in levels.iter().enumerate() {
        let written = settings.create(&json!({"key": "http_port", "value": port_of(index)})).await.unwrap();
        let change = ended(&system, "web1", &written.changes).await;
        assert_eq!(change.tasks.len(), 2, "{level}: {change:#?}");
        served(&machine, port_of(index), "Hello from Hostwright").await;
    }
    for (index, (level, settings)) in levels.iter().enumerate().rev() {
        let written = settings.entity("http_port").delete().await.unwrap();
        let change = ended(&system, "web1", &written.changes).await;
        assert_eq!(change.tasks.len(), 2, "{level}: {change:#?}");
        let port = if index == 0 { 8080 } else { port_of(index - 1) };
        served(&machine, port, "Hello from Hostwright").await;
    }
    let unheard = system.host("bystander").changes(true).await.unwrap();
    assert!(unheard.is_empty(), "{unheard:#?}");
    hosts::remove(machine.cut_power()).unwrap();
}

#[tokio::test]
async fn drift_of_every_kind_is_noticed_and_closes_when_mended() {
    if !hosts::available() {
        return;
    }
    let (system, machine) = start("web1").await;
    install(&system, "web1").await;
    let host = system.host("web1");
    let run = |line: &str| machine.program("sh").args(["-c", line]).capture().unwrap();
    let page = "/srv/web-server/index.html";
    let breaks_and_mends = [
        ("index.html", format!("cp -p {page} /root/kept; rm {page}"), format!("cp -p /root/kept {page}")),
        ("index.html", format!("chmod 600 {page}"), format!("chmod 644 {page}")),
        ("nginx", "systemctl stop nginx".to_owned(), "systemctl start nginx".to_owned()),
        (
            "nginx-light",
            "apt-get remove -y -qq nginx-light".to_owned(),
            "apt-get update -qq && apt-get install -y -qq nginx-light".to_owned(),
        ),
    ];
    for (name, broken, mended) in breaks_and_mends {
        run(&broken);
        let alerts = eventually(
            &broken,
            SOON,
            async || host.compliance().list().await.unwrap(),
            |alerts| alerts.iter().any(|alert| alert.name == name),
        )
        .await;
        let alert = alerts.iter().find(|alert| alert.name == name).unwrap();
        assert_eq!(alert.application, "Web Server");
        assert_ne!(alert.current_state, alert.expected_state, "{alert:#?}");
        run(&mended);
        eventually(&mended, SOON, async || host.compliance().list().await.unwrap(), Vec::is_empty).await;
    }
    hosts::remove(machine.cut_power()).unwrap();
}
