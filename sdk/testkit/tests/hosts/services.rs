//! Services, with the host's own systemd.

use hostwright_runtime::Call;
use hostwright_runtime::machine::Request;
use hostwright_runtime::provider::Observation;
use hostwright_testkit::{Bench, laws};
use hostwright_tests::{eventually, hosts};
use serde_json::json;
use xtask::lab::host::Tree;

use super::{SOON, Served, apply, perform};

const STEADY: &str = "[Service]\nExecStartPre=/bin/sh -c 'echo start >> /run/steady'\nExecStart=/bin/sleep infinity\n\
                      ExecReload=/bin/sh -c 'echo reload >> /run/steady'\n[Install]\nWantedBy=multi-user.target\n";
const PLAIN: &str = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n";
const FIXED: &str = "[Service]\nExecStart=/bin/sleep infinity\n";
const BROKEN: &str =
    "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo cannot bind to port 80 >&2; exit 3'\n";
/// Succeeds and does not stay.
const BRIEF: &str = "[Service]\nType=oneshot\nExecStart=/bin/true\n";
const TIMER: &str = "[Timer]\nOnCalendar=yearly\n[Install]\nWantedBy=timers.target\n";
/// As packages of old bring them; systemd makes a unit of it.
const SCRIPT: &str = "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: legacy\n# Required-Start:\n# Required-Stop:\n\
                      # Default-Start: 2 3 4 5\n# Default-Stop: 0 1 6\n### END INIT INFO\nexit 0\n";

fn units(tree: &Tree) {
    for (name, text) in [
        ("steady.service", STEADY),
        ("plain.service", PLAIN),
        ("copy@.service", PLAIN),
        ("fixed.service", FIXED),
        ("broken.service", BROKEN),
        ("brief.service", BRIEF),
        ("yearly.timer", TIMER),
        ("yearly.service", BRIEF),
    ] {
        tree.write(&format!("/etc/systemd/system/{name}"), text).unwrap();
    }
    tree.write("/etc/init.d/legacy", SCRIPT).unwrap();
    std::os::unix::fs::symlink("/dev/null", tree.root().join("etc/systemd/system/masked.service")).unwrap();
}

async fn boot() -> (Served, Bench) {
    let served = Served::boot("services", units);
    served.shell("chmod 755 /etc/init.d/legacy; systemctl daemon-reload");
    let bench = served.bench("services-systemd").await;
    (served, bench)
}

#[tokio::test]
async fn services_keep_their_laws_with_the_real_systemd() {
    if !hosts::available() {
        return;
    }
    let (served, bench) = boot().await;
    let both = json!({"running": true, "enabled": true});
    let neither = json!({"running": false, "enabled": false});
    let cases = [
        laws::Case::new("two at once")
            .resource("steady", both.clone())
            .resource("plain.service", both.clone()),
        laws::Case::new("stopped").resource("steady", json!({"running": false})),
        laws::Case::new("disabled").resource("steady", json!({"enabled": false})),
        laws::Case::new("nothing asked").resource("plain", json!({})),
        laws::Case::new("what cannot be enabled").resource("fixed", json!({"running": true})).then_removed(),
        laws::Case::new("an instance").resource("copy@one", both.clone()).then_removed(),
        laws::Case::new("a timer").resource("yearly.timer", both.clone()).then_removed(),
        laws::Case::new("an init script off").resource("legacy", json!({"enabled": false})),
        laws::Case::new("an init script on").resource("legacy", both.clone()).then_removed(),
        laws::Case::new("masked and to be off").resource("masked", neither),
        laws::Case::new("gone").resource("steady", both.clone()).resource("plain", both).then_removed(),
        laws::Case::bad("a typo", "steady", json!({"runing": true}), "/runing"),
        laws::Case::bad("no boolean", "steady", json!({"enabled": "yes"}), "/enabled"),
        laws::Case::bad("a glob", "st*", json!({}), ""),
        laws::Case::bad("an option", "--now", json!({}), ""),
    ];
    // Units of our own runs come and go.
    let states = "systemctl show --all --property=Id,LoadState,ActiveState,SubState,UnitFileState,MainPID,InvocationID \
                  '*' | tr '\\n' ' ' | sed 's/  /\\n/g' | grep -v hostwright-run-";
    let snapshot = || served.shell(states) + &served.files();
    laws::check_with(&bench, &cases, &snapshot).await.assert_kept();
    let left = served.shell("systemctl is-active steady plain fixed copy@one yearly.timer legacy; true");
    assert_eq!(left.lines().collect::<Vec<_>>(), ["inactive"; 6]);
    served.put_away();
}

