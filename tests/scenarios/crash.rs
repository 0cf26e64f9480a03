//! Whatever is killed at whatever moment: no change is lost, none is applied twice, and each ends.
//!
//! That something happened once is shown by effects that count: scripts that append a line, and a package that writes down
//! each time it is configured. Where a test has to kill in the middle, what is killed in the middle of waits at a gate: a
//! named pipe that the test opens.

use std::fs;
use std::time::Duration;

use hostwright_api_types::{Change, ChangeState, TaskStatus};
use hostwright_client::ChangeLink;
use hostwright_client::events::StreamItem;
use hostwright_tests::hosts;
use hostwright_tests::{System, eventually};
use serde_json::{Value as Json, json};
use xtask::lab::host::Host;
use xtask::lab::managed;
use xtask::programs::Program;

const SOON: Duration = Duration::from_mins(3);
const HOST: &str = "web1";
/// Where the scripts of the tests count.
const COUNTED: &str = "/srv/counted/log";
/// Where they wait, and where the package does, which counts, too.
const GATE: &str = "/srv/counted/gate";

async fn start() -> (System, Host) {
    let system = System::start().await.unwrap();
    let machine = hosts::boot_managed(&system, HOST).await.unwrap();
    hosts::restart_agent_at_once(&machine).unwrap();
    system.host(HOST).wait_for_state("READY", SOON).await.unwrap();
    (system, machine)
}

/// When the scripts of the counted application run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    /// When the value changes.
    Changes,
    /// When the application is installed, too; then each waits at the gate.
    Installation,
}

/// An application with a parameter for each of `count` files, and for each a handler that updates the file and then counts
/// it: a script appends the file to the log.
async fn define_counted(system: &System, count: usize, counts: Counts) {
    let numbers = 0..count;
    let mut files = Vec::new();
    for n in numbers.clone() {
        files.push(json!({
            "name": format!("value{n}"), "path": format!("/srv/counted/value{n}"), "mode": "644",
            "template": {"name": format!("value{n}")},
        }));
        files.push(json!({
            "name": format!("count{n}"), "path": format!("/srv/counted/count{n}"), "mode": "755",
            "template": {"name": format!("count{n}")},
        }));
    }
    let parameters: Vec<Json> = numbers
        .clone()
        .map(|n| json!({"name": format!("Value {n}"), "key": format!("value{n}"), "value": format!("first {n}"), "schema": {"type": "string"}}))
        .collect();
    let mut handlers: Vec<Json> = numbers
        .clone()
        .map(|n| {
            json!({"name": format!("h{n}"), "on": [format!("value{n}")], "do": [
                {"action": "update", "resource": format!("file://value{n}")},
                {"action": "execute", "resource": format!("file://count{n}")},
            ]})
        })
        .collect();
    if counts == Counts::Installation {
        let actions: Vec<Json> = numbers
            .clone()
            .map(|n| json!({"action": "execute", "resource": format!("file://count{n}")}))
            .collect();
        handlers.push(json!({"name": "all", "on": ["_install"], "do": actions}));
    }
    let application =
        json!({"name": "Counted", "files": files, "parameters": parameters, "handlers": handlers});
    system.organization().applications().create(&application).await.unwrap();
    let application = system.organization().application("Counted");
    for n in numbers {
        let value = format!("${{value{n}}}\n");
        application.set_file_content(&format!("value{n}"), value.into()).await.unwrap();
        let wait =
            if counts == Counts::Installation { format!("read open < {GATE}\n") } else { String::new() };
        let script = format!("#!/bin/sh\n{wait}exec cat /srv/counted/value{n} >> {COUNTED}\n");
        application.set_file_content(&format!("count{n}"), script.into()).await.unwrap();
    }
}

