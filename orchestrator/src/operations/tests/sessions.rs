//! Whom the orchestrator listens to, and for how long.

use hostwright_bus::Ack;
use hostwright_model::agent::Presence;
use hostwright_protocol::messages::{Fetch, TaskBegan, TaskEnded, TaskOutcome, ToOrchestrator};

use crate::agents::hear;
use crate::operations::agents;
use crate::testing::{TestSystem, eventually};

#[tokio::test]
async fn nothing_of_a_revoked_agent_is_believed() {
    let system = TestSystem::start().await;
    let mut agent = system.enrolled("web1").await;
    system.install("web1").await.unwrap();
    let change = agent.expect_change().await;
    let id = agent.enrolled.identity.agent;
    let mut work = system.work().await;
    agents::revoke_agent(&mut work, &system.organization, id).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(
        system.change_states("web1").await,
        [("CANCELLED".to_owned(), 4)],
        "nothing stays pending for ever"
    );

    agent.accept(&change);
    let at = hostwright_model::clock::Clock::now(&*system.clock);
    let outcome = TaskOutcome::Done { changed: true, message: None, differences: Vec::new() };
    let report = ToOrchestrator::TaskEnded(TaskEnded { change: change.id, number: 0, outcome, at });
    let frame = agent.seal_report(&report);
    hear(system.app(), id, &frame, Ack::none()).await;
    assert_eq!(system.changes("web1").await[0].tasks[0].outcome(), "cancelled");
    agent.disconnect();
    let login = hostwright_bus::Login::Agent { agent: id, keys: agent.keys.clone() };
    let refused = hostwright_bus::AgentBus::connect(system.agents_bus(), &login).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn a_frame_of_somebody_else_is_not_believed() {
    let system = TestSystem::start().await;
    let agent = system.installed("web1").await;
    let mut other = system.enrolled("db1").await;
    let change = system.changes("web1").await[0].id;
    let at = hostwright_model::clock::Clock::now(&*system.clock);
    let outcome = TaskOutcome::Failed { error: "forged".to_owned() };
    let frame = other.seal_report(&ToOrchestrator::TaskEnded(TaskEnded { change, number: 0, outcome, at }));
    // In the session of another agent, and in its own but about another's change.
    hear(system.app(), agent.enrolled.identity.agent, &frame, Ack::none()).await;
    hear(system.app(), other.enrolled.identity.agent, &frame, Ack::none()).await;
    assert_eq!(system.changes("web1").await[0].tasks[0].outcome(), "changed");
}

#[tokio::test]
async fn the_session_of_a_revoked_agent_ends() {
    let system = TestSystem::start().await;
    let mut agent = system.installed("web1").await;
    let mut work = system.work().await;
    agents::revoke_agent(&mut work, &system.organization, agent.enrolled.identity.agent).await.unwrap();
    work.commit().await.unwrap();
    agent.expect_end_of_session().await;
}

#[tokio::test]
async fn an_agent_that_speaks_and_does_not_listen_keeps_nobody_waiting() {
    let system = TestSystem::start().await;
    let mut deaf = system.enrolled("web1").await;
    let mut other = system.enrolled("web2").await;
    // Each is answered with as much; what is not taken fills the way back.
    let fetch = ToOrchestrator::Fetch(Fetch { digest: "x".repeat(100_000), offset: 0 });
    let shouting = tokio::spawn(async move {
        for _ in 0..400 {
            deaf.say(&fetch).await;
        }
    });
    eventually("its session ends", async || shouting.is_finished()).await;
    assert!(shouting.await.is_err(), "it was heard to the end");
    system.install("web2").await.unwrap();
    let change = other.expect_change().await;
    other.carry_out(&change).await;
    eventually("web2 is installed", async || system.host_state("web2").await == "READY").await;
}

#[tokio::test]
async fn the_end_of_a_session_is_told_after_all_that_was_said_in_it() {
    let system = TestSystem::start().await;
    let mut loud = system.installed("web1").await;
    let change = system.changes("web1").await[0].id;
    let id = loud.enrolled.identity.agent;
    let agent = async || {
        let mut tx = system.app().store().read().await.unwrap();
        tx.agent_by_id(id).await.unwrap().unwrap()
    };
    let at = hostwright_model::clock::Clock::now(&*system.clock);
    let began = ToOrchestrator::TaskBegan(TaskBegan { change, number: 0, at });
    // More than can be stored meanwhile, so that it loses its session while much of it waits.
    let shouting = tokio::spawn(async move {
        for _ in 0..10_000 {
            loud.report(began.clone()).await;
        }
    });
    eventually("its session ends", async || shouting.is_finished()).await;
    assert!(shouting.await.is_err(), "it was heard to the end");
    eventually("it is gone", async || agent().await.presence == Presence::Down).await;
    let when_gone = agent().await;
    system.installed("web2").await;
    assert_eq!(agent().await, when_gone, "nothing that it said came later");
}
