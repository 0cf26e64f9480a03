//! What an agent is for.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use hostwright_agent::{Agent, Error, Shutdown, status};
use hostwright_protocol::ids::PlanId;
use hostwright_protocol::messages::{
    ChangeOutcome, Compliance, Plan, PlanResult, Planning, PluginState, ResourceState, TaskOutcome, ToAgent,
    ToOrchestrator,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::world::{World, eventually};

fn compliance(world: &World) -> Vec<ResourceState> {
    let heard = world.orchestrator.heard().into_iter();
    heard
        .filter_map(|heard| match heard {
            ToOrchestrator::Compliance(Compliance { state, .. }) => Some(state),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn a_file_is_delivered_kept_and_missed_when_it_goes() {
    let mut world = World::with_files().await;
    let content = "x".repeat(400_000);
    let digest = format!("sha256:{}", hex::encode(Sha256::digest(&content)));
    world.orchestrator.keep(&digest, content.clone().into_bytes());
    let page = json!({"content": {"$hostwright": {"blob": digest, "size": content.len()}}, "mode": "0640"});
    let tasks = vec![
        world.file_task(0, "/etc/motd", json!({"content": "welcome\n", "mode": "0644"})),
        world.file_task(1, "/etc/page", page),
    ];
    let change = world.change(tasks).await;
    assert_eq!(world.end_of(change).await, ChangeOutcome::Done);
    assert_eq!(fs::read_to_string(world.path("/etc/motd")).unwrap(), "welcome\n");
    assert_eq!(fs::read_to_string(world.path("/etc/page")).unwrap(), content);
    assert_eq!(fs::metadata(world.path("/etc/page")).unwrap().permissions().mode() & 0o777, 0o640);

    eventually("both are watched", || (world.status().resources.compliant == 2).then_some(())).await;
    fs::remove_file(world.path("/etc/motd")).unwrap();
    let told = eventually("the loss is told", || compliance(&world).into_iter().next()).await;
    let ResourceState::Drifted(alert) = told else { panic!("{told:?}") };
    assert_eq!(alert.observed, json!(null));
    fs::write(world.path("/etc/motd"), "welcome\n").unwrap();
    fs::set_permissions(world.path("/etc/motd"), fs::Permissions::from_mode(0o644)).unwrap();
    eventually("it closes by itself", || {
        compliance(&world).contains(&ResourceState::Compliant).then_some(())
    })
    .await;

    let socket = world.directory.path().join("state/status.sock");
    let asked = status::ask(&socket).await.unwrap();
    assert!(asked.plugins[0].is_serving && asked.plugins[0].usage.calls > 0, "{asked:?}");
    assert_eq!(asked.plugins[0].usage.traps, 0);
    world.stop().await;
}

#[tokio::test]
async fn an_agent_that_was_stopped_goes_on_with_what_it_kept() {
    let mut world = World::with_files().await;
    let tasks = vec![world.file_task(0, "/etc/motd", json!({"content": "one\n"}))];
    let change = world.change(tasks).await;
    assert_eq!(world.end_of(change).await, ChangeOutcome::Done);
    world.stop().await;
    fs::write(world.path("/etc/motd"), "meddled\n").unwrap();
    world.start();
    let told = eventually("drift while it was away is told", || compliance(&world).into_iter().next()).await;
    assert!(matches!(told, ResourceState::Drifted(_)));
    let tasks = vec![world.file_task(0, "/etc/motd", json!({"content": "two\n"}))];
    let change = world.change(tasks).await;
    assert_eq!(world.end_of(change).await, ChangeOutcome::Done);
    assert_eq!(fs::read_to_string(world.path("/etc/motd")).unwrap(), "two\n");
    world.stop().await;
}

#[tokio::test]
async fn a_plan_shows_what_applying_then_does_and_changes_nothing() {
    let mut world = World::with_files().await;
    fs::write(world.path("/etc/motd"), "old\n").unwrap();
    let task = world.file_task(0, "/etc/motd", json!({"content": "new\n"}));
    let id = PlanId::from_uuid(Uuid::now_v7());
    world.orchestrator.say(&ToAgent::Plan(Plan { id, tasks: vec![task.clone()] })).await;
    let planning = eventually("the plan comes back", || {
        world.orchestrator.heard().into_iter().find_map(|heard| match heard {
            ToOrchestrator::PlanResult(PlanResult { id: of, planning }) if of == id => Some(planning),
            _ => None,
        })
    })
    .await;
    let Planning::Planned { tasks } = planning else { panic!("{planning:?}") };
    assert_eq!(tasks[0].error, None);
    assert_eq!(fs::read_to_string(world.path("/etc/motd")).unwrap(), "old\n");
    let change = world.change(vec![task]).await;
    assert_eq!(world.end_of(change).await, ChangeOutcome::Done);
    let differences = eventually("the task is reported", || {
        world.orchestrator.heard().into_iter().find_map(|heard| match heard {
            ToOrchestrator::TaskEnded(ended) => match ended.outcome {
                TaskOutcome::Done { differences, .. } => Some(differences),
                other => panic!("{other:?}"),
            },
            _ => None,
        })
    })
    .await;
    assert_eq!(tasks[0].differences, differences);
    world.stop().await;
}

#[tokio::test]
async fn a_newer_plugin_takes_over_and_a_bad_one_does_not() {
    let mut world = World::with_files().await;
    let newer = world.ship("0.1.1");
    world.activate(vec![newer]).await;
    assert_eq!(world.plugin_state(2).await, PluginState::Active);
    let mut forged = world.ship("0.1.2");
    forged.signature = hostwright_manifest::signature::SigningKey::generate().sign(b"something else");
    world.activate(vec![forged]).await;
    let PluginState::Refused { error } = world.plugin_state(3).await else { panic!() };
    assert!(error.contains("did not sign"), "{error}");
    let mut greedy = world.ship("0.1.3");
    greedy.grants.files.write = vec!["/".into(), "/somewhere/else".into()];
    greedy.grants.scripts = true;
    world.activate(vec![greedy]).await;
    let state = world.plugin_state(4).await;
    assert!(
        matches!(state, PluginState::Refused { .. }),
        "grants beyond the manifest are refused: {state:?}"
    );

    let tasks = vec![world.file_task(0, "/etc/motd", json!({"content": "served\n"}))];
    let change = world.change(tasks).await;
    assert_eq!(world.end_of(change).await, ChangeOutcome::Done);
    let socket = world.directory.path().join("state/status.sock");
    let asked = status::ask(&socket).await.unwrap();
    let serving: Vec<&str> = asked.plugins.iter().map(|plugin| plugin.version.as_str()).collect();
    assert_eq!(serving, ["0.1.1"]);
    world.stop().await;
}

#[tokio::test]
async fn bad_attributes_cost_one_task_and_name_the_attribute() {
    let mut world = World::with_files().await;
    let tasks = vec![world.file_task(0, "/etc/motd", json!({"mode": "rw-r--r--", "content": "x"}))];
    let change = world.change(tasks).await;
    assert_eq!(world.end_of(change).await, ChangeOutcome::Failed);
    let error = eventually("the task is reported", || {
        world.orchestrator.heard().into_iter().find_map(|heard| match heard {
            ToOrchestrator::TaskEnded(ended) => match ended.outcome {
                TaskOutcome::Failed { error } => Some(error),
                other => panic!("{other:?}"),
            },
            _ => None,
        })
    })
    .await;
    assert!(error.contains("/mode"), "{error}");
    world.stop().await;
}

#[tokio::test]
async fn keys_do_not_start_on_another_machine() {
    let mut world = World::with_files().await;
    world.stop().await;
    fs::write(world.path("/etc/machine-id"), "ffffffffffffffffffffffffffffffff\n").unwrap();
    let refused = Agent::new(world.options()).run(Shutdown::default()).await.unwrap_err();
    let Error::OtherMachine { enrolled, found } = refused else { panic!("{refused}") };
    assert_eq!(
        (enrolled.as_str(), found.as_str()),
        ("0123456789abcdef0123456789abcdef", "ffffffffffffffffffffffffffffffff")
    );
}

#[tokio::test]
async fn two_agents_do_not_run_on_one_state() {
    let mut world = World::with_files().await;
    let refused = Agent::new(world.options()).run(Shutdown::default()).await.unwrap_err();
    assert!(matches!(refused, Error::State(_)), "{refused}");
    world.stop().await;
}
