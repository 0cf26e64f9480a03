//! The same promises with a broker between orchestrator and agent.

use std::fs;
use std::time::Duration;

use hostwright_api_types::ChangeState;
use hostwright_bus::testing::rabbitmq::RabbitMq;
use hostwright_tests::{ConfinedAgent, System, eventually};
use serde_json::json;

use crate::confined::define_notes;

const SOON: Duration = Duration::from_mins(2);

#[tokio::test]
async fn changes_reports_and_alerts_pass_through_a_broker_that_is_killed_meanwhile() {
    let mut broker = RabbitMq::start().await.unwrap();
    let mut system = System::start_on_broker(&broker.address()).await.unwrap();
    define_notes(&system, 4).await;
    let token = system.define_host("box1").await.unwrap();
    let directory = system.directory().join("box1");
    let own = format!("bus = {:?}\n", broker.address());
    let agent = ConfinedAgent::start_configured(&directory, system.agent_programs(), &token, &own).unwrap();
    let host = system.host("box1");
    host.wait_for_state("READY", SOON).await.unwrap();
    let installed = host.install("Notes", [] as [(&str, serde_json::Value); 0]).await.unwrap();
    let changes = host.wait_for_changes(&installed.changes, SOON).await.unwrap();
    assert_eq!(changes[0].state, ChangeState::Done, "{:#?}\n{}", changes[0], agent.log());

    // Everything between the two crashes in turn; both ends find each other again by themselves.
    let mut links = Vec::new();
    for n in 0..3 {
        if n == 1 {
            broker.remembers("hostwright.reports").await;
            broker.kill_and_restart().await.unwrap();
        }
        let setting = json!({"key": format!("note{n}"), "value": format!("through {n}")});
        links.extend(host.settings().create(&setting).await.unwrap().changes);
    }
    system.kill_orchestrator();
    system.start_orchestrator().unwrap();
    assert_eq!(links.len(), 3);
    let changes = host.wait_for_changes(&links, SOON).await.unwrap();
    for (n, change) in changes.iter().enumerate() {
        assert_eq!(change.state, ChangeState::Done, "{change:#?}");
        let path = agent.root().join(format!("srv/notes/{n}"));
        assert_eq!(fs::read_to_string(path).unwrap(), format!("box1: through {n}\n"));
    }

    fs::remove_file(agent.root().join("srv/notes/0")).unwrap();
    let alerts = async || host.compliance().list().await.unwrap();
    let alerts = eventually("an alert", SOON, alerts, |alerts| !alerts.is_empty()).await;
    assert_eq!(alerts[0].name, "note0", "{alerts:#?}");

    // The broker keeps the agent's session meanwhile: nobody connects or greets again.
    system.stop_orchestrator().unwrap();
    system.start_orchestrator().unwrap();
    host.wait_for_state("READY", SOON).await.unwrap();
    let setting = json!({"key": "note3", "value": "after all"});
    let links = host.settings().create(&setting).await.unwrap().changes;
    let changes = host.wait_for_changes(&links, SOON).await.unwrap();
    assert_eq!(changes[0].state, ChangeState::Done, "{:#?}", changes[0]);
    assert_eq!(fs::read_to_string(agent.root().join("srv/notes/3")).unwrap(), "box1: after all\n");
}
