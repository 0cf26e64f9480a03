//! Whole changes over a fake machine, with agents that die at the worst moments.

mod large_changes;

use chrono::TimeDelta;
use hostwright_protocol::ids::ChangeId;
use hostwright_protocol::messages::{
    Cancel, ChangeOutcome, OnError, Operation, Refresh, TaskOutcome, ToAgent, ToOrchestrator,
};
use serde_json::json;

use crate::clock;
use crate::ledger::TriggerState;
use crate::runs::Settled;
use crate::status::Activity;
use crate::testing::{FakeProvider, World, apply, change, eventually, file, perform, reference, remove};

fn changed(outcome: &TaskOutcome) -> bool {
    match outcome {
        TaskOutcome::Done { changed, .. } => *changed,
        other => panic!("not done: {other:?}"),
    }
}

fn error(outcome: &TaskOutcome) -> &str {
    match outcome {
        TaskOutcome::Failed { error } | TaskOutcome::Interrupted { error } => error,
        other => panic!("no error: {other:?}"),
    }
}

/// A service that is refreshed when earlier tasks changed something.
fn refreshed(id: &str, action: &str, when_changed: Vec<u32>) -> hostwright_protocol::messages::Task {
    let mut task = apply("services", id, json!({"running": true}));
    if let Operation::Apply { refresh, .. } = &mut task.operation {
        *refresh = Some(Refresh { action: action.into(), when_changed });
    }
    task
}

#[tokio::test]
async fn a_change_lands_in_batches_and_every_task_is_reported() {
    let mut world = World::new().await;
    world.start().await;
    let tasks =
        vec![file("/a", "0644"), file("/b", "0600"), apply("services", "nginx", json!({"running": true}))];
    let id = world.send(change(tasks)).await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Done);
    assert_eq!(world.files.calls(), ["apply /a /b"]);
    assert_eq!(world.files.get("/b"), Some(json!({"mode": "0600"})));
    let kinds: Vec<String> = world
        .reports()
        .await
        .iter()
        .map(|report| match report {
            ToOrchestrator::TaskBegan(began) => format!("began {}", began.number),
            ToOrchestrator::TaskEnded(ended) => format!("ended {}", ended.number),
            ToOrchestrator::ChangeEnded(ended) => {
                format!("generation {} {}", ended.generation, ended.desired_digest == world.digest())
            }
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        kinds,
        ["began 0", "began 1", "ended 0", "ended 1", "began 2", "ended 2", "generation 1 true"]
    );
    eventually("it rests", async || world.board.status().activity == Activity::Idle { generation: 1 }).await;
}

/// How a change ended, which is told twice.
async fn told_twice(world: &World, id: ChangeId) -> Vec<ChangeOutcome> {
    let mut ends = Vec::new();
    eventually("its end is told again", async || {
        ends.clear();
        for report in world.reports().await {
            if let ToOrchestrator::ChangeEnded(end) = report
                && end.change == id
            {
                ends.push(end.outcome);
            }
        }
        ends.len() == 2
    })
    .await;
    ends
}

#[tokio::test]
async fn what_is_so_already_is_not_touched() {
    let mut world = World::new().await;
    world.files.put("/a", &json!({"mode": "0644"}));
    world.start().await;
    let id = world.send(change(vec![file("/a", "0644")])).await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Done);
    assert!(!changed(&world.outcomes(id).await[0]));
    assert_eq!(world.files.calls(), [""; 0]);
}

#[tokio::test]
async fn a_change_that_comes_twice_is_done_once() {
    let mut world = World::new().await;
    world.start().await;
    let mut sent = change(vec![perform("services", "nginx", "restart", false)]);
    sent.generation = 1;
    sent.desired_digest = world.digest();
    world.deliver(ToAgent::Change(sent.clone())).await;
    assert_eq!(world.end_of(sent.id).await, ChangeOutcome::Done);
    world.deliver(ToAgent::Change(sent.clone())).await;
    assert_eq!(told_twice(&world, sent.id).await, [ChangeOutcome::Done, ChangeOutcome::Done]);
    assert_eq!(world.services.calls(), ["restart nginx"]);
}