/// An application with one script that appends a line, waits at the gate and appends another; handler `run` runs it.
async fn define_gated(system: &System) {
    let application = json!({
        "name": "Gated",
        "files": [{"name": "script", "path": "/srv/counted/script", "mode": "755", "template": {"name": "script"}}],
        "handlers": [{"name": "run", "on": [], "do": [{"action": "execute", "resource": "file://script"}]}],
    });
    system.organization().applications().create(&application).await.unwrap();
    let script = format!(
        "#!/bin/sh\necho begun >> {COUNTED}\nsync {COUNTED}\nread open < {GATE}\necho ended >> {COUNTED}\n"
    );
    let application = system.organization().application("Gated");
    application.set_file_content("script", script.into()).await.unwrap();
}

async fn install(system: &System, application: &str) -> Change {
    let installed = system.host(HOST).install(application, [] as [(&str, Json); 0]).await.unwrap();
    ended(system, &installed.changes).await
}

async fn ended(system: &System, links: &[ChangeLink]) -> Change {
    let mut changes = system.host(HOST).wait_for_changes(links, SOON).await.unwrap();
    assert_eq!(changes.len(), 1, "{changes:#?}");
    changes.remove(0)
}

async fn run_script(system: &System) -> Vec<ChangeLink> {
    system.host(HOST).run_handler("Gated", "run").await.unwrap().changes
}

fn lines(machine: &Host, path: &str) -> Vec<String> {
    let path = machine.tree().root().join(path.trim_start_matches('/'));
    fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}

async fn has_lines(machine: &Host, path: &str, wanted: &[&str]) {
    eventually(
        &format!("{wanted:?} in {path}"),
        SOON,
        async || lines(machine, path),
        |lines| lines == wanted,
    )
    .await;
}

fn make_gate(machine: &Host, path: &str) {
    let directory = path.rsplit_once('/').unwrap().0;
    machine.program("mkdir").args(["-p", directory]).capture().unwrap();
    machine.program("mkfifo").arg(path).capture().unwrap();
}

/// Lets through whoever waits at a gate.
fn open_gate(machine: &Host, path: &str) {
    machine.program("sh").args(["-c", &format!("echo open > {path}")]).capture().unwrap();
}

/// The process of that name in the host, if there is just one.
fn process(machine: &Host, name: &str) -> Option<String> {
    let found = machine.program("pgrep").args(["-x", name]).output().unwrap();
    let found = String::from_utf8_lossy(&found.stdout).into_owned();
    let mut pids = found.split_whitespace();
    pids.next().filter(|_| pids.next().is_none()).map(str::to_owned)
}

#[tokio::test]
async fn what_was_set_while_the_agent_was_away_and_the_orchestrator_died_arrives_in_order_and_once() {
    if !hosts::available() {
        return;
    }
    let (mut system, machine) = start().await;
    define_counted(&system, 3, Counts::Changes).await;
    assert_eq!(install(&system, "Counted").await.state, ChangeState::Done);
    assert_eq!(lines(&machine, COUNTED), [] as [&str; 0]);

    machine.program("systemctl").args(["stop", "hostwright-agent"]).capture().unwrap();
    let host = system.host(HOST);
    let mut links = Vec::new();
    for n in [2, 0, 1] {
        let setting = json!({"key": format!("value{n}"), "value": format!("away {n}")});
        links.extend(host.settings().create(&setting).await.unwrap().changes);
    }
    assert_eq!(links.len(), 3, "each setting drives one file");
    system.kill_orchestrator();
    system.start_orchestrator().unwrap();
    machine.program("systemctl").args(["start", "hostwright-agent"]).capture().unwrap();

    let changes = host.wait_for_changes(&links, SOON).await.unwrap();
    for (change, n) in changes.iter().zip([2, 0, 1]) {
        assert_eq!(change.state, ChangeState::Done, "{change:#?}");
        let tasks: Vec<_> = change
            .tasks
            .iter()
            .map(|task| (task.collection.as_str(), task.id.clone(), task.outcome.clone().unwrap()))
            .collect();
        assert_eq!(
            tasks,
            [
                ("files", format!("/srv/counted/value{n}"), "changed".to_owned()),
                ("executables", format!("/srv/counted/count{n}"), "changed".to_owned()),
            ]
        );
    }
    assert_eq!(lines(&machine, COUNTED), ["away 2", "away 0", "away 1"], "in order, and once");
    hosts::remove(machine.cut_power()).unwrap();
}

