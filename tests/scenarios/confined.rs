//! A change lands in a directory that an agent keeps, and nothing is lost or done twice on the way.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use hostwright_api_types::ChangeState;
use hostwright_tests::{ConfinedAgent, System, eventually};
use serde_json::json;

const SOON: Duration = Duration::from_secs(30);

/// One application with as many parameters as files, each file driven by its own.
pub(crate) async fn define_notes(system: &System, count: usize) {
    let numbers = 0..count;
    let files: Vec<_> = numbers
        .clone()
        .map(|n| json!({"name": format!("note{n}"), "path": format!("/srv/notes/{n}"), "mode": "640", "template": {"name": format!("note{n}")}}))
        .collect();
    let parameters: Vec<_> = numbers
        .clone()
        .map(|n| json!({"name": format!("Note {n}"), "key": format!("note{n}"), "value": "first", "schema": {"type": "string"}}))
        .collect();
    let handlers: Vec<_> = numbers
        .clone()
        .map(|n| json!({"name": format!("h{n}"), "on": [format!("note{n}")], "do": [{"action": "update", "resource": format!("file://note{n}")}]}))
        .collect();
    let application =
        json!({"name": "Notes", "files": files, "parameters": parameters, "handlers": handlers});
    system.organization().applications().create(&application).await.unwrap();
    for n in numbers {
        let content = format!("${{_host.name}}: ${{note{n}}}\n");
        system
            .organization()
            .application("Notes")
            .set_file_content(&format!("note{n}"), content.into())
            .await
            .unwrap();
    }
}

async fn start(system: &System, host: &str) -> ConfinedAgent {
    let token = system.define_host(host).await.unwrap();
    let directory = system.directory().join(host);
    ConfinedAgent::start(&directory, system.agent_programs(), &token).unwrap()
}

#[tokio::test]
async fn an_installed_application_lands_on_disk_and_leaves_again() {
    let system = System::start_for_local_agents().await.unwrap();
    define_notes(&system, 1).await;
    let agent = start(&system, "box1").await;
    let host = system.host("box1");
    host.wait_for_state("READY", SOON).await.unwrap();

    let installed = host.install("Notes", [("note0", json!("hello"))]).await.unwrap();
    let changes = host.wait_for_changes(&installed.changes, SOON).await.unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].state, ChangeState::Done, "{:#?}\n{}", changes[0], agent.log());
    let path = agent.root().join("srv/notes/0");
    assert_eq!(fs::read_to_string(&path).unwrap(), "box1: hello\n");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o640);

    let gone = host.uninstall("Notes").await.unwrap();
    let changes = host.wait_for_changes(&gone.changes, SOON).await.unwrap();
    assert_eq!(changes[0].state, ChangeState::Done, "{:#?}", changes[0]);
    assert!(!path.exists());
}

#[tokio::test]
async fn what_was_recorded_before_the_machine_enrolled_is_sent_when_it_does() {
    let system = System::start_for_local_agents().await.unwrap();
    define_notes(&system, 2).await;
    let token = system.define_host("box1").await.unwrap();
    let host = system.host("box1");
    let installed = host.install("Notes", [("note1", json!("later"))]).await.unwrap();
    assert!(installed.changes.is_empty(), "nothing is sent to a host that is not there");

    let agent =
        ConfinedAgent::start(&system.directory().join("box1"), system.agent_programs(), &token).unwrap();
    let root = agent.root().to_owned();
    eventually(
        "both files",
        SOON,
        async || fs::read_to_string(root.join("srv/notes/1")).unwrap_or_default(),
        |text| text == "box1: later\n",
    )
    .await;
    host.wait_for_state("READY", SOON).await.unwrap();
    assert_eq!(fs::read_to_string(agent.root().join("srv/notes/0")).unwrap(), "box1: first\n");
}