#[tokio::test]
async fn killed_before_an_effect_it_goes_on_and_ends_done() {
    let mut world = World::new().await;
    world.files.inside().is_held = true;
    world.start().await;
    let id = world.send(change(vec![file("/a", "0644"), file("/b", "0644")])).await;
    eventually("it is applying", async || !world.files.calls().is_empty()).await;
    world.kill().await;
    world.files.inside().is_held = false;
    world.start().await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Done);
    assert_eq!(world.files.calls(), ["apply /a /b", "apply /a /b"]);
    assert_eq!(world.outcomes(id).await.len(), 2, "each task ends once");
}

#[tokio::test]
async fn killed_after_an_effect_it_owes_what_the_effect_triggers() {
    let mut world = World::new().await;
    world.services.put("nginx", &json!({"running": true}));
    world.files.inside().is_held_after = true;
    world.start().await;
    let id = world.send(change(vec![file("/a", "0644"), refreshed("nginx", "reload", vec![0])])).await;
    eventually("the file is there", async || world.files.get("/a").is_some()).await;
    world.kill().await;
    world.files.inside().is_held_after = false;
    world.start().await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Done);
    assert_eq!(world.files.calls(), ["apply /a", "apply /a"], "the provider gets to clear up behind itself");
    assert_eq!(world.files.inside().effects, ["/a"], "the effect is not repeated");
    assert_eq!(world.services.calls(), ["reload nginx"], "and what it owes is done");
    assert!(world.outcomes(id).await.iter().all(changed));
}

#[tokio::test]
async fn an_action_in_doubt_is_interrupted_and_never_repeated() {
    let mut world = World::new().await;
    world.services.inside().is_held = true;
    world.start().await;
    let id =
        world.send(change(vec![perform("services", "nginx", "restart", false), file("/a", "0644")])).await;
    eventually("it is restarting", async || !world.services.calls().is_empty()).await;
    world.kill().await;
    world.services.inside().is_held = false;
    *world.runs.settled.lock().unwrap() = Some(Settled::Unknown { reason: "its supervisor died".into() });
    world.start().await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Interrupted);
    let outcomes = world.outcomes(id).await;
    assert!(error(&outcomes[0]).contains("nobody knows whether it ran: its supervisor died"), "{outcomes:?}");
    assert_eq!(outcomes[1], TaskOutcome::Skipped { because: 0 });
    assert_eq!(world.services.calls(), ["restart nginx"]);
}

#[tokio::test]
async fn a_refresh_in_doubt_is_interrupted_and_never_repeated() {
    let mut world = World::new().await;
    world.services.put("nginx", &json!({"running": true}));
    world.services.inside().is_held = true;
    world.start().await;
    let id = world.send(change(vec![file("/a", "0644"), refreshed("nginx", "reload", vec![0])])).await;
    eventually("it is reloading", async || !world.services.calls().is_empty()).await;
    world.kill().await;
    world.services.inside().is_held = false;
    *world.runs.settled.lock().unwrap() = Some(Settled::Unknown { reason: "its supervisor died".into() });
    world.start().await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Interrupted);
    let reloads = world.services.calls().into_iter().filter(|call| call == "reload nginx").count();
    assert_eq!(reloads, 1);
}

#[tokio::test]
async fn an_action_that_ended_while_the_agent_was_away_is_found_again() {
    for (settled, expected) in [
        (Settled::Ended { status: 0, output: String::new() }, ChangeOutcome::Done),
        (Settled::Ended { status: 1, output: "bad configuration".into() }, ChangeOutcome::Failed),
    ] {
        let mut world = World::new().await;
        world.services.inside().is_held = true;
        world.start().await;
        let id = world.send(change(vec![perform("services", "nginx", "reload", false)])).await;
        eventually("it is reloading", async || !world.services.calls().is_empty()).await;
        world.kill().await;
        *world.runs.settled.lock().unwrap() = Some(settled);
        world.start().await;
        assert_eq!(world.end_of(id).await, expected);
        let asked = world.runs.asked.lock().unwrap().clone();
        assert_eq!(asked, [format!("{}-1-0", id.as_uuid().simple())]);
        assert_eq!(world.services.calls(), ["reload nginx"]);
    }
}

#[tokio::test]
async fn asked_to_end_it_leaves_the_change_between_two_batches() {
    let mut world = World::new().await;
    world.files.inside().is_held = true;
    world.start().await;
    let id =
        world.send(change(vec![file("/a", "0644"), perform("services", "nginx", "restart", false)])).await;
    eventually("it is applying", async || !world.files.calls().is_empty()).await;
    world.files.inside().is_held = false;
    let gate = world.files.clone();
    let stopping = async {
        tokio::task::yield_now().await;
        gate.gate.add_permits(1);
    };
    tokio::join!(world.stop(), stopping);
    assert_eq!(world.services.calls(), [""; 0]);
    world.kill().await;
    world.start().await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Done);
    assert_eq!((world.files.calls().len(), world.services.calls().len()), (1, 1));
}