#[tokio::test]
async fn apt_outlives_the_agent_and_the_package_is_installed_once() {
    if !hosts::available() {
        return;
    }
    let (system, machine) = start().await;
    offer_slow_package(&system, &machine);
    make_gate(&machine, GATE);
    let application = json!({"name": "Slow", "packages": [{"name": "slow"}]});
    system.organization().applications().create(&application).await.unwrap();
    let host = system.host(HOST);
    let installing = host.install("Slow", [] as [(&str, Json); 0]).await.unwrap().changes;
    has_lines(&machine, COUNTED, &["begun"]).await;
    let (agent, apt) = (hosts::agent_pid(&machine).unwrap(), process(&machine, "apt-get").unwrap());

    hosts::kill_agent(&machine).unwrap();
    let is_another = |pid: &Option<u32>| pid.is_some_and(|pid| Some(pid) != agent);
    eventually("another agent", SOON, async || hosts::agent_pid(&machine).unwrap(), is_another).await;
    let waits = |status: &String| status.contains("slow");
    let status = async || machine.program("hostwright-agent").arg("status").capture().unwrap_or_default();
    eventually("it goes on with the change", SOON, status, waits).await;
    assert_eq!(process(&machine, "apt-get"), Some(apt.clone()), "apt was ended with the agent");

    // Once more, while it waits for what it has found.
    hosts::kill_agent(&machine).unwrap();
    assert_eq!(process(&machine, "apt-get"), Some(apt), "apt was ended with the agent");
    open_gate(&machine, GATE);
    let change = ended(&system, &installing).await;
    assert_eq!(change.state, ChangeState::Done, "{change:#?}");
    assert_eq!(change.tasks.len(), 1, "{change:#?}");
    assert_eq!(
        (change.tasks[0].status, change.tasks[0].outcome.as_deref()),
        (TaskStatus::Ok, Some("changed"))
    );

    assert_eq!(lines(&machine, COUNTED), ["begun", "ended"], "it was configured once");
    let query = ["-W", "-f=${db:Status-Abbrev}${Version}", "slow"];
    assert_eq!(machine.program("dpkg-query").args(query).capture().unwrap(), "ii 1.0");
    assert_eq!(machine.program("dpkg").arg("--audit").capture().unwrap(), "", "something is half done");
    assert!(
        !machine.tree().root().join("usr/sbin/policy-rc.d").exists(),
        "service starts are still held back"
    );
    hosts::remove(machine.cut_power()).unwrap();
}

#[tokio::test]
async fn a_script_outlives_the_agent_and_is_found_done() {
    if !hosts::available() {
        return;
    }
    let (system, machine) = start().await;
    define_gated(&system).await;
    assert_eq!(install(&system, "Gated").await.state, ChangeState::Done);
    make_gate(&machine, GATE);
    let running = run_script(&system).await;
    has_lines(&machine, COUNTED, &["begun"]).await;

    hosts::kill_agent(&machine).unwrap();
    open_gate(&machine, GATE);
    let change = ended(&system, &running).await;
    assert_eq!(change.state, ChangeState::Done, "{change:#?}");
    let message = change.tasks[0].message.as_deref().unwrap_or_default();
    assert!(message.contains("found it done"), "{change:#?}");
    assert_eq!(lines(&machine, COUNTED), ["begun", "ended"]);
    hosts::remove(machine.cut_power()).unwrap();
}

