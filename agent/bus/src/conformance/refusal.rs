//! Who is unknown gets nowhere.

use std::sync::Arc;

use hostwright_protocol::ids::AgentId;
use hostwright_protocol::keys::AgentKeys;

use super::Harness;
use super::harness::Refusal;
use super::steps::{connect, connected, of_size, published, within};
use crate::testing::Directory;
use crate::{ConnectError, Incoming, Login, PublishError, Route};

pub(super) async fn unknown_agent_is_refused(harness: &dyn Harness) {
    let (agent, login) = Directory::stranger();
    match harness.refusal() {
        Refusal::AtLogin => is_refused(harness, &login).await,
        Refusal::OfFrames => says_nothing(harness, agent, &login).await,
    }
}

pub(super) async fn agent_with_another_key_is_refused(harness: &dyn Harness) {
    // Where a broker decides who connects, signatures of frames decide who is heard.
    if harness.refusal() == Refusal::OfFrames {
        return;
    }
    let (agent, _) = harness.directory().enrol();
    let keys = Arc::new(AgentKeys::generate(&mut rand::thread_rng()));
    is_refused(harness, &Login::Agent { agent, keys }).await;
}

pub(super) async fn unknown_token_is_refused(harness: &dyn Harness) {
    is_refused(harness, &Login::Enrolment { token: Directory::unknown_token() }).await;
}

pub(super) async fn publishing_to_nobody_says_so(harness: &dyn Harness) {
    let (agent, _) = harness.directory().enrol();
    let to = Route::Agent(agent);
    let refused = published(&*harness.orchestrator(), to, of_size(3)).await;
    assert_eq!(refused, Err(PublishError::NotConnected { to }));
}

async fn is_refused(harness: &dyn Harness, login: &Login) {
    match within("the login is answered", harness.agents().connect(login)).await {
        Err(ConnectError::Refused { .. }) => {}
        Err(other) => panic!("{login:?} failed otherwise than by refusal: {other}"),
        Ok(_) => panic!("{login:?} was admitted"),
    }
}

/// What a stranger says is not heard, although what an agent says after it is.
async fn says_nothing(harness: &dyn Harness, stranger: AgentId, login: &Login) {
    let orchestrator = harness.orchestrator();
    let (known, known_login) = harness.directory().enrol();
    let session = connect(harness, &known_login).await;
    connected(&*orchestrator, Route::Agent(known)).await;
    let stranger_session = connect(harness, login).await;
    stranger_session.publish(of_size(3)).await.expect("the broker takes it");
    session.publish(of_size(4)).await.expect("the broker takes it");
    within("the agent is heard", async {
        loop {
            match orchestrator.receive().await {
                Some(Incoming::Frame { from, ack, .. }) => {
                    ack.stored();
                    assert_ne!(from, Route::Agent(stranger), "a stranger was heard");
                    if from == Route::Agent(known) {
                        return;
                    }
                }
                Some(Incoming::Connected(route) | Incoming::Disconnected(route)) => {
                    assert_ne!(route, Route::Agent(stranger), "a stranger was announced");
                }
                None => panic!("the bus is closed"),
            }
        }
    })
    .await;
}