#[tokio::test]
async fn out_of_step_leads_to_a_resync_that_removes_and_releases() {
    let mut world = World::new().await;
    world.start().await;
    let first = world.send(change(vec![file("/a", "0644"), file("/b", "0644"), file("/c", "0644")])).await;
    assert_eq!(world.end_of(first).await, ChangeOutcome::Done);
    let mut stray = change(vec![file("/d", "0644")]);
    stray.follows = 7;
    world.deliver(ToAgent::Change(stray.clone())).await;
    let ChangeOutcome::OutOfStep { error } = world.end_of(stray.id).await else { panic!() };
    assert_eq!(error, "it follows generation 7, the agent is at 1");
    assert_eq!(world.files.get("/d"), None, "nothing of it was begun");
    let resync = world.resync(vec![file("/a", "0600")], vec![reference("files", "/b")]).await;
    assert_eq!(world.end_of(resync).await, ChangeOutcome::Done);
    assert_eq!(world.files.get("/a"), Some(json!({"mode": "0600"})));
    assert_eq!(world.files.get("/b"), None, "removed");
    assert!(world.files.get("/c").is_some(), "released");
    let known = world.ledger.begin().await.unwrap().resources().await.unwrap();
    assert_eq!(known.iter().map(|r| r.reference.id.as_str()).collect::<Vec<_>>(), ["/a"]);
    let next = world.send(change(vec![file("/e", "0644")])).await;
    assert_eq!(world.end_of(next).await, ChangeOutcome::Done, "in step again");
}

#[tokio::test]
async fn a_change_after_its_time_ends_expired_and_changes_nothing() {
    let mut world = World::new().await;
    world.start().await;
    let mut late = change(vec![file("/a", "0644")]);
    late.expires = clock::now() - TimeDelta::seconds(1);
    let id = world.send(late).await;
    assert!(matches!(world.end_of(id).await, ChangeOutcome::Expired { .. }));
    assert_eq!(world.files.get("/a"), None);
    assert_eq!(world.ledger.begin().await.unwrap().generation().await.unwrap(), 0);
}

#[tokio::test]
async fn a_change_is_cancelled_before_it_begins_and_not_after() {
    let mut world = World::new().await;
    let early = world.send(change(vec![file("/a", "0644")])).await;
    world.deliver(ToAgent::Cancel(Cancel { change: early })).await;
    world.start().await;
    assert_eq!(world.end_of(early).await, ChangeOutcome::Cancelled);
    assert_eq!(world.files.get("/a"), None);

    let mut world = World::new().await;
    world.files.inside().is_held = true;
    world.start().await;
    let begun = world.send(change(vec![file("/a", "0644")])).await;
    eventually("it is applying", async || !world.files.calls().is_empty()).await;
    world.deliver(ToAgent::Cancel(Cancel { change: begun })).await;
    world.files.gate.add_permits(1);
    assert_eq!(world.end_of(begun).await, ChangeOutcome::Done);
}

#[tokio::test]
async fn the_first_failure_stops_what_comes_after_it() {
    let mut world = World::new().await;
    world.files.inside().failing.insert("/a".into());
    world.start().await;
    let id =
        world.send(change(vec![file("/a", "0644"), perform("services", "nginx", "reload", false)])).await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Failed);
    let outcomes = world.outcomes(id).await;
    assert_eq!(outcomes[0], TaskOutcome::Failed { error: "/a cannot be changed".into() });
    assert_eq!(outcomes[1], TaskOutcome::Skipped { because: 0 });
    assert_eq!(world.services.calls(), [""; 0]);
}

#[tokio::test]
async fn told_to_continue_only_what_needs_the_failed_task_is_skipped() {
    let mut world = World::new().await;
    world.files.inside().failing.insert("/a".into());
    world.start().await;
    let mut needs = perform("services", "nginx", "reload", false);
    needs.requires = vec![0];
    let mut sent = change(vec![file("/a", "0644"), needs, apply("packages", "curl", json!({}))]);
    sent.on_error = OnError::Continue;
    let id = world.send(sent).await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Failed);
    let outcomes = world.outcomes(id).await;
    assert_eq!(outcomes[1], TaskOutcome::Skipped { because: 0 });
    assert!(changed(&outcomes[2]));
}