#[tokio::test]
async fn a_script_that_a_power_cut_ended_is_interrupted_and_never_begun_again() {
    if !hosts::available() {
        return;
    }
    let (system, machine) = start().await;
    define_gated(&system).await;
    assert_eq!(install(&system, "Gated").await.state, ChangeState::Done);
    make_gate(&machine, GATE);
    let running = run_script(&system).await;
    has_lines(&machine, COUNTED, &["begun"]).await;

    let machine = hosts::boot_again(machine.cut_power()).unwrap();
    managed::connect(&machine, Some(system.address().unwrap()), None).unwrap();
    let change = ended(&system, &running).await;
    assert_eq!(change.state, ChangeState::Interrupted, "{change:#?}");
    assert_eq!(change.tasks.len(), 1, "{change:#?}");
    let error = change.tasks[0].error.as_deref().unwrap_or_default();
    assert!(error.starts_with("interrupted: ") && error.contains("/srv/counted/script"), "{change:#?}");
    system.host(HOST).wait_for_state("ERROR", SOON).await.unwrap();

    // What comes next is done, and what was in doubt is left to people.
    let again = run_script(&system).await;
    has_lines(&machine, COUNTED, &["begun", "begun"]).await;
    open_gate(&machine, GATE);
    assert_eq!(ended(&system, &again).await.state, ChangeState::Done);
    assert_eq!(lines(&machine, COUNTED), ["begun", "begun", "ended"]);
    hosts::remove(machine.cut_power()).unwrap();
}

#[tokio::test]
async fn an_agent_killed_again_and_again_does_each_change_once_or_says_that_it_does_not_know() {
    kill_the_agent_through(6).await;
}

#[tokio::test]
#[ignore = "long: several minutes of kills"]
async fn an_agent_killed_through_a_hundred_changes_does_each_once_or_says_that_it_does_not_know() {
    kill_the_agent_through(100).await;
}

async fn kill_the_agent_through(count: usize) {
    if !hosts::available() {
        return;
    }
    let (system, machine) = start().await;
    define_counted(&system, count, Counts::Changes).await;
    assert_eq!(install(&system, "Counted").await.state, ChangeState::Done);
    let host = system.host(HOST);
    let mut links = Vec::new();
    for n in 0..count {
        let setting = json!({"key": format!("value{n}"), "value": format!("second {n}")});
        links.extend(host.settings().create(&setting).await.unwrap().changes);
    }
    // Each kill comes at another moment after the start: before the session, while a change is begun, applied, reported.
    let mut life = Duration::from_millis(40);
    let mut killed = None;
    while !host.changes(false).await.unwrap().is_empty() {
        let is_another = |pid: &Option<u32>| pid.is_some() && *pid != killed;
        killed =
            eventually("another agent", SOON, async || hosts::agent_pid(&machine).unwrap(), is_another).await;
        tokio::time::sleep(life).await;
        hosts::kill_agent(&machine).unwrap();
        // What needs longer than the longest life would never end.
        life = if life > Duration::from_secs(20) { Duration::from_millis(40) } else { life * 5 / 4 };
    }

    let changes = host.wait_for_changes(&links, SOON).await.unwrap();
    let log = lines(&machine, COUNTED);
    let mut expected = Vec::new();
    for (n, change) in changes.iter().enumerate() {
        let second = format!("second {n}");
        match change.state {
            ChangeState::Done => expected.push(second),
            ChangeState::Interrupted => expected.extend(log.contains(&second).then_some(second)),
            other => panic!("{other}: {change:#?}"),
        }
        let value = format!("/srv/counted/value{n}");
        assert_eq!(lines(&machine, &value), [format!("second {n}")], "a file is in doubt never");
    }
    assert_eq!(log, expected, "each once, in order: {changes:#?}");
    hosts::remove(machine.cut_power()).unwrap();
}

