use hostwright_model::event::Actor;
use hostwright_model::plugin::PluginKind;
use hostwright_protocol::enrolment::EnrolmentError;
use hostwright_protocol::keys::AgentKeys;
use hostwright_protocol::messages::{Alert, Compliance, Facts, ResourceRef, ResourceState, ToOrchestrator};
use serde_json::json;

use crate::jobs::broken_off::{self, Unfinished};
use crate::operations::{OperationError, agents, alerts, hosts, instances, provisioning};
use crate::testing::{Manner, ScriptedAgent, TestSystem, eventually};

#[tokio::test]
async fn provisioning_waits_for_the_agent_and_destroying_gives_the_blueprint_back() {
    let system = TestSystem::start().await;
    system.define_host("web1").await;
    system.activate(PluginKind::Driver { platform: "Manual".to_owned() }).await;
    let path = system.path("web1");
    provisioning::provision(system.app(), Actor::System, &system.organization, &path).await.unwrap();
    assert_eq!(system.host_state("web1").await, "PROVISIONING");
    let again =
        provisioning::provision(system.app(), Actor::System, &system.organization, &path).await.unwrap_err();
    assert!(matches!(again, OperationError::Conflict { .. }), "{again}");

    let mut agent = ScriptedAgent::enrol(&system, &system.token(Some("web1")).await).await.unwrap();
    assert_eq!(system.host_state("web1").await, "READY");
    agent.connect(&system).await;
    agent.expect_activation().await;
    let mut work = system.work().await;
    let error = hosts::delete_host(&mut work, &system.organization, &path).await.unwrap_err();
    assert!(matches!(error, OperationError::Conflict { .. }));
    drop(work);

    provisioning::delete_instance(system.app(), Actor::System, &system.organization, &path).await.unwrap();
    assert_eq!(system.host_state("web1").await, "DEFINED");
    let mut work = system.work().await;
    assert!(agents::list_agents(&mut work, &system.organization).await.unwrap().is_empty());
    hosts::delete_host(&mut work, &system.organization, &path).await.unwrap();
}

/// An orchestrator that died while its driver was making the machine of `web1`, and the next one.
async fn died_while_provisioning() -> (TestSystem, Unfinished) {
    let mut system = TestSystem::start().await;
    system.define_host("web1").await;
    system.activate(PluginKind::Driver { platform: "Manual".to_owned() }).await;
    system.drivers.inside().manner = Manner::Hangs;
    let (app, organization, path) = (system.app().clone(), system.organization.clone(), system.path("web1"));
    let asking = tokio::spawn(async move {
        provisioning::provision(&app, Actor::System, &organization, &path).await.map(|_| ())
    });
    eventually("the driver is asked", async || !system.drivers.inside().asked.is_empty()).await;
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    system.restart().await;
    assert_eq!(system.host_state("web1").await, "PROVISIONING");
    let unfinished = provisioning::unfinished(system.app()).await.unwrap();
    assert_eq!(unfinished.len(), 1);
    (system, unfinished)
}

async fn instance(system: &TestSystem) -> Option<String> {
    let host = system.host("web1").await;
    let mut tx = system.app().store().read().await.unwrap();
    tx.instance(host.organization, host.id).await.unwrap().map(|instance| instance.handle)
}

#[tokio::test]
async fn provisioning_that_a_crash_broke_off_goes_on_once_its_driver_is_there() {
    let (system, unfinished) = died_while_provisioning().await;
    system.drivers.inside().manner = Manner::IsAway;
    let left = broken_off::once(system.app(), unfinished).await;
    assert_eq!((left.len(), system.host_state("web1").await.as_str()), (1, "PROVISIONING"));
    system.drivers.inside().manner = Manner::Makes;
    assert!(broken_off::once(system.app(), left).await.is_empty());
    let host = system.host("web1").await;
    assert_eq!(instance(&system).await, Some(host.id.to_string()), "the driver's handle is known");
    assert_eq!(provisioning::unfinished(system.app()).await.unwrap(), []);
    ScriptedAgent::enrol(&system, &system.token(Some("web1")).await).await.unwrap();
    assert_eq!(system.host_state("web1").await, "READY");
}