#[tokio::test]
async fn a_handlers_action_stays_owed_until_what_it_waits_for_is_applied() {
    let mut world = World::new().await;
    world.files.inside().failing.insert("/a".into());
    world.start().await;
    let failed =
        world.send(change(vec![file("/a", "0644"), perform("services", "nginx", "reload", true)])).await;
    assert_eq!(world.end_of(failed).await, ChangeOutcome::Failed);
    let other = world.send(change(vec![file("/b", "0644")])).await;
    assert_eq!(world.end_of(other).await, ChangeOutcome::Done);
    assert_eq!(world.services.calls(), [""; 0], "what it waits for is not there yet");
    world.kill().await;
    world.files.inside().failing.clear();
    world.start().await;
    let mended = world.send(change(vec![file("/a", "0644")])).await;
    assert_eq!(world.end_of(mended).await, ChangeOutcome::Done);
    assert_eq!(world.services.calls(), ["reload nginx"]);
    let again = world.send(change(vec![file("/a", "0600")])).await;
    assert_eq!(world.end_of(again).await, ChangeOutcome::Done);
    assert_eq!(world.services.calls(), ["reload nginx"], "a debt is paid once");
}

#[tokio::test]
async fn a_running_service_is_refreshed_once_where_something_changed_before_it() {
    let mut world = World::new().await;
    for service in ["touched", "untouched", "stopped"] {
        world.services.put(service, &json!({"running": service != "stopped"}));
    }
    world.files.put("/same", &json!({"mode": "0644"}));
    world.start().await;
    let tasks = vec![
        file("/new", "0644"),
        file("/other", "0644"),
        file("/same", "0644"),
        refreshed("touched", "restart", vec![0, 1]),
        refreshed("untouched", "restart", vec![2]),
        refreshed("stopped", "restart", vec![0]),
        refreshed("fresh", "restart", vec![0]),
    ];
    let id = world.send(change(tasks)).await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Done);
    assert_eq!(world.services.calls(), ["apply stopped fresh", "restart touched"]);
    let outcomes = world.outcomes(id).await;
    let TaskOutcome::Done { changed: true, message: Some(message), .. } = &outcomes[3] else { panic!() };
    assert_eq!(message, "restarted");
    assert!(!changed(&outcomes[4]));
    assert_eq!(world.ledger.begin().await.unwrap().triggers().await.unwrap(), []);
}

#[tokio::test]
async fn a_refresh_that_a_failure_kept_away_is_done_with_the_next_good_change() {
    let mut world = World::new().await;
    world.services.put("nginx", &json!({"running": true}));
    world.files.inside().failing.insert("/bad".into());
    world.start().await;
    let tasks = vec![file("/good", "0644"), file("/bad", "0644"), refreshed("nginx", "reload", vec![0, 1])];
    let id = world.send(change(tasks)).await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Failed);
    assert_eq!(world.services.calls(), [""; 0]);
    let owed = world.ledger.begin().await.unwrap().triggers().await.unwrap();
    assert!(!owed.is_empty() && owed.iter().all(|trigger| trigger.state == TriggerState::Due));
    world.files.inside().failing.clear();
    let next = world.send(change(vec![file("/bad", "0644"), refreshed("nginx", "reload", vec![0])])).await;
    assert_eq!(world.end_of(next).await, ChangeOutcome::Done);
    assert_eq!(world.services.calls(), ["reload nginx"]);
}

#[tokio::test]
async fn a_plan_that_is_not_kept_fails_the_task_and_names_the_plugin() {
    let mut world = World::new().await;
    world.files.inside().lying.insert("/a".into());
    world.start().await;
    let id = world.send(change(vec![file("/a", "0644"), file("/b", "0644")])).await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Failed);
    let outcomes = world.outcomes(id).await;
    insta::assert_snapshot!(error(&outcomes[0]), @r#"plan broken by plugin hostwright/files 0.1.0: /mode is absent, should be "0644" afterwards"#);
    assert!(changed(&outcomes[1]), "the other one of the batch is done");
}

