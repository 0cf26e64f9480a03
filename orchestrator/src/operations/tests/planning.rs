use hostwright_model::blob::Blob;
use hostwright_model::event::Actor;
use hostwright_protocol::messages::{
    Difference, Operation, PlanResult, PlannedTask, Planning, Task, ToAgent, ToOrchestrator, Value,
};
use serde_json::{Value as Json, json};

use crate::operations::OperationError;
use crate::operations::planning::{PlanHost, plan_host};
use crate::operations::settings::SettingDraft;
use crate::testing::TestSystem;

#[tokio::test]
async fn a_plan_asks_the_machine_and_changes_nothing_here() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    let (app, organization, path) = (system.app().clone(), system.organization.clone(), system.path("web1"));
    let input = PlanHost { install: vec!["Web Server".parse().unwrap()], ..PlanHost::default() };
    let asking =
        tokio::spawn(async move { plan_host(&app, Actor::System, &organization, &path, input).await });
    let ToAgent::Plan(plan) = agent.next().await else { panic!() };
    let tasks = plan.tasks.iter().map(|task| PlannedTask {
        number: task.number,
        differences: vec![Difference {
            pointer: String::new(),
            before: None,
            after: Some(Value::Known(json!({}))),
        }],
        actions: Vec::new(),
        message: None,
        error: None,
    });
    let planning = Planning::Planned { tasks: tasks.collect() };
    agent.say(&ToOrchestrator::PlanResult(PlanResult { id: plan.id, planning })).await;
    let planned = asking.await.unwrap().unwrap();
    assert_eq!(planned.tasks.len(), 4);
    assert!(planned.tasks.iter().all(hostwright_model::plan::TaskPlan::does_something));
    assert!(system.changes("web1").await.is_empty());
    assert_eq!(system.host_state("web1").await, "READY");

    // What then happens is what was planned.
    system.install("web1").await.unwrap();
    let change = agent.expect_change().await;
    assert_eq!(change.tasks, plan.tasks);
}

#[tokio::test]
async fn a_machine_that_is_away_cannot_be_asked() {
    let system = TestSystem::start().await;
    system.define_host("web1").await;
    let draft = SettingDraft { key: "http_port".parse().unwrap(), value: json!(1), schema: None };
    let input = PlanHost { settings: vec![(None, draft)], ..PlanHost::default() };
    let path = system.path("web1");
    let error = plan_host(system.app(), Actor::System, &system.organization, &path, input).await.unwrap_err();
    assert!(matches!(error, OperationError::Unavailable { .. }));
    insta::assert_snapshot!(error, @"host `web1` cannot be asked: its agent is not connected");
}

#[tokio::test]
async fn a_plan_shows_what_files_say_and_would_say_but_no_content_of_others() {
    let system = TestSystem::start().await;
    let mut agent = system.installed("web1").await;
    let installed: Vec<Task> =
        system.changes("web1").await[0].tasks.iter().map(|it| it.task.clone()).collect();
    let foreign = Blob::new(b"of somebody else".to_vec());
    let mut work = system.work().await;
    let now = work.now();
    work.tx().put_blob(system.organization.id, &foreign, now).await.unwrap();
    work.commit().await.unwrap();

    let content = |tasks: &[Task]| {
        let of_file = tasks.iter().find_map(|task| match &task.operation {
            Operation::Apply { attributes, .. } if task.resource.id.ends_with("site.conf") => {
                Some(attributes["content"].clone())
            }
            _ => None,
        });
        of_file.unwrap()
    };
    let before = content(&installed);
    let (app, organization, path) = (system.app().clone(), system.organization.clone(), system.path("web1"));
    let draft = SettingDraft { key: "http_port".parse().unwrap(), value: json!(8081), schema: None };
    let input = PlanHost { settings: vec![(None, draft)], ..PlanHost::default() };
    let asking =
        tokio::spawn(async move { plan_host(&app, Actor::System, &organization, &path, input).await });
    let ToAgent::Plan(plan) = agent.next().await else { panic!() };
    let after = content(&plan.tasks);
    let difference = |pointer: &str, before: &Json, after: &Json| Difference {
        pointer: pointer.to_owned(),
        before: Some(Value::Known(before.clone())),
        after: Some(Value::Known(after.clone())),
    };
    let stolen = json!({"$hostwright": {"blob": foreign.digest().to_string(), "size": 16}});
    let tasks = plan.tasks.iter().map(|task| PlannedTask {
        number: task.number,
        differences: vec![difference("/content", &before, &after), difference("/other", &stolen, &json!(1))],
        actions: Vec::new(),
        message: None,
        error: None,
    });
    let planning = Planning::Planned { tasks: tasks.collect() };
    agent.say(&ToOrchestrator::PlanResult(PlanResult { id: plan.id, planning })).await;
    let planned = asking.await.unwrap().unwrap();
    let text = |content: &Json| {
        planned.contents.get(content["$hostwright"]["blob"].as_str().unwrap()).map(String::as_str)
    };
    assert_eq!(text(&before), Some("listen 8080;\nadd_header X-Served-By web1;\n"));
    assert_eq!(text(&after), Some("listen 8081;\nadd_header X-Served-By web1;\n"));
    assert_eq!(text(&stolen), None, "it was not given to this agent");
}