#[tokio::test]
async fn provisioning_that_was_broken_off_and_cannot_be_is_taken_back() {
    let (system, unfinished) = died_while_provisioning().await;
    system.drivers.inside().manner = Manner::Refuses;
    assert!(broken_off::once(system.app(), unfinished).await.is_empty());
    assert_eq!((system.host_state("web1").await.as_str(), instance(&system).await), ("DEFINED", None));
}

#[tokio::test]
async fn who_asks_for_a_machine_need_not_wait_for_it() {
    let system = TestSystem::start().await;
    system.define_host("web1").await;
    system.activate(PluginKind::Driver { platform: "Manual".to_owned() }).await;
    system.drivers.inside().manner = Manner::Waits;
    let (app, organization, path) = (system.app().clone(), system.organization.clone(), system.path("web1"));
    let asking = tokio::spawn(async move {
        provisioning::provision(&app, Actor::System, &organization, &path).await.map(|_| ())
    });
    eventually("the driver is asked", async || !system.drivers.inside().asked.is_empty()).await;
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    system.drivers.inside().manner = Manner::Makes;
    let handle = system.host("web1").await.id.to_string();
    eventually("its handle is known", async || instance(&system).await.as_ref() == Some(&handle)).await;
    assert_eq!(system.drivers.inside().asked.len(), 1);
}

#[tokio::test]
async fn without_a_driver_nothing_is_provisioned() {
    let system = TestSystem::start().await;
    system.define_host("web1").await;
    let path = system.path("web1");
    let error =
        provisioning::provision(system.app(), Actor::System, &system.organization, &path).await.unwrap_err();
    insta::assert_snapshot!(error, @"no driver serves platforms of kind `Manual` here: activate one first");
    assert_eq!(system.host_state("web1").await, "DEFINED");
}

#[tokio::test]
async fn a_token_is_used_once_but_a_lost_answer_is_given_again() {
    let system = TestSystem::start().await;
    system.define_host("web1").await;
    let token = system.token(Some("web1")).await;
    let keys = AgentKeys::generate(&mut rand::thread_rng());
    let first = ScriptedAgent::enrol_with(&system, &token, keys.clone()).await.unwrap();
    let again = ScriptedAgent::enrol_with(&system, &token, keys).await.unwrap();
    assert_eq!(first.enrolled.identity, again.enrolled.identity);
    let Err(EnrolmentError::Refused { reason }) = ScriptedAgent::enrol(&system, &token).await else {
        panic!()
    };
    assert_eq!(reason, "the token was used as often as it may: make a new one");
}

#[tokio::test]
async fn a_host_has_one_agent_and_another_machine_takes_its_place_when_it_is_revoked() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    system.install("web1").await.unwrap();
    let change = agent.expect_change().await;
    agent.carry_out(&change).await;
    let Err(EnrolmentError::Refused { reason }) =
        ScriptedAgent::enrol(&system, &system.token(Some("web1")).await).await
    else {
        panic!()
    };
    assert_eq!(reason, "host `web1` has an agent already: revoke it first");

    eventually("it is done", async || system.host_state("web1").await == "READY").await;
    let mut work = system.work().await;
    agents::revoke_agent(&mut work, &system.organization, agent.enrolled.identity.agent).await.unwrap();
    work.commit().await.unwrap();
    let mut other = ScriptedAgent::enrol(&system, &system.token(Some("web1")).await).await.unwrap();
    other.connect(&system).await;
    other.expect_activation().await;
    let change = other.expect_change().await;
    assert_eq!((change.tasks.len(), change.follows), (4, 0), "the new machine is told everything");
    other.carry_out(&change).await;
    eventually("web1 is ready", async || system.host_state("web1").await == "READY").await;
}

