use hostwright_bus::Ack;
use hostwright_model::agent::Presence;
use hostwright_model::change::{ChangeKind, ChangeTask};
use hostwright_model::event::Actor;
use hostwright_model::host::HostState;
use hostwright_protocol::messages::{
    ChangeOutcome, HighWater, Membership, Monitor, OnError, Operation, ResourceRef, Task, TaskEnded,
    TaskOutcome, ToAgent, ToOrchestrator,
};
use serde_json::json;

use crate::agents::hear;
use crate::operations::settings::Level;
use crate::operations::{changes, hosts, sending};
use crate::testing::{ScriptedAgent, TestSystem, eventually};

fn host(system: &TestSystem) -> Level {
    Level::Host(system.path("web1"))
}

/// Whether each message that waits for the agent was sent.
async fn waiting(system: &TestSystem, agent: &ScriptedAgent) -> Vec<bool> {
    let mut tx = system.app().store().read().await.unwrap();
    let agent = agent.enrolled.identity.agent;
    let entries = tx.messages_after(agent, HighWater::default(), 100).await.unwrap();
    entries.iter().map(|entry| entry.sent_at.is_some()).collect()
}

#[tokio::test]
async fn what_was_not_sent_outlives_both_ends_and_arrives_in_order_once() {
    let mut system = TestSystem::start().await;
    let mut agent = system.installed("web1").await;
    agent.disconnect();
    system.set(host(&system), "http_port", json!(8081)).await;
    system.set(host(&system), "greeting", json!("Good evening")).await;
    system.set(Level::Organization, "greeting", json!("hidden")).await;
    system.restart().await;
    agent.connect(&system).await;
    let first = agent.expect_change().await;
    assert_eq!(first.description, "Change http_port");
    agent.carry_out(&first).await;
    let second = agent.expect_change().await;
    assert_eq!(second.description, "Change greeting");
    agent.carry_out(&second).await;
    eventually("all is done", async || system.host_state("web1").await == "READY").await;
    assert_eq!(system.changes("web1").await.len(), 3);
    eventually("all is receipted", async || waiting(&system, &agent).await.is_empty()).await;
}

#[tokio::test]
async fn a_change_that_was_sent_and_lost_is_sent_again() {
    let mut system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    system.install("web1").await.unwrap();
    eventually("it was handed over", async || waiting(&system, &agent).await == [true]).await;
    // The session breaks before the machine has looked.
    agent.disconnect();
    system.restart().await;
    agent.connect(&system).await;
    let change = agent.expect_change().await;
    agent.carry_out(&change).await;
    eventually("it is done", async || system.host_state("web1").await == "READY").await;
}

#[tokio::test]
async fn one_change_is_in_flight_and_the_next_waits_where_it_can_be_taken_back() {
    let system = TestSystem::start().await;
    let mut agent = system.installed("web1").await;
    system.set(host(&system), "http_port", json!(8081)).await;
    let first = agent.expect_change().await;
    system.set(host(&system), "greeting", json!("Good evening")).await;
    system.set(host(&system), "http_port", json!(8082)).await;
    eventually("the first is receipted", async || waiting(&system, &agent).await.len() == 2).await;
    assert_eq!(waiting(&system, &agent).await, [false, false]);

    let mut work = system.work().await;
    let path = system.path("web1");
    let removal = changes::remove_change(&mut work, &system.organization, &path, 3).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(removal, changes::Removal::Removed);
    agent.carry_out(&first).await;
    let next = agent.expect_change().await;
    assert_eq!((next.description.as_str(), next.follows), ("Change http_port", first.generation));
    agent.carry_out(&next).await;
    eventually("all is done", async || system.host_state("web1").await == "READY").await;
}

#[tokio::test]
async fn newer_wishes_take_the_place_of_older_ones_that_were_not_sent() {
    let system = TestSystem::start().await;
    let mut agent = system.installed("web1").await;
    agent.disconnect();
    for port in [8081, 8082, 8083] {
        system.set(host(&system), "http_port", json!(port)).await;
    }
    agent.connect(&system).await;
    let mut tasks = Vec::new();
    for _ in 0..3 {
        let change = agent.expect_change().await;
        agent.carry_out(&change).await;
        tasks.push(change.tasks.iter().map(|task| task.description.clone()).collect::<Vec<_>>().join(", "));
    }
    assert_eq!(
        tasks,
        [
            "update file site.conf, reload service nginx",
            "reload service nginx",
            "update file site.conf, reload service nginx"
        ]
    );
    eventually("all is done", async || system.host_state("web1").await == "READY").await;
    let superseded = &system.changes("web1").await[2].tasks[0];
    assert_eq!(superseded.error().unwrap(), "superseded: a later change does it");
}