#[tokio::test]
async fn a_trap_costs_one_failed_task() {
    let mut world = World::new().await;
    world.files.inside().trapping.insert("/b".into());
    world.start().await;
    let id = world.send(change(vec![file("/a", "0644"), file("/b", "0644"), file("/c", "0644")])).await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Failed);
    let outcomes = world.outcomes(id).await;
    assert!(changed(&outcomes[0]) && changed(&outcomes[2]));
    assert_eq!(error(&outcomes[1]), "plugin hostwright/files 0.1.0 broke down: unreachable");
}

#[tokio::test]
async fn a_lock_that_somebody_else_holds_is_waited_for() {
    let mut world = World::new().await;
    world.files.inside().busy.insert("/a".into(), 3);
    world.start().await;
    let id = world.send(change(vec![file("/a", "0644")])).await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Done);
    assert_eq!(world.files.calls().len(), 4);
    assert_eq!(world.outcomes(id).await.len(), 1);
}

#[tokio::test]
async fn what_was_there_before_is_given_back_and_what_was_not_is_removed() {
    let mut world = World::new().await;
    world.files.put("/old", &json!({"mode": "0600"}));
    world.start().await;
    let install = world.send(change(vec![file("/old", "0644"), file("/new", "0644")])).await;
    assert_eq!(world.end_of(install).await, ChangeOutcome::Done);
    world.kill().await;
    world.start().await;
    let uninstall = world.send(change(vec![remove("files", "/new"), remove("files", "/old")])).await;
    assert_eq!(world.end_of(uninstall).await, ChangeOutcome::Done);
    assert_eq!(world.files.get("/new"), None);
    assert_eq!(world.files.get("/old"), Some(json!({"mode": "0600"})));
    let TaskOutcome::Done { message: Some(message), .. } = &world.outcomes(uninstall).await[1] else {
        panic!()
    };
    assert_eq!(message, "kept, because it was there before; mode as before");
    assert_eq!(world.ledger.begin().await.unwrap().resources().await.unwrap(), []);
}

#[tokio::test]
async fn a_change_ends_on_the_providers_it_began_with_and_the_next_takes_the_new_ones() {
    let mut world = World::new().await;
    world.files.inside().is_held = true;
    world.start().await;
    let tasks = vec![file("/a", "0644"), apply("packages", "curl", json!({})), file("/b", "0644")];
    let first = world.send(change(tasks)).await;
    eventually("it is applying", async || !world.files.calls().is_empty()).await;
    let newer = std::sync::Arc::new(FakeProvider::new("files", "0.2.0"));
    let mut set = (*world.providers.load_full()).clone();
    set.insert("files", newer.clone());
    world.providers.store(std::sync::Arc::new(set));
    world.files.gate.add_permits(2);
    assert_eq!(world.end_of(first).await, ChangeOutcome::Done);
    assert_eq!(world.files.calls(), ["apply /a", "apply /b"]);
    let second = world.send(change(vec![file("/c", "0644")])).await;
    assert_eq!(world.end_of(second).await, ChangeOutcome::Done);
    assert_eq!(newer.calls(), ["apply /c"]);
}

#[tokio::test]
async fn nothing_begins_while_the_ledger_cannot_be_written() {
    let mut world = World::new().await;
    let id = world.send(change(vec![file("/a", "0644")])).await;
    world.ledger.make_writable(false).await;
    world.start().await;
    eventually("it says so", async || matches!(world.board.status().activity, Activity::LedgerFails { .. }))
        .await;
    assert_eq!(world.files.calls(), [""; 0]);
    world.ledger.make_writable(true).await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Done);
    assert_eq!(world.files.calls(), ["apply /a"]);
}

#[tokio::test]
async fn content_that_is_not_to_be_had_fails_its_task_and_says_which() {
    let mut world = World::new().await;
    world.start().await;
    let digest = format!("sha256:{}", "0".repeat(64));
    let content = json!({"content": {"$hostwright": {"blob": digest, "size": 3}}});
    let id = world.send(change(vec![apply("files", "/a", content)])).await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Failed);
    assert!(error(&world.outcomes(id).await[0]).contains(&digest));
}

#[tokio::test]
async fn a_collection_without_a_provider_fails_with_the_reason() {
    let mut world = World::new().await;
    world.start().await;
    let id = world.send(change(vec![apply("cron", "backup", json!({}))])).await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Failed);
    assert_eq!(
        error(&world.outcomes(id).await[0]),
        "no provider of `cron` serves this machine: no active plugin provides it"
    );
}
