//! A new version of a provider arrives while its collection is being changed, and nobody notices but the next change.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use hostwright_api_types::{Change, ChangeState, TaskStatus};
use hostwright_client::ChangeLink;
use hostwright_tests::{ORGANIZATION, System, eventually, hosts};
use serde_json::{Value as Json, json};
use xtask::lab::host::Host;
use xtask::workspace::Workspace;

use crate::first_light::{SOON, ended};

const PLUGIN: &str = "hostwright/files";
const FILES: usize = 50;
/// A pipe that holds up whoever reads it until somebody writes.
const GATE: &str = "/run/gate";

#[tokio::test]
async fn a_provider_is_swapped_while_it_is_at_work() {
    if !hosts::available() {
        return;
    }
    let system = System::start().await.unwrap();
    define_application(&system).await;
    let machine = hosts::boot_managed(&system, "box1").await.unwrap();
    let host = system.host("box1");
    host.wait_for_state("READY", SOON).await.unwrap();
    let installed = host.install("Fifty", [] as [(&str, Json); 0]).await.unwrap();
    ended(&system, "box1", &installed.changes).await;
    assert_written(&machine, "first");

    // The component that serves leaves the memory as soon as it is idle, so that the running change has to get it back
    // after another has taken its place.
    machine.tree().write("/etc/hostwright/agent.toml", "[plugins]\nidle_seconds = 1\n").unwrap();
    machine.program("systemctl").args(["restart", "hostwright-agent"]).capture().unwrap();
    eventually("the agent again", SOON, async || files_plugin(&machine), Option::is_some).await;
    let old = files_plugin(&machine).unwrap().version;
    let processes = processes(&system, &machine);

    upload_next_version(&system, "0.99.0");
    machine.program("mkfifo").arg(GATE).capture().unwrap();
    let written = host.settings().create(&json!({"key": "text", "value": "second"})).await.unwrap();
    let [link] = &written.changes[..] else { panic!("{written:#?}") };
    let held =
        eventually("the change at its gate", SOON, async || change(&system, link).await, at_the_gate).await;
    assert_eq!(held.state, ChangeState::Running, "{held:#?}");
    eventually(
        "the old version out of memory",
        SOON,
        async || files_plugin(&machine),
        |plugin| plugin.as_ref().is_some_and(|plugin| plugin.version == old && !plugin.is_loaded),
    )
    .await;

    activate(&system, "0.99.0");
    eventually(
        "the new version",
        SOON,
        async || files_plugin(&machine),
        |plugin| plugin.as_ref().is_some_and(|plugin| plugin.version == "0.99.0"),
    )
    .await;
    let swapped = change(&system, link).await;
    assert!(at_the_gate(&swapped), "the swap fell into the change: {swapped:#?}");
    machine.program("sh").args(["-c", &format!("echo > {GATE}")]).capture().unwrap();

    let change = ended(&system, "box1", &written.changes).await;
    assert_eq!(change.tasks.len(), FILES + 1, "{change:#?}");
    assert!(change.tasks.iter().all(|task| task.outcome.as_deref() == Some("changed")), "{change:#?}");
    assert_written(&machine, "second");
    let idle = files_plugin(&machine).unwrap();
    assert_eq!(idle.changing_calls, 0, "the change ended with the version that it began with: {idle:?}");

    // From here on nobody is held up.
    let open = format!("rm {GATE}; echo > {GATE}");
    machine.program("sh").args(["-c", &open]).capture().unwrap();
    let settings = host.application_settings("Fifty");
    let written = settings.create(&json!({"key": "text", "value": "third"})).await.unwrap();
    ended(&system, "box1", &written.changes).await;
    assert_written(&machine, "third");
    let new = files_plugin(&machine).unwrap();
    assert_eq!(
        (new.version.as_str(), new.changing_calls),
        ("0.99.0", 2),
        "one call before the gate, one after"
    );
    assert_eq!(reported(&system).await, BTreeMap::from([("0.99.0".to_owned(), "active".to_owned())]));

    activate(&system, &old);
    eventually(
        "the old version again",
        SOON,
        async || files_plugin(&machine),
        |plugin| plugin.as_ref().is_some_and(|plugin| plugin.version == old),
    )
    .await;
    assert_eq!(self::processes(&system, &machine), processes, "nothing was restarted for all that");
    hosts::remove(machine.cut_power()).unwrap();
}

