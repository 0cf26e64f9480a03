//! Drift seen and told, over a fake machine whose watched paths are real.

use std::fs;
use std::sync::Arc;

use hostwright_protocol::messages::{ChangeOutcome, Compliance, Operation, ResourceState, ToOrchestrator};
use hostwright_runtime::machine::local::{LocalMachine, LocalOptions, Supervisor};
use hostwright_runtime::machine::{Facts, Machine, MachineError, Reply, Request};
use serde_json::json;

use super::{Monitor, Options};
use crate::config;
use crate::facts::FactsReporter;
use crate::lifecycle::Shutdown;
use crate::testing::{World, apply, change, eventually, file, reference, remove};

struct NamedMachine;

#[async_trait::async_trait]
impl Machine for NamedMachine {
    async fn call(&self, _request: Request) -> Result<Reply, MachineError> {
        let more = vec![("hostname".to_owned(), "web1".to_owned())];
        Ok(Reply::Facts(Facts { os: "debian".into(), more, ..Facts::default() }))
    }
}

impl World {
    fn watch(&self, sweep_seconds: u64) -> Shutdown {
        self.watch_as(config::Compliance {
            sweep_seconds,
            full_sweep_seconds: 3600,
            coalesce_ms: 5,
            watch_limit: 100,
        })
    }

    fn watch_as(&self, compliance: config::Compliance) -> Shutdown {
        let machine = LocalMachine::new(LocalOptions {
            root: self.directory.path().to_owned(),
            protected: Vec::new(),
            digest_key: [0; 32],
            supervisor: Supervisor { program: "/nonexistent".into(), arguments_prefix: Vec::new() },
            runs_directory: self.directory.path().join("runs"),
        })
        .unwrap();
        let monitor = Monitor::try_new(Options {
            ledger: self.ledger.clone(),
            providers: self.providers.clone(),
            providers_changed: self.providers_changed.subscribe(),
            settled: self.settled.subscribe(),
            turn: self.turn.clone(),
            board: self.board.clone(),
            facts: FactsReporter::new(self.ledger.clone(), Arc::new(NamedMachine)),
            machine,
            root: self.directory.path().to_owned(),
            compliance,
        })
        .unwrap();
        let shutdown = Shutdown::default();
        tokio::spawn(monitor.run(shutdown.clone()));
        shutdown
    }

    /// What was told of a resource, oldest first.
    async fn told(&self, id: &str) -> Vec<ResourceState> {
        let reports = self.reports().await;
        reports
            .into_iter()
            .filter_map(|report| match report {
                ToOrchestrator::Compliance(Compliance { resource, state, .. }) if resource.id == id => {
                    Some(state)
                }
                _ => None,
            })
            .collect()
    }

    /// A world in which `/a` with mode 0644 was applied and is watched through a real file.
    async fn with_watched_file() -> Self {
        let mut world = Self::new().await;
        fs::write(world.directory.path().join("marker"), "").unwrap();
        world.files.inside().watched.insert("/a".into(), "/marker".into());
        world.start().await;
        let id = world.send(change(vec![file("/a", "0644")])).await;
        assert_eq!(world.end_of(id).await, ChangeOutcome::Done);
        world
    }

    /// Changes the machine behind the agent's back, and lets the watched path show it.
    fn meddle(&self, mode: &str) {
        self.files.put("/a", &json!({"mode": mode}));
        fs::write(self.directory.path().join("marker"), mode).unwrap();
    }

    /// A world in which `/a` is a real file and all that its provider looks at, `/b` is not, and only sweeps look.
    async fn with_untouched_file(full_sweep_seconds: u64) -> Self {
        let mut world = Self::new().await;
        fs::write(world.directory.path().join("a"), "as desired").unwrap();
        world.files.inside().watched.insert("/a".into(), "/a".into());
        world.start().await;
        let id = world.send(change(vec![file("/a", "0644"), file("/b", "0644")])).await;
        assert_eq!(world.end_of(id).await, ChangeOutcome::Done);
        world.watch_as(config::Compliance {
            sweep_seconds: 1,
            full_sweep_seconds,
            coalesce_ms: 5,
            watch_limit: 0,
        });
        world.is_compliant(2).await;
        world
    }

