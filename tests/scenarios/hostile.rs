//! A plugin of somebody else does everything that it must not do, on a real machine: each costs one failed task.

use std::time::Duration;

use hostwright_api_types::{Change, ChangeState, TaskStatus};
use hostwright_tests::{ORGANIZATION, Publisher, System, hosts};
use serde_json::{Value as Json, json};

const SOON: Duration = Duration::from_mins(3);
const HOST: &str = "web1";
/// Small enough that a test does not wait, large enough for a busy machine.
const LIMITS: &str = "[limits]\ncall-ms = 1000\nmemory-mib = 16\nhost-calls = 1000\nlog-bytes = 10000\noutput-bytes = 1000000\n";

/// What the hostile plugin is asked for, one after the other.
const BREACHES: [&str; 14] = [
    "loop",
    "hog",
    "trap",
    "exit",
    "log-flood",
    "call-flood",
    "output-flood:2000000",
    // While it is only asked to look.
    "write:/srv/hostile",
    "run:/usr/bin/apt-get install -y curl",
    "run:/bin/sh -c id",
    "run:/usr/bin/dpkg-query -W -- --admindir=/tmp",
    "read:/root/.bashrc",
    // When it is asked to change something.
    "/etc/hostile",
    "/srv/../etc/hostile",
];

async fn ended(system: &System, links: &[hostwright_client::ChangeLink]) -> Change {
    let mut changes = system.host(HOST).wait_for_changes(links, SOON).await.unwrap();
    assert_eq!(changes.len(), 1, "{changes:#?}");
    changes.remove(0)
}

#[tokio::test]
async fn a_hostile_plugin_costs_one_failed_task_each_time_and_nothing_else() {
    if !hosts::available() {
        return;
    }
    let publisher = Publisher::new().unwrap();
    let system = System::start_trusting(&[&publisher]).await.unwrap();
    let component = publisher.pack_guest("hostile", LIMITS).unwrap();
    let wright = system.command_line();
    for arguments in [
        ["plugins", "upload", component.to_str().unwrap()].as_slice(),
        ["plugins", "activate", ORGANIZATION, "test/hostile"].as_slice(),
    ] {
        let done = wright.run(arguments).unwrap();
        assert_eq!(done.status, 0, "{done:#?}");
    }
    let machine = hosts::boot_managed(&system, HOST).await.unwrap();
    let host = system.host(HOST);
    host.wait_for_state("READY", SOON).await.unwrap();
    define_note(&system).await;
    let installed = host.install("Note", [] as [(&str, Json); 0]).await.unwrap();
    assert_eq!(ended(&system, &installed.changes).await.state, ChangeState::Done);
    let set = host.settings().create(&json!({"key": "note", "value": "before"})).await.unwrap();
    assert_eq!(ended(&system, &set.changes).await.state, ChangeState::Done);
    let agent = hosts::agent_pid(&machine).unwrap();

    let mut told = Vec::new();
    for (number, breach) in BREACHES.into_iter().enumerate() {
        let name = format!("Breach {number}");
        let resource = json!({"collection": "test.hostile", "id": breach, "attributes": {"says": "hello"}});
        system
            .organization()
            .applications()
            .create(&json!({"name": name, "resources": [resource]}))
            .await
            .unwrap();
        let installed = host.install(&name, [] as [(&str, Json); 0]).await.unwrap();
        let change = ended(&system, &installed.changes).await;
        assert_eq!((change.state, change.tasks.len()), (ChangeState::Failed, 1), "{breach}: {change:#?}");
        assert_eq!(change.tasks[0].status, TaskStatus::Error, "{breach}: {change:#?}");
        told.push(format!("{breach}\n  {}", change.tasks[0].error.as_deref().unwrap_or_default()));

        let note = format!("after breach {number}");
        let setting = json!({"key": "note", "value": note});
        let written = host.settings().entity("note").replace(&setting).await.unwrap();
        let change = ended(&system, &written.changes).await;
        assert_eq!(change.state, ChangeState::Done, "after {breach}: {change:#?}");
        let kept = std::fs::read_to_string(machine.tree().root().join("srv/note")).unwrap();
        assert_eq!(kept, format!("{note}\n"));
        assert_eq!(hosts::agent_pid(&machine).unwrap(), agent, "{breach} took the agent down");
    }
    insta::assert_snapshot!(told.join("\n"));
    for path in ["etc/hostile", "srv/hostile"] {
        assert!(!machine.tree().root().join(path).exists(), "/{path} was written");
    }
    hosts::remove(machine.cut_power()).unwrap();
}

/// An application with one file, which a setting drives.
async fn define_note(system: &System) {
    let application = json!({
        "name": "Note",
        "files": [{"name": "note", "path": "/srv/note", "template": {"name": "note"}}],
        "parameters": [{"name": "Note", "key": "note", "value": "first", "schema": {"type": "string"}}],
        "handlers": [{"name": "note", "on": ["note"], "do": [{"action": "update", "resource": "file://note"}]}],
    });
    system.organization().applications().create(&application).await.unwrap();
    system.organization().application("Note").set_file_content("note", "${note}\n".into()).await.unwrap();
}