#[tokio::test]
async fn a_discovered_machine_gets_no_plugins_before_somebody_takes_it_in() {
    let system = TestSystem::start().await;
    let mut agent = ScriptedAgent::enrol(&system, &system.token(None).await).await.unwrap();
    agent.connect(&system).await;
    let mut tx = system.app().store().read().await.unwrap();
    let id = agent.enrolled.identity.agent;
    let waiting =
        tx.messages_after(id, hostwright_protocol::messages::HighWater::default(), 10).await.unwrap();
    assert!(waiting.is_empty());
    drop(tx);
    assert_eq!(system.host("machine").await.name.as_str(), "machine");
    system.install("machine").await.unwrap();
    agent.expect_activation().await;
    let change = agent.expect_change().await;
    agent.carry_out(&change).await;
    eventually("it is done", async || system.host_state("machine").await == "READY").await;
}

#[tokio::test]
async fn what_is_missing_at_enrolment_is_said_and_the_setting_that_helps_sends_it() {
    let system = TestSystem::start().await;
    system.define_host("web1").await;
    let mut work = system.work().await;
    let (application, file) = ("Web Server".parse().unwrap(), "index.html".parse().unwrap());
    let content = b"${owner}\n".to_vec();
    crate::operations::application_files::write_content(
        &mut work,
        &system.organization,
        &application,
        &file,
        content,
    )
    .await
    .unwrap();
    work.commit().await.unwrap();
    system.install("web1").await;
    let mut agent = ScriptedAgent::enrol(&system, &system.token(Some("web1")).await).await.unwrap();
    assert_eq!(system.host_state("web1").await, "ERROR");
    agent.connect(&system).await;
    agent.expect_activation().await;
    system.set(crate::operations::settings::Level::Host(system.path("web1")), "owner", json!("me")).await;
    let change = agent.expect_change().await;
    assert_eq!(change.description, "Install Web Server");
    agent.carry_out(&change).await;
    eventually("web1 is ready", async || system.host_state("web1").await == "READY").await;
}

#[tokio::test]
async fn what_a_machine_says_of_itself_becomes_properties() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    let facts = |pairs: &[(&str, &str)]| {
        let properties = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        ToOrchestrator::Facts(Facts { properties })
    };
    let property = async |key: &str| {
        let mut work = system.work().await;
        let view =
            instances::find_instance(&mut work, &system.organization, &system.path("web1")).await.unwrap();
        view.instance.properties.get(key).cloned()
    };
    agent.report(facts(&[("ip.eth0", "10.1.2.3"), ("os.id", "debian"), ("bad", "a\u{1b}[2J")])).await;
    eventually("the address is known", async || property("ip.eth0").await.as_deref() == Some("10.1.2.3"))
        .await;
    assert_eq!(property("bad").await, None);
    agent.report(facts(&[("ip.eth1", "10.1.2.4"), ("os.id", "debian")])).await;
    eventually("the new address is known", async || property("ip.eth1").await.is_some()).await;
    assert_eq!(property("ip.eth0").await, None, "an address that is gone is gone");
}

#[tokio::test]
async fn drift_opens_one_alert_and_its_end_closes_it() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    system.install("web1").await.unwrap();
    let change = agent.expect_change().await;
    agent.carry_out(&change).await;
    let resource =
        ResourceRef { collection: "files".to_owned(), id: "/srv/web-server/index.html".to_owned() };
    let at = hostwright_model::clock::Clock::now(&*system.clock);
    let report = |state| ToOrchestrator::Compliance(Compliance { resource: resource.clone(), state, at });
    let gone = ResourceState::Drifted(Alert {
        expected: json!({"mode": "0644"}),
        observed: json!(null),
        differences: Vec::new(),
        since: at,
    });
    let open = async || {
        let mut work = system.work().await;
        alerts::list_alerts(&mut work, &system.organization, &system.path("web1")).await.unwrap()
    };
    agent.report(report(gone.clone())).await;
    agent.report(report(gone)).await;
    eventually("there is an alert", async || open().await.len() == 1).await;
    let view = open().await.remove(0);
    assert_eq!(
        (view.applications, view.label),
        (vec!["Web Server".to_owned()], "file index.html".to_owned())
    );
    agent.report(report(ResourceState::Compliant)).await;
    eventually("the alert is closed", async || open().await.is_empty()).await;
}