#[tokio::test]
async fn an_orchestrator_killed_in_the_middle_of_reports_counts_each_once() {
    const SCRIPTS: usize = 8;
    if !hosts::available() {
        return;
    }
    let (mut system, machine) = start().await;
    define_counted(&system, SCRIPTS, Counts::Installation).await;
    make_gate(&machine, GATE);
    let host = system.host(HOST);
    let links = host.install("Counted", [] as [(&str, Json); 0]).await.unwrap().changes;
    assert_eq!(links.len(), 1);
    let count = 3 * SCRIPTS;
    let mut reported = 0;
    for n in 0..SCRIPTS {
        open_gate(&machine, GATE);
        if n % 2 == 1 {
            // What came before is counted now, and what just happened is on its way.
            let client = system.client().clone();
            let done = async || {
                let change = client.change(&links[0]).await.unwrap();
                assert_eq!(change.tasks.len(), count);
                change.tasks.iter().filter(|task| task.status == TaskStatus::Ok).count()
            };
            reported = eventually("one more report", SOON, done, |now| *now > reported).await;
        }
        system.kill_orchestrator();
        system.start_orchestrator().unwrap();
    }

    let change = ended(&system, &links).await;
    assert_eq!(change.state, ChangeState::Done, "{change:#?}");
    let expected: Vec<String> = (0..SCRIPTS).map(|n| format!("first {n}")).collect();
    assert_eq!(lines(&machine, COUNTED), expected, "each once, in order");
    assert_eq!(ends_by_task(&system, &change).await, vec![1; count], "each task ends once");
    host.wait_for_state("READY", SOON).await.unwrap();
    hosts::remove(machine.cut_power()).unwrap();
}

/// How often the events say of each task of a change that it is over; and that the change is, once.
async fn ends_by_task(system: &System, change: &Change) -> Vec<usize> {
    let mut events = system.organization().events(Some(0)).await.unwrap();
    let mut ends = vec![0; change.tasks.len()];
    let next = async |events: &mut hostwright_client::events::EventStream| {
        tokio::time::timeout(SOON, events.next()).await.expect("the end of the change among the events")
    };
    loop {
        let Some(StreamItem::Event(event)) = next(&mut events).await.unwrap() else {
            panic!("no more events")
        };
        if event.data["key"] != change.key.as_str() {
            continue;
        }
        match event.kind.as_str() {
            "task.state" if event.data["status"] == "OK" => {
                ends[usize::try_from(event.data["orderNum"].as_u64().unwrap()).unwrap()] += 1;
            }
            "change.state" if event.data["state"] == "DONE" => return ends,
            _ => {}
        }
    }
}

/// Gives a host a repository of its own with one package, which waits at a gate while it is configured.
fn offer_slow_package(system: &System, machine: &Host) {
    let directory = system.directory().join("packages");
    let control = directory.join("slow/DEBIAN");
    fs::create_dir_all(&control).unwrap();
    let about = "Package: slow\nVersion: 1.0\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\n\
                 Description: takes its time\n";
    fs::write(control.join("control"), about).unwrap();
    let script =
        format!("#!/bin/sh\nset -e\necho begun >> {COUNTED}\nread open < {GATE}\necho ended >> {COUNTED}\n");
    fs::write(control.join("postinst"), script).unwrap();
    Program::new("chmod").arg("755").arg(control.join("postinst")).capture().unwrap();
    Program::new("dpkg-deb")
        .args(["--root-owner-group", "--build", "slow", "slow.deb"])
        .current_dir(&directory)
        .capture()
        .unwrap();
    let index =
        Program::new("apt-ftparchive").args(["packages", "."]).current_dir(&directory).capture().unwrap();
    machine.tree().write("/srv/packages/Packages", index).unwrap();
    machine.tree().install(&directory.join("slow.deb"), "/srv/packages/slow.deb").unwrap();
    let source = "Types: deb\nURIs: file:/srv/packages\nSuites: ./\nTrusted: yes\n";
    machine.tree().write("/etc/apt/sources.list.d/slow.sources", source).unwrap();
}