    /// Waits until sweeps look at `/b` alone.
    async fn until_left_alone(&self) {
        let mut last = (0, 0);
        eventually("the file that did not change is left alone", async || {
            let checks = (self.files.checks_of("/a"), self.files.checks_of("/b"));
            if checks.0 != last.0 {
                last = checks;
            }
            checks.1 >= last.1 + 3
        })
        .await;
    }

    async fn is_compliant(&self, count: usize) {
        let what = format!("{count} resources are as desired");
        eventually(&what, async || self.board.status().resources.compliant == count).await;
    }
}

#[tokio::test]
async fn drift_is_told_once_with_both_states_and_closes_by_itself() {
    let world = World::with_watched_file().await;
    world.watch(3600);
    world.is_compliant(1).await;
    world.meddle("0666");
    eventually("the alert opens", async || world.told("/a").await.len() == 1).await;
    let told = world.told("/a").await;
    let ResourceState::Drifted(alert) = &told[0] else { panic!("{told:?}") };
    assert_eq!((&alert.expected, &alert.observed), (&json!({"mode": "0644"}), &json!({"mode": "0666"})));
    assert_eq!(alert.differences[0].pointer, "/mode");
    assert_eq!(world.board.status().resources.drifted, 1);
    world.meddle("0644");
    eventually("it closes", async || world.told("/a").await.len() == 2).await;
    assert_eq!(world.told("/a").await[1], ResourceState::Compliant);
    assert_eq!(world.ledger.begin().await.unwrap().alerts().await.unwrap(), []);
}

#[tokio::test]
async fn an_event_does_not_decide() {
    let world = World::with_watched_file().await;
    world.watch(3600);
    world.is_compliant(1).await;
    fs::write(world.directory.path().join("marker"), "touched, and nothing changed").unwrap();
    fs::remove_file(world.directory.path().join("marker")).unwrap();
    world.meddle("0600");
    eventually("only the drift is told", async || world.told("/a").await.len() == 1).await;
    assert!(matches!(world.told("/a").await[0], ResourceState::Drifted(_)));
}

#[tokio::test]
async fn the_sweep_sees_what_no_watch_shows() {
    let mut world = World::new().await;
    world.start().await;
    let id = world.send(change(vec![file("/a", "0644")])).await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Done);
    world.watch(1);
    world.is_compliant(1).await;
    world.files.inside().resources.clear();
    eventually("the alert opens", async || world.told("/a").await.len() == 1).await;
    let ResourceState::Drifted(alert) = &world.told("/a").await[0] else { panic!() };
    assert_eq!(alert.observed, json!(null));
}

#[tokio::test]
async fn a_sweep_leaves_alone_what_did_not_change_and_sees_a_change_that_was_dressed_up() {
    let world = World::with_untouched_file(3600).await;
    world.until_left_alone().await;
    let path = world.directory.path().join("a");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, "AS DESIRED").unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
    world.files.put("/a", &json!({"mode": "0666"}));
    eventually("the drift is told", async || world.told("/a").await.len() == 1).await;
    let checks = world.files.checks_of("/a");
    eventually("what has drifted is looked at by each sweep", async || {
        world.files.checks_of("/a") > checks + 1
    })
    .await;
}

#[tokio::test]
async fn a_full_sweep_sees_what_the_kernel_does_not_tell() {
    let world = World::with_untouched_file(8).await;
    world.until_left_alone().await;
    world.files.put("/a", &json!({"mode": "0666"}));
    eventually("the drift is told", async || world.told("/a").await.len() == 1).await;
}

#[tokio::test]
async fn accounts_that_changed_call_for_a_full_sweep() {
    let world = World::with_untouched_file(3600).await;
    world.until_left_alone().await;
    world.files.put("/a", &json!({"mode": "0666"}));
    fs::create_dir(world.directory.path().join("etc")).unwrap();
    fs::write(world.directory.path().join("etc/passwd"), "www:x:33:33::/:/bin/sh\n").unwrap();
    eventually("the drift is told", async || world.told("/a").await.len() == 1).await;
}

#[tokio::test]
async fn an_alert_outlives_the_agent_and_is_not_told_twice() {
    let mut world = World::with_watched_file().await;
    let shutdown = world.watch(3600);
    world.is_compliant(1).await;
    world.meddle("0666");
    eventually("the alert opens", async || world.told("/a").await.len() == 1).await;
    shutdown.ask();
    world.kill().await;
    world.start().await;
    world.watch(3600);
    eventually("it was looked at again", async || world.board.status().resources.drifted == 1).await;
    world.meddle("0644");
    eventually("it closes", async || world.told("/a").await.len() == 2).await;
    assert_eq!(world.told("/a").await[1], ResourceState::Compliant);
}

