//! Making single services and packages of an application.

use hostwright_model::compile::Part;
use hostwright_model::context::ServiceOverride;
use hostwright_model::names::{ApplicationName, ResourceName};
use hostwright_protocol::messages::{Change, Operation, Task, ToAgent};

use crate::operations::{alerts, contexts, live_actions};
use crate::testing::TestSystem;

fn in_words(tasks: &[Task]) -> Vec<String> {
    let word = |task: &Task| match &task.operation {
        Operation::Apply { attributes, .. } => format!("{}: {attributes}", task.description),
        other => panic!("{other:?}"),
    };
    tasks.iter().map(word).collect()
}

fn seen(change: &Change) -> String {
    format!("{}\n{}", change.description, in_words(&change.tasks).join("\n"))
}

#[tokio::test]
async fn a_package_is_made_at_the_version_that_is_asked_for() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    system.install("web1").await.unwrap();
    let installed = agent.expect_change().await;
    agent.carry_out(&installed).await;
    let path = system.path("web1");
    let application: ApplicationName = "Web Server".parse().unwrap();
    let (package, service): (ResourceName, ResourceName) =
        ("nginx-light".parse().unwrap(), "nginx".parse().unwrap());
    let newer = Part::Package { name: &package, version: Some("1.22-3") };
    let declared = Part::Package { name: &package, version: None };
    let mut all = Vec::new();
    for (part, verb) in [(newer, "update"), (declared, "install"), (Part::Service(&service), "update")] {
        let mut work = system.work().await;
        live_actions::make(&mut work, &system.organization, &path, &application, &[part], verb)
            .await
            .unwrap();
        work.commit().await.unwrap();
        let change = agent.expect_change().await;
        agent.carry_out(&change).await;
        all.push(seen(&change));
    }
    insta::assert_snapshot!(all.join("\n\n"));
    let mut work = system.work().await;
    let missing = Part::Service(&package);
    let refused =
        live_actions::make(&mut work, &system.organization, &path, &application, &[missing], "update").await;
    assert_eq!(refused.unwrap_err().to_string(), "there is no service `nginx-light`");
}

#[tokio::test]
async fn a_service_that_was_disabled_on_a_host_stays_so() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    system.install("web1").await.unwrap();
    let installed = agent.expect_change().await;
    agent.carry_out(&installed).await;
    let path = system.path("web1");
    let application: ApplicationName = "Web Server".parse().unwrap();
    let mut service = ServiceOverride { name: "nginx".parse().unwrap(), enabled: false };
    let mut all = Vec::new();
    for enabled in [false, true] {
        service.enabled = enabled;
        let mut work = system.work().await;
        live_actions::enable_service(&mut work, &system.organization, &path, &application, &service)
            .await
            .unwrap();
        work.commit().await.unwrap();
        let change = agent.expect_change().await;
        agent.carry_out(&change).await;
        all.push(seen(&change));
        let mut work = system.work().await;
        alerts::rebuild_host(&mut work, &system.organization, &path).await.unwrap();
        work.commit().await.unwrap();
        let ToAgent::Resync(resync) = agent.next().await else { panic!() };
        agent.carry_out_resync(&resync).await;
        all.push(in_words(&resync.change.tasks).last().unwrap().clone());
    }
    insta::assert_snapshot!(all.join("\n\n"));
}

#[tokio::test]
async fn services_of_a_host_are_other_than_the_application_says() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    let path = system.path("web1");
    let application: ApplicationName = "Web Server".parse().unwrap();
    let service = ServiceOverride { name: "nginx".parse().unwrap(), enabled: false };
    let mut work = system.work().await;
    let install = contexts::Install {
        application: application.clone(),
        settings: Vec::new(),
        services: vec![service.clone()],
    };
    contexts::install_application(&mut work, &system.organization, &path, install).await.unwrap();
    work.commit().await.unwrap();
    let installed = agent.expect_change().await;
    agent.carry_out(&installed).await;
    let of_service = |tasks: &[Task]| {
        in_words(tasks).into_iter().filter(|task| task.contains("service nginx")).collect::<Vec<_>>()
    };
    assert_eq!(of_service(&installed.tasks), [r#"add service nginx: {"running":true,"enabled":false}"#]);

    // The same again sends nothing; what is not named is as the application says.
    let mut work = system.work().await;
    let same =
        contexts::update_services(&mut work, &system.organization, &path, &application, vec![service]).await;
    assert!(same.unwrap().is_none());
    contexts::update_services(&mut work, &system.organization, &path, &application, Vec::new())
        .await
        .unwrap();
    work.commit().await.unwrap();
    let change = agent.expect_change().await;
    assert_eq!(of_service(&change.tasks), [r#"update service nginx: {"running":true,"enabled":true}"#]);
}