/// Half of the files, a script that waits at the gate, and the other half.
async fn define_application(system: &System) {
    let name = |n: usize| format!("f{n:02}");
    let path = |name: &str| format!("/srv/fifty/{name}");
    let mut files: Vec<Json> = (0..FILES)
        .map(name)
        .map(|name| json!({"name": name, "path": path(&name), "mode": "644", "template": {"name": name}}))
        .collect();
    files.push(json!({"name": "wait", "path": path("wait"), "mode": "755", "template": {"name": "wait"}}));
    let update = |n: usize| json!({"action": "update", "resource": format!("file://{}", name(n))});
    let mut actions: Vec<Json> = (0..FILES / 2).map(update).collect();
    actions.push(json!({"action": "execute", "resource": "file://wait"}));
    actions.extend((FILES / 2..FILES).map(update));
    let application = json!({
        "name": "Fifty",
        "files": files,
        "parameters": [{"name": "Text", "key": "text", "value": "first", "schema": {"type": "string"}}],
        "handlers": [{"name": "rewrite", "on": ["text"], "do": actions}],
    });
    let organization = system.organization();
    organization.applications().create(&application).await.unwrap();
    let application = organization.application("Fifty");
    for n in 0..FILES {
        application.set_file_content(&name(n), format!("{n}: ${{text}}\n").into()).await.unwrap();
    }
    let script = format!("#!/bin/sh\nread -r _ < {GATE}\n");
    application.set_file_content("wait", script.into()).await.unwrap();
}

fn assert_written(machine: &Host, text: &str) {
    for n in 0..FILES {
        let path = machine.tree().root().join(format!("srv/fifty/f{n:02}"));
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{n}: {text}\n"));
    }
}

async fn change(system: &System, link: &ChangeLink) -> Change {
    system.client().change(link).await.unwrap()
}

/// The first half is done, the script runs, and nothing after it was begun.
fn at_the_gate(change: &Change) -> bool {
    let statuses: Vec<TaskStatus> = change.tasks.iter().map(|task| task.status).collect();
    let (before, after) = statuses.split_at(FILES / 2);
    before.iter().all(|status| *status == TaskStatus::Ok)
        && after.iter().all(|status| *status == TaskStatus::Pending)
}

/// The same component under a higher version, as its publisher would bring it.
fn upload_next_version(system: &System, version: &str) {
    let workspace = Workspace::locate();
    let directory: PathBuf = system.directory().join("next");
    fs::create_dir_all(&directory).unwrap();
    let manifest = fs::read_to_string(workspace.root().join("plugins/providers/files/plugin.toml")).unwrap();
    let line = manifest.lines().find(|line| line.starts_with("version = ")).unwrap();
    fs::write(directory.join("plugin.toml"), manifest.replace(line, &format!("version = \"{version}\"")))
        .unwrap();
    let component = workspace.target().join("wasm32-wasip2/plugin/hostwright_provider_files.wasm");
    let text = |path: PathBuf| path.display().to_string();
    run(
        system,
        &[
            &["plugins", "pack", &text(component)][..],
            &["--manifest", &text(directory.join("plugin.toml"))],
            &["--key", &text(workspace.private().join("release.key"))],
            &["--directory", &text(directory.clone())],
        ]
        .concat(),
    );
    let packed = directory.join(format!("hostwright-files-{version}.wasm"));
    run(system, &["plugins", "upload", &text(packed)]);
}

fn activate(system: &System, version: &str) {
    run(system, &["plugins", "activate", ORGANIZATION, PLUGIN, "--version", version]);
}

fn run(system: &System, arguments: &[&str]) {
    let ended = system.command_line().run(arguments).unwrap();
    assert_eq!(ended.status, 0, "{arguments:?}: {ended:#?}");
}

/// The version that serves, as the agent tells it.
#[derive(Debug)]
struct Serving {
    version: String,
    is_loaded: bool,
    changing_calls: u64,
}

fn files_plugin(machine: &Host) -> Option<Serving> {
    let status = machine.program("hostwright-agent").args(["status", "--json"]).output().unwrap();
    let status: Json = serde_json::from_slice(&status.stdout).ok()?;
    let plugins = status["plugins"].as_array()?;
    let plugin = plugins.iter().find(|plugin| plugin["plugin"] == PLUGIN && plugin["is_serving"] == true)?;
    Some(Serving {
        version: plugin["version"].as_str()?.to_owned(),
        is_loaded: plugin["is_loaded"].as_bool()?,
        changing_calls: plugin["usage"]["changing_calls"].as_u64()?,
    })
}

/// How each version of the plugin stands on the agent, as the orchestrator was told.
async fn reported(system: &System) -> BTreeMap<String, String> {
    let agents = system.organization().agents().list().await.unwrap();
    let plugins = agents.into_iter().flat_map(|agent| agent.plugins).filter(|plugin| plugin.plugin == PLUGIN);
    plugins.map(|plugin| (plugin.version, plugin.state)).collect()
}

/// The processes of the agent and of the orchestrator.
fn processes(system: &System, machine: &Host) -> (String, Option<u32>) {
    let properties = "--property=MainPID,InvocationID,NRestarts,ExecMainStartTimestampMonotonic";
    let agent =
        machine.program("systemctl").args(["show", properties, "hostwright-agent"]).capture().unwrap();
    (agent, system.orchestrator_pid())
}