#[tokio::test]
async fn nothing_is_judged_while_a_change_is_applied() {
    let mut world = World::with_watched_file().await;
    world.watch(3600);
    world.is_compliant(1).await;
    world.files.inside().is_held_after = true;
    let id = world.send(change(vec![file("/a", "0600")])).await;
    eventually("the effect is there", async || world.files.get("/a") == Some(json!({"mode": "0600"}))).await;
    // As the effect of the change itself would.
    fs::write(world.directory.path().join("marker"), "x").unwrap();
    world.files.gate.add_permits(1);
    assert_eq!(world.end_of(id).await, ChangeOutcome::Done);
    world.meddle("0666");
    eventually("drift after it is told", async || !world.told("/a").await.is_empty()).await;
    let ResourceState::Drifted(alert) = &world.told("/a").await[0] else { panic!() };
    assert_eq!((&alert.expected, &alert.observed), (&json!({"mode": "0600"}), &json!({"mode": "0666"})));
}

#[tokio::test]
async fn a_resource_that_leaves_takes_its_alert_along() {
    let mut world = World::with_watched_file().await;
    world.watch(3600);
    world.is_compliant(1).await;
    world.meddle("0666");
    eventually("the alert opens", async || world.told("/a").await.len() == 1).await;
    let id = world.send(change(vec![remove("files", "/a")])).await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Done);
    assert_eq!(world.told("/a").await[1..], [ResourceState::Compliant]);
}

#[tokio::test]
async fn a_resource_that_cannot_be_judged_does_not_hide_the_others() {
    let mut world = World::new().await;
    world.start().await;
    let id = world.send(change(vec![file("/a", "0644"), file("/b", "0644")])).await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Done);
    world.files.inside().trapping.insert("/b".into());
    world.files.put("/a", &json!({"mode": "0666"}));
    world.watch(3600);
    eventually("the other one is judged", async || world.told("/a").await.len() == 1).await;
}

#[tokio::test]
async fn nothing_of_a_sensitive_resource_is_told() {
    let mut world = World::new().await;
    world.start().await;
    let mut secret = apply("files", "/secret", json!({"content": "canary-4711"}));
    if let Operation::Apply { sensitive, .. } = &mut secret.operation {
        *sensitive = true;
    }
    let id = world.send(change(vec![secret])).await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Done);
    world.files.put("/secret", &json!({"content": "canary-0815"}));
    world.watch(3600);
    eventually("the alert opens", async || world.told("/secret").await.len() == 1).await;
    let reports = serde_json::to_string(&world.reports().await).unwrap();
    assert!(reports.contains("/secret") && !reports.contains("canary"), "{reports}");
}

#[tokio::test]
async fn what_is_not_monitored_is_not_judged() {
    let mut world = World::new().await;
    world.start().await;
    let mut unwatched = file("/quiet", "0644");
    if let Operation::Apply { monitor, .. } = &mut unwatched.operation {
        *monitor = hostwright_protocol::messages::Monitor::Off;
    }
    let id = world.send(change(vec![unwatched, file("/a", "0644")])).await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Done);
    world.files.inside().resources.clear();
    world.watch(3600);
    eventually("the watched one is told", async || world.told("/a").await.len() == 1).await;
    assert_eq!(world.told("/quiet").await, []);
    assert_eq!(world.board.status().resources.unmonitored, 1);
    let known = world.ledger.begin().await.unwrap().resource(&reference("files", "/quiet")).await.unwrap();
    assert!(known.is_some(), "but it is remembered");
}

#[tokio::test]
async fn facts_are_told_once_until_they_change() {
    let world = World::new().await;
    let facts = FactsReporter::new(world.ledger.clone(), Arc::new(NamedMachine));
    facts.report_if_changed().await.unwrap();
    facts.report_if_changed().await.unwrap();
    let reports = world.reports().await;
    let [ToOrchestrator::Facts(told)] = reports.as_slice() else { panic!("{reports:?}") };
    assert_eq!(told.properties["hostname"], "web1");
    assert_eq!(told.properties["os.id"], "debian");
}