#[tokio::test]
async fn services_restart_reload_and_tell_why_they_do_not_start() {
    if !hosts::available() {
        return;
    }
    let (served, bench) = boot().await;
    let running = json!({"running": true});

    let told = apply(
        &bench,
        &[("nosuch", running.clone()), ("masked", running.clone()), ("fixed", json!({"enabled": true}))],
    )
    .await;
    let told: Vec<String> = told.into_iter().map(|outcome| outcome.unwrap_err()).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    there is no unit `nosuch.service` on this machine; declare the package or the file that it comes with|
    the unit `masked.service` is masked: an administrator made it impossible to start (`systemctl unmask masked.service` undoes that)|
    the unit `fixed.service` cannot be enabled: it has no `[Install]` section and is started by others; leave `enabled` out|
    ");
    let brief = apply(&bench, &[("brief", running.clone())]).await.remove(0).unwrap_err();
    assert!(
        brief.starts_with("the unit `brief.service` does not run although it was started: it is inactive"),
        "{brief}"
    );
    // The journal takes up what a service wrote in its own time.
    let is_told = |told: &String| {
        told.starts_with("the unit `broken.service` did not start|")
            && told.contains("cannot bind to port 80")
    };
    let start = async || apply(&bench, &[("broken", running.clone())]).await.remove(0).unwrap_err();
    eventually("the reason, with the journal", SOON, start, is_told).await;

    let idle = perform(&bench, "steady", "reload").await.unwrap();
    assert!(!idle.changed && idle.message.unwrap().contains("does not run"));
    assert!(perform(&bench, "steady", "restart").await.unwrap().changed);
    let process = || served.shell("systemctl show -P MainPID steady plain");
    let first = process();
    assert!(perform(&bench, "steady", "reload").await.unwrap().changed);
    assert_eq!(process(), first);
    assert_eq!(served.shell("cat /run/steady"), "start\nreload\n");
    assert!(perform(&bench, "steady", "restart").await.unwrap().changed);
    assert_ne!(process(), first);
    assert_eq!(served.shell("cat /run/steady"), "start\nreload\nstart\n");
    // One that cannot reload is restarted.
    assert!(perform(&bench, "plain", "restart").await.unwrap().changed);
    let first = process();
    assert!(perform(&bench, "plain", "reload").await.unwrap().changed);
    assert_ne!(process(), first);
    let missing = perform(&bench, "nosuch", "restart").await.unwrap_err();
    assert_eq!(missing, "there is no unit `nosuch.service` on this machine|");
    served.put_away();
}

#[tokio::test]
async fn a_unit_is_started_as_it_was_just_written() {
    if !hosts::available() {
        return;
    }
    let (served, bench) = boot().await;
    let both = json!({"running": true, "enabled": true});
    // systemd looks for a unit that it never heard of; one that it knows it takes as it was read.
    let write = |text: &str| served.host.tree().write("/etc/systemd/system/late.service", text).unwrap();
    write(PLAIN);
    assert!(apply(&bench, &[("late", both.clone())]).await[0].as_ref().unwrap().changed);
    write("[Service]\nExecStart=/bin/sleep 12345678\n[Install]\nWantedBy=multi-user.target\n");
    assert!(perform(&bench, "late", "restart").await.unwrap().changed);
    let runs = served.shell("tr '\\0' ' ' < /proc/$(systemctl show -P MainPID late)/cmdline");
    assert_eq!(runs.trim(), "/bin/sleep 12345678");
    let observed =
        bench.provider.read(&Call::plan(), &["late".to_owned(), "nosuch".to_owned()]).await.unwrap();
    assert_eq!(observed, [Observation::Present(both.to_string()), Observation::Absent]);
    served.put_away();
}

#[tokio::test]
async fn a_service_is_restarted_at_most_once_wherever_the_way_to_the_machine_breaks() {
    if !hosts::available() {
        return;
    }
    let (served, bench) = boot().await;
    let is_restart = |request: &Request| matches!(request, Request::Run(run) if run.arguments.first().is_some_and(|verb| verb == "restart"));
    let report = laws::begun_at_most_once(&bench, "steady", "restart", &json!({}), is_restart).await;
    report.assert_kept();
    let starts = served.shell("cat /run/steady").lines().count();
    assert!((1..=report.checked).contains(&starts), "{starts} starts in {} attempts", report.checked);
    served.put_away();
}
