use serde_json::json;

use crate::operations::settings::Level;
use crate::operations::{OperationError, settings as operations};
use crate::testing::{TestSystem, eventually};

#[tokio::test]
async fn each_level_makes_one_change_of_two_tasks_and_back() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    let mut other = system.enrolled("db1").await;
    system.install("web1").await.unwrap();
    let change = agent.expect_change().await;
    agent.carry_out(&change).await;
    eventually("it is installed", async || system.host_state("web1").await == "READY").await;

    let levels = [
        (Level::Organization, 80),
        (Level::Environment("Default".parse().unwrap()), 8880),
        (Level::Host(system.path("web1")), 8000),
        (Level::Application(system.path("web1"), "Web Server".parse().unwrap()), 8888),
    ];
    for (level, port) in &levels {
        let changes = system.set(level.clone(), "http_port", json!(port)).await;
        assert_eq!(changes.len(), 1, "an unaffected host gets none");
        let change = agent.expect_change().await;
        let tasks: Vec<_> = change.tasks.iter().map(|task| task.description.as_str()).collect();
        assert_eq!(tasks, ["update file site.conf", "reload service nginx"]);
        agent.carry_out(&change).await;
        eventually("it is done", async || system.host_state("web1").await == "READY").await;
    }
    for (level, _) in levels.iter().rev() {
        assert_eq!(system.unset(level.clone(), "http_port").await.len(), 1);
        let change = agent.expect_change().await;
        assert_eq!(change.tasks.len(), 2);
        agent.carry_out(&change).await;
    }
    eventually("all is done", async || {
        let states = system.change_states("web1").await;
        states.len() == 9 && states.iter().all(|(state, _)| state == "DONE")
    })
    .await;
    assert!(system.changes("db1").await.is_empty());
    other.disconnect();
}

#[tokio::test]
async fn a_setting_that_is_hidden_by_another_sends_nothing() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    system.install("web1").await.unwrap();
    let change = agent.expect_change().await;
    agent.carry_out(&change).await;
    system.set(Level::Host(system.path("web1")), "http_port", json!(8000)).await;
    assert!(system.set(Level::Organization, "http_port", json!(80)).await.is_empty());
    assert!(system.set(Level::Host(system.path("web1")), "http_port", json!(8000)).await.is_empty());
    assert!(system.set(Level::Organization, "unheard_of", json!({"a": [1]})).await.is_empty());
}

#[tokio::test]
async fn a_value_against_the_schema_is_refused_at_every_level() {
    let system = TestSystem::start().await;
    system.define_host("web1").await;
    system.install("web1").await;
    for level in [
        Level::Organization,
        Level::Environment("Default".parse().unwrap()),
        Level::Host(system.path("web1")),
        Level::Application(system.path("web1"), "Web Server".parse().unwrap()),
    ] {
        let error = system.try_set(level.clone(), "http_port", json!("eighty")).await.unwrap_err();
        let OperationError::Invalid(problems) = &error else { panic!("{error}") };
        assert_eq!(problems[0].pointer, "/value");
        assert!(
            problems[0].message.contains("`http_port`") && problems[0].message.contains("`Web Server`"),
            "{error}"
        );
        let mut work = system.work().await;
        let stored = operations::list_settings(&mut work, &system.organization, &level).await.unwrap();
        assert!(stored.is_empty());
    }
}

#[tokio::test]
async fn many_hosts_are_told_together_or_not_at_all() {
    let system = TestSystem::start().await;
    let mut agents = Vec::new();
    for host in ["web1", "web2", "web3"] {
        let mut agent = system.enrolled(host).await;
        system.install(host).await.unwrap();
        let change = agent.expect_change().await;
        agent.carry_out(&change).await;
        agents.push(agent);
    }
    let changes = system.set(Level::Organization, "greeting", json!("Good morning")).await;
    assert_eq!(changes.len(), 3);
    for agent in &mut agents {
        let change = agent.expect_change().await;
        assert_eq!(change.tasks.len(), 1);
        agent.carry_out(&change).await;
    }
    // A value that the schema refuses is told to nobody.
    let before = system.changes("web1").await.len();
    let error = system.try_set(Level::Organization, "greeting", json!(null)).await.unwrap_err();
    assert!(matches!(error, OperationError::Invalid(_)), "{error}");
    assert_eq!(system.changes("web1").await.len(), before);
}

#[tokio::test]
async fn the_origin_of_a_value_is_told() {
    let system = TestSystem::start().await;
    system.define_host("web1").await;
    system.install("web1").await;
    let origin = async || {
        let mut work = system.work().await;
        let (path, application) = (system.path("web1"), "Web Server".parse().unwrap());
        let key = "http_port".parse().unwrap();
        let organization = &system.organization;
        let origin =
            operations::origin_of_setting(&mut work, organization, &path, &application, &key).await.unwrap();
        (origin.effective.origin.name(), origin.effective.value)
    };
    assert_eq!(origin().await, ("parameter", json!(8080)));
    system.set(Level::Environment("Default".parse().unwrap()), "http_port", json!(81)).await;
    assert_eq!(origin().await, ("environment", json!(81)));
}