#[tokio::test]
async fn what_failed_is_told_although_the_next_change_succeeds_until_a_person_clears_it() {
    let system = TestSystem::start().await;
    let mut agent = system.installed("web1").await;
    system.set(host(&system), "http_port", json!(8081)).await;
    let first = agent.expect_change().await;
    system.set(host(&system), "greeting", json!("Good evening")).await;
    agent.fail_at(&first, 0).await;
    let second = agent.expect_change().await;
    let state = system.host("web1").await.state;
    let HostState::Updating { failure: Some(failure), .. } = state else { panic!("{state:?}") };
    assert!(failure.starts_with("Change http_port: update file site.conf: no such package"), "{failure}");
    agent.carry_out(&second).await;
    eventually("all is over", async || system.change_states("web1").await[2].0 == "DONE").await;
    let state = system.host("web1").await.state;
    let HostState::Error { reason, .. } = state else { panic!("{state:?}") };
    assert_eq!(reason, failure);

    let clear = async |number| {
        let mut work = system.work().await;
        let path = system.path("web1");
        changes::remove_change(&mut work, &system.organization, &path, number).await.unwrap();
        work.commit().await.unwrap();
    };
    clear(3).await;
    assert_eq!(system.host_state("web1").await, "ERROR", "it was not the one that failed");
    clear(2).await;
    assert_eq!(system.host_state("web1").await, "READY");
}

#[tokio::test]
async fn a_report_counts_once_however_often_it_comes() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    system.install("web1").await.unwrap();
    let change = agent.expect_change().await;
    let ended = |error: &str| {
        let outcome = TaskOutcome::Failed { error: error.to_owned() };
        let at = hostwright_model::clock::Clock::now(&*system.clock);
        ToOrchestrator::TaskEnded(TaskEnded { change: change.id, number: 0, outcome, at })
    };
    let id = agent.enrolled.identity.agent;
    let frame = agent.seal_report(&ended("first"));
    hear(system.app(), id, &frame, Ack::none()).await;
    hear(system.app(), id, &frame, Ack::none()).await;
    let replayed = agent.seal_at(agent.place(), &ended("again, in the same place"));
    hear(system.app(), id, &replayed, Ack::none()).await;
    let task = system.changes("web1").await[0].tasks[0].clone();
    assert_eq!(task.error().unwrap(), "first");
}

#[tokio::test]
async fn a_report_that_is_early_waits_for_the_one_before_it() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    system.install("web1").await.unwrap();
    let change = agent.expect_change().await;
    let ended = |number| {
        let outcome = TaskOutcome::Done { changed: true, message: None, differences: Vec::new() };
        let at = hostwright_model::clock::Clock::now(&*system.clock);
        ToOrchestrator::TaskEnded(TaskEnded { change: change.id, number, outcome, at })
    };
    let id = agent.enrolled.identity.agent;
    let (first, second) = (agent.seal_report(&ended(0)), agent.seal_report(&ended(1)));
    hear(system.app(), id, &second, Ack::none()).await;
    let statuses = async || {
        let changes = system.changes("web1").await;
        changes[0].tasks.iter().map(ChangeTask::status).collect::<Vec<_>>()
    };
    assert_eq!(statuses().await, ["PENDING"; 4], "what is early is put aside");
    hear(system.app(), id, &first, Ack::none()).await;
    assert_eq!(statuses().await, ["OK", "OK", "PENDING", "PENDING"]);
}

#[tokio::test]
async fn an_agent_that_lost_count_is_told_everything_and_then_what_it_missed() {
    let system = TestSystem::start().await;
    let mut agent = system.installed("web1").await;
    system.set(host(&system), "http_port", json!(8081)).await;
    let change = agent.expect_change().await;
    let error = "it follows generation 1, the agent is at 0".to_owned();
    agent.end(&change, ChangeOutcome::OutOfStep { error }).await;
    let resync = agent.expect_resync().await;
    assert_eq!(resync.change.tasks.len(), 4);
    agent.carry_out_resync(&resync).await;
    let again = agent.expect_change().await;
    assert_eq!(again.tasks.len(), 2, "its actions were never begun, so they are still due");
    agent.carry_out(&again).await;
    eventually("web1 is ready", async || system.host_state("web1").await == "READY").await;
    let states: Vec<_> = system.change_states("web1").await.into_iter().map(|(state, _)| state).collect();
    assert_eq!(states, ["DONE", "SUPERSEDED", "DONE", "DONE"]);
}

#[tokio::test]
async fn an_agent_that_was_set_back_is_told_everything_in_a_new_epoch() {
    let system = TestSystem::start().await;
    let mut agent = system.installed("web1").await;
    agent.disconnect();
    agent.set_back();
    let welcome = agent.connect(&system).await;
    assert_eq!(welcome.sent.epoch, 2);
    agent.expect_activation().await;
    let resync = agent.expect_resync().await;
    assert_eq!(resync.change.tasks.len(), 4);
    agent.carry_out_resync(&resync).await;
    eventually("web1 is ready", async || system.host_state("web1").await == "READY").await;
}

