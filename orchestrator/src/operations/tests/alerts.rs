//! Alerts, and what dismissing them means.

use hostwright_model::clock::Clock as _;
use hostwright_model::plugin::PluginKind;
use hostwright_protocol::messages::{
    Alert, Compliance, PluginReport, PluginState, ResourceRef, ResourceState, ToOrchestrator,
};
use serde_json::json;

use crate::operations::{alerts, changes};
use crate::testing::{TestSystem, eventually};

#[tokio::test]
async fn a_failure_stays_told_until_its_change_is_cleared_whatever_becomes_of_alerts() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    system.install("web1").await.unwrap();
    let change = agent.expect_change().await;
    agent.fail_at(&change, 1).await;
    let at = system.clock.now();
    let resources = [("packages", "nginx-light"), ("services", "nginx")]
        .map(|(collection, id)| ResourceRef { collection: collection.to_owned(), id: id.to_owned() });
    let report = async |agent: &mut crate::testing::ScriptedAgent, resource: &ResourceRef| {
        let (expected, observed) = (json!({}), json!(null));
        let alert = Alert { expected, observed, differences: Vec::new(), since: at };
        let state = ResourceState::Drifted(alert);
        agent.report(ToOrchestrator::Compliance(Compliance { resource: resource.clone(), state, at })).await;
    };
    for resource in &resources {
        report(&mut agent, resource).await;
    }
    let path = system.path("web1");
    let open = async || {
        let mut work = system.work().await;
        alerts::list_alerts(&mut work, &system.organization, &path).await.unwrap().len()
    };
    eventually("both are told of", async || open().await == 2).await;
    eventually("web1 is in error", async || system.host_state("web1").await == "ERROR").await;
    for resource in &resources {
        let mut work = system.work().await;
        alerts::delete_alert(&mut work, &system.organization, &path, resource).await.unwrap();
        work.commit().await.unwrap();
        assert_eq!(system.host_state("web1").await, "ERROR", "after {}", resource.id);
    }
    let mut work = system.work().await;
    changes::clear_changes(&mut work, &system.organization, &path, changes::Which::All).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(system.host_state("web1").await, "READY");

    report(&mut agent, &resources[0]).await;
    eventually("it is told of", async || open().await == 1).await;
    let mut work = system.work().await;
    assert_eq!(alerts::delete_alerts(&mut work, &system.organization, &path).await.unwrap(), 1);
    work.commit().await.unwrap();
    assert_eq!(open().await, 0);
}

#[tokio::test]
async fn nothing_is_kept_of_what_nobody_asked_an_agent_to_keep() {
    let system = TestSystem::start().await;
    let mut agent = system.installed("web1").await;
    let at = system.clock.now();
    let state = ResourceState::Unreadable { error: "gone".to_owned() };
    for id in ["nginx-light", "another"] {
        let resource = ResourceRef { collection: "packages".to_owned(), id: id.to_owned() };
        agent.report(ToOrchestrator::Compliance(Compliance { resource, state: state.clone(), at })).await;
    }
    let id = agent.enrolled.identity.agent;
    let active = system.activate(PluginKind::Provider { collection: "files".to_owned() }).await;
    for (plugin, digest) in [
        (active.plugin.clone(), active.digest.clone()),
        (active.plugin.clone(), format!("sha256:{}", "1".repeat(64))),
        ("another/plugin".to_owned(), active.digest.clone()),
    ] {
        let state = PluginState::Active;
        agent
            .report(ToOrchestrator::PluginReport(PluginReport { generation: 1, plugin, digest, state }))
            .await;
    }
    let last = agent.place();
    let stored = async || {
        let mut tx = system.app().store().read().await.unwrap();
        tx.agent_by_id(id).await.unwrap().unwrap().lanes.received
    };
    eventually("all is counted", async || stored().await == last).await;

    let mut work = system.work().await;
    let open = alerts::list_alerts(&mut work, &system.organization, &system.path("web1")).await.unwrap();
    assert_eq!(open.iter().map(|view| view.label.as_str()).collect::<Vec<_>>(), ["package nginx-light"]);
    let standings = work.tx().plugin_standings(system.organization.id, id).await.unwrap();
    let kept: Vec<_> = standings.iter().map(|it| (&it.plugin, &it.digest)).collect();
    assert_eq!(kept, [(&active.plugin, &active.digest)]);
}
