use crate::operations::organizations::CreateOrganization;
use crate::operations::settings::Level;
use crate::operations::{
    OperationError, agents, applications, changes, contexts, environments, hosts, organizations,
};
use crate::testing::TestSystem;

fn is_not_found<T: std::fmt::Debug>(result: &Result<T, OperationError>) -> bool {
    matches!(result, Err(OperationError::NotFound { .. }))
}

#[tokio::test]
async fn nothing_of_an_organization_is_found_from_another() {
    let system = TestSystem::start().await;
    let agent = system.enrolled("web1").await;
    let change = system.install("web1").await.unwrap();
    let mut work = system.work().await;
    let input = CreateOrganization { name: "Other".parse().unwrap(), description: String::new() };
    let other = organizations::create_organization(&mut work, input).await.unwrap();
    let path = system.path("web1");
    let (application, environment) = ("Web Server".parse().unwrap(), "Default".parse().unwrap());
    assert!(is_not_found(&hosts::find_host(&mut work, &other, &path).await));
    assert!(is_not_found(&environments::find_environment(&mut work, &other, &environment).await));
    assert!(is_not_found(&applications::find_application(&mut work, &other, &application).await));
    assert!(is_not_found(&contexts::list_applications(&mut work, &other, &path).await));
    assert!(is_not_found(&changes::find_change_by_key(&mut work, &other, change.id).await));
    assert!(is_not_found(&agents::find_agent(&mut work, &other, agent.enrolled.identity.agent).await));
    assert!(is_not_found(&agents::revoke_agent(&mut work, &other, agent.enrolled.identity.agent).await));
    let level = Level::Host(path);
    assert!(is_not_found(&crate::operations::settings::list_settings(&mut work, &other, &level).await));
    let events = crate::operations::events::events_after(&mut work, &other, 0, 1_000).await.unwrap();
    assert!(events.iter().all(|event| !event.event.occurrence.to_string().contains("web1")));
}

#[tokio::test]
async fn names_are_taken_within_their_organization_only() {
    let system = TestSystem::start().await;
    system.define_host("web1").await;
    let mut work = system.work().await;
    let input = CreateOrganization { name: "Demo".parse().unwrap(), description: String::new() };
    let error = organizations::create_organization(&mut work, input).await.unwrap_err();
    insta::assert_snapshot!(error, @"organization `Demo` is there already");
}