#[tokio::test]
async fn a_change_that_was_not_begun_in_time_expires_and_the_next_follows() {
    let system = TestSystem::start().await;
    let mut agent = system.installed("web1").await;
    agent.disconnect();
    let mut work = system.work().await;
    let (path, application) = (system.path("web1"), "Web Server".parse().unwrap());
    let action = hostwright_model::application::Action::Reload("nginx".parse().unwrap());
    crate::operations::live_actions::act(&mut work, &system.organization, &path, &application, &action)
        .await
        .unwrap();
    work.commit().await.unwrap();
    system.set(host(&system), "http_port", json!(8081)).await;
    system.clock.advance(chrono::TimeDelta::hours(2));
    crate::jobs::retention::once(system.app()).await.unwrap();
    let states: Vec<_> = system.change_states("web1").await.into_iter().map(|(state, _)| state).collect();
    assert_eq!(states, ["DONE", "EXPIRED", "PENDING"]);
    agent.connect(&system).await;
    let change = agent.expect_change().await;
    agent.carry_out(&change).await;
    eventually("it is done", async || system.change_states("web1").await[2].0 == "DONE").await;
}

#[tokio::test]
async fn a_sent_change_of_an_agent_that_never_returns_expires_and_what_it_says_later_counts() {
    let system = TestSystem::start().await;
    let mut agent = system.installed("web1").await;
    system.set(host(&system), "http_port", json!(8081)).await;
    let sent = agent.expect_change().await;
    system.set(host(&system), "greeting", json!("Good evening")).await;
    agent.disconnect();
    eventually("it is gone", async || system.agent_presence(&agent).await == Presence::Down).await;
    let states = async || {
        let changes = system.change_states("web1").await;
        changes.into_iter().map(|(state, _)| state).collect::<Vec<_>>().join(" ")
    };

    system.clock.advance(sent.expires - hostwright_model::clock::Clock::now(&*system.clock));
    crate::jobs::retention::once(system.app()).await.unwrap();
    assert_eq!(states().await, "DONE PENDING EXPIRED", "word of it may be under way; the other was not sent");
    system.clock.advance(chrono::TimeDelta::minutes(5));
    crate::jobs::retention::once(system.app()).await.unwrap();
    assert_eq!(states().await, "DONE EXPIRED EXPIRED");
    let HostState::Error { reason, .. } = system.host("web1").await.state else { panic!() };
    assert_eq!(reason, "Change http_port: it was sent, and nothing was heard of it in time");
    assert_eq!(
        system.changes("web1").await[1].tasks[0].error().unwrap(),
        "expired: it was not begun in time"
    );

    // It had begun it all the same, and was away only.
    system.set(host(&system), "http_port", json!(8082)).await;
    agent.connect(&system).await;
    let next = agent.expect_change().await;
    agent.carry_out(&sent).await;
    eventually("it is known", async || states().await.starts_with("DONE DONE EXPIRED")).await;
    // What was compiled without it does not follow it, so everything is said again.
    agent.carry_out(&next).await;
    let resync = agent.expect_resync().await;
    agent.carry_out_resync(&resync).await;
    let again = agent.expect_change().await;
    agent.carry_out(&again).await;
    eventually("all is over", async || states().await == "DONE DONE EXPIRED SUPERSEDED DONE DONE").await;
    assert_eq!(system.host_state("web1").await, "ERROR", "one has expired for good");
}

#[tokio::test]
async fn a_change_that_was_begun_by_an_agent_that_never_returns_is_interrupted_and_the_next_follows_it() {
    let system = TestSystem::start().await;
    let mut agent = system.installed("web1").await;
    system.set(host(&system), "http_port", json!(8081)).await;
    let begun = agent.expect_change().await;
    agent.begin(&begun, 0).await;
    eventually("it is running", async || system.change_states("web1").await[1].0 == "RUNNING").await;
    agent.disconnect();
    eventually("it is gone", async || system.agent_presence(&agent).await == Presence::Down).await;
    system.clock.advance(begun.expires - hostwright_model::clock::Clock::now(&*system.clock));
    let mut work = system.work().await;
    let id = agent.enrolled.identity.agent;
    let now = work.now();
    work.tx().save_presence(id, Presence::Down, Some(now)).await.unwrap();
    work.commit().await.unwrap();
    crate::jobs::retention::once(system.app()).await.unwrap();
    assert_eq!(system.change_states("web1").await[1].0, "RUNNING", "it was heard of just now");
    system.clock.advance(chrono::TimeDelta::hours(1));
    crate::jobs::retention::once(system.app()).await.unwrap();
    assert_eq!(system.change_states("web1").await[1].0, "INTERRUPTED");

    // Who begins a change has taken it.
    system.set(host(&system), "greeting", json!("Good evening")).await;
    agent.accept(&begun);
    agent.connect(&system).await;
    let next = agent.expect_change().await;
    assert_eq!(next.follows, begun.generation);
    agent.end(&begun, ChangeOutcome::Failed).await;
    agent.carry_out(&next).await;
    eventually("both are over", async || {
        let states = system.change_states("web1").await;
        (states[1].0.as_str(), states[2].0.as_str()) == ("FAILED", "DONE")
    })
    .await;
}