#[tokio::test]
async fn changes_made_while_agent_and_orchestrator_were_away_arrive_in_order_and_once() {
    let mut system = System::start_for_local_agents().await.unwrap();
    define_notes(&system, 3).await;
    let mut agent = start(&system, "box1").await;
    let host = system.host("box1");
    host.wait_for_state("READY", SOON).await.unwrap();
    let installed = host.install("Notes", [] as [(&str, serde_json::Value); 0]).await.unwrap();
    host.wait_for_changes(&installed.changes, SOON).await.unwrap();

    agent.kill();
    let mut links = Vec::new();
    for n in 0..3 {
        let setting = json!({"key": format!("note{n}"), "value": format!("away {n}")});
        links.extend(host.settings().create(&setting).await.unwrap().changes);
    }
    assert_eq!(links.len(), 3, "each setting drives one file");
    system.kill_orchestrator();
    system.start_orchestrator().unwrap();
    agent.start_again().unwrap();

    let changes = host.wait_for_changes(&links, SOON).await.unwrap();
    let numbers: Vec<u64> = changes.iter().map(|change| change.order_num).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    for (n, change) in changes.iter().enumerate() {
        assert_eq!(change.state, ChangeState::Done, "{change:#?}");
        assert_eq!(change.tasks.len(), 1, "{change:#?}");
        assert_eq!(
            fs::read_to_string(agent.root().join(format!("srv/notes/{n}"))).unwrap(),
            format!("box1: away {n}\n")
        );
    }
    let began: Vec<_> = changes.iter().map(|change| change.ended).collect();
    assert!(began.is_sorted(), "they ended in the order in which they were made: {began:?}");
}

#[tokio::test]
async fn drift_is_noticed_and_its_end_too() {
    let system = System::start_for_local_agents().await.unwrap();
    define_notes(&system, 1).await;
    let agent = start(&system, "box1").await;
    let host = system.host("box1");
    host.wait_for_state("READY", SOON).await.unwrap();
    let installed = host.install("Notes", [("note0", json!("kept"))]).await.unwrap();
    host.wait_for_changes(&installed.changes, SOON).await.unwrap();

    let path = agent.root().join("srv/notes/0");
    fs::remove_file(&path).unwrap();
    let alerts = eventually(
        "an alert",
        SOON,
        async || host.compliance().list().await.unwrap(),
        |alerts| !alerts.is_empty(),
    )
    .await;
    assert_eq!(alerts.len(), 1, "{alerts:#?}");
    assert_eq!((alerts[0].application.as_str(), alerts[0].name.as_str()), ("Notes", "note0"));

    fs::write(&path, "box1: kept\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    eventually("the alert's end", SOON, async || host.compliance().list().await.unwrap(), Vec::is_empty)
        .await;
}

#[tokio::test]
async fn a_host_of_more_than_a_frame_carries_is_told_all_of_it_and_told_again() {
    keep_directories(700, Duration::from_mins(4)).await;
}

#[tokio::test]
#[ignore = "long: five thousand resources by a development build"]
async fn a_host_of_five_thousand_resources_is_told_all_of_it_and_told_again() {
    keep_directories(5_000, Duration::from_mins(40)).await;
}

async fn keep_directories(count: usize, patience: Duration) {
    let system = System::start_for_local_agents().await.unwrap();
    let name = |n: usize| format!("{n}-{}", "x".repeat(240));
    let directories: Vec<_> = (0..count)
        .map(|n| json!({"name": format!("directory{n}"), "path": format!("/srv/many/{}", name(n)), "mode": "750"}))
        .collect();
    let application = json!({"name": "Many", "directories": directories});
    system.organization().applications().create(&application).await.unwrap();
    let agent = start(&system, "box1").await;
    let host = system.host("box1");
    host.wait_for_state("READY", SOON).await.unwrap();

    let installed = host.install("Many", [] as [(&str, serde_json::Value); 0]).await.unwrap();
    let changes = host.wait_for_changes(&installed.changes, patience).await.unwrap();
    assert_eq!(changes[0].state, ChangeState::Done, "{:?}\n{}", changes[0].error, agent.log());
    assert_eq!(changes[0].tasks.len(), count);
    assert_eq!(fs::read_dir(agent.root().join("srv/many")).unwrap().count(), count);

    let lost = agent.root().join("srv/many").join(name(count - 1));
    fs::remove_dir(&lost).unwrap();
    let rebuilt = host.rebuild().await.unwrap();
    let changes = host.wait_for_changes(&rebuilt.changes, patience).await.unwrap();
    assert_eq!(changes[0].state, ChangeState::Done, "{:?}\n{}", changes[0].error, agent.log());
    let changed = changes[0].tasks.iter().filter(|task| task.outcome.as_deref() == Some("changed")).count();
    assert_eq!((changes[0].tasks.len(), changed, lost.is_dir()), (count, 1, true));
}