#[tokio::test]
async fn a_change_that_no_frame_carries_travels_as_content() {
    let system = TestSystem::start().await;
    let mut agent = system.installed("web1").await;
    let mut work = system.work().await;
    let found = hosts::find_host(&mut work, &system.organization, &system.path("web1")).await.unwrap();
    let mut locked = hosts::locked(&mut work, &system.organization, found.id).await.unwrap();
    let mut ledger = crate::operations::ledger::load(&mut work, &locked).await.unwrap();
    let tasks = (0..5_000)
        .map(|number| Task {
            number,
            description: format!("add directory {number}"),
            resource: ResourceRef {
                collection: "directories".to_owned(),
                id: format!("/srv/directory/{number}"),
            },
            operation: Operation::Apply {
                attributes: json!({"mode": "0755", "owner": "root", "group": "root"}),
                monitor: Monitor::Keep,
                membership: Membership { applications: vec!["x".repeat(36)] },
                sensitive: false,
                refresh: None,
            },
            requires: Vec::new(),
        })
        .collect();
    let new = sending::New {
        description: "Make many".to_owned(),
        tasks,
        remove: Vec::new(),
        on_error: OnError::Stop,
        kind: ChangeKind::Change,
    };
    let id = agent.enrolled.identity.agent;
    let change = sending::enqueue(&mut work, &mut locked, id, &mut ledger, new).await.unwrap();
    work.commit().await.unwrap();

    let ToAgent::LargeChange(large) = agent.next().await else { panic!("it came whole") };
    assert_eq!((large.change, large.description.as_str()), (change.id, "Make many"));
    assert!(large.size > 1 << 20, "{} bytes fit into a frame", large.size);
    let ToAgent::Change(fetched) = large.open(&agent.fetch(&large.digest).await).unwrap() else { panic!() };
    assert_eq!(fetched, change.to_message());
    let other = system.enrolled("db1").await;
    let foreign = async {
        let mut tx = system.app().store().read().await.unwrap();
        let digest = large.digest.parse().unwrap();
        tx.blob_part_for_agent(other.enrolled.identity.agent, digest, 0, 10).await.unwrap()
    };
    assert_eq!(foreign.await, None, "nobody else may fetch it");
}

#[tokio::test]
async fn a_sent_change_is_given_up_only_by_the_agent() {
    let system = TestSystem::start().await;
    let mut agent = system.installed("web1").await;
    system.set(host(&system), "http_port", json!(8081)).await;
    let change = agent.expect_change().await;
    let mut work = system.work().await;
    let path = system.path("web1");
    let removal = changes::remove_change(&mut work, &system.organization, &path, 2).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(removal, changes::Removal::Asked);
    let ToAgent::Cancel(cancel) = agent.next().await else { panic!() };
    assert_eq!(cancel.change, change.id);
    agent.end(&change, ChangeOutcome::Cancelled).await;
    eventually("it is cancelled", async || system.change_states("web1").await[1].0 == "CANCELLED").await;
    assert_eq!(system.host_state("web1").await, "READY");
    // What comes next follows what the agent has.
    system.set(host(&system), "http_port", json!(8082)).await;
    let next = agent.expect_change().await;
    agent.carry_out(&next).await;
    eventually("it is done", async || system.change_states("web1").await[2].0 == "DONE").await;
}

#[tokio::test]
async fn whoever_waits_for_a_change_is_told_when_it_has_ended() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    let change = system.install("web1").await.unwrap();
    let (app, organization) = (system.app().clone(), system.organization.clone());
    let waiting = tokio::spawn(async move {
        changes::wait_for_change(&app, &organization, change.id, crate::testing::PATIENCE).await.unwrap()
    });
    let change = agent.expect_change().await;
    agent.carry_out(&change).await;
    assert_eq!(waiting.await.unwrap().state.name(), "DONE");
    let mut work = system.app().look(Actor::System).await.unwrap();
    let events =
        crate::operations::events::events_after(&mut work, &system.organization, 0, 1_000).await.unwrap();
    let names: Vec<_> = events.iter().map(|event| event.event.occurrence.name()).collect();
    assert!(
        names.contains(&"change.state") && names.contains(&"task.state") && names.contains(&"agent.presence")
    );
}
