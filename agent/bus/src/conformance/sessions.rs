//! How sessions begin, take each other's place, and end.

use super::Harness;
use super::steps::{connect, connected, heard, of_size, published, received, within};
use crate::{Incoming, PublishError, Route, SessionEnd};

pub(super) async fn newest_session_wins(harness: &dyn Harness) {
    let orchestrator = harness.orchestrator();
    let (agent, login) = harness.directory().enrol();
    let route = Route::Agent(agent);
    let older = connect(harness, &login).await;
    connected(&*orchestrator, route).await;
    let newer = connect(harness, &login).await;
    connected(&*orchestrator, route).await;

    assert!(within("the older session ends", older.receive()).await.is_none());
    assert_eq!(older.end(), Some(SessionEnd::Superseded));
    let refused = within("publishing in it", older.publish(of_size(3))).await;
    assert_eq!(refused, Err(PublishError::Ended { end: SessionEnd::Superseded }));

    published(&*orchestrator, route, of_size(4)).await.expect("the agent is there");
    assert_eq!(received(&*newer).await, of_size(4));
    newer.publish(of_size(5)).await.expect("the orchestrator is there");
    assert_eq!(heard(&*orchestrator, route).await, of_size(5));
    assert_eq!(newer.end(), None);
}

pub(super) async fn session_that_was_closed_is_over(harness: &dyn Harness) {
    let orchestrator = harness.orchestrator();
    let (agent, login) = harness.directory().enrol();
    let route = Route::Agent(agent);
    let session = connect(harness, &login).await;
    connected(&*orchestrator, route).await;
    session.close();
    assert!(within("nothing more is received", session.receive()).await.is_none());
    assert_eq!(session.end(), Some(SessionEnd::Closed));
    within("its end is told", async {
        loop {
            match orchestrator.receive().await {
                Some(Incoming::Disconnected(gone)) if gone == route => return,
                Some(Incoming::Frame { ack, .. }) => ack.stored(),
                Some(_) => {}
                None => panic!("the bus is closed"),
            }
        }
    })
    .await;
}

pub(super) async fn session_that_is_ended_there_is_over_here(harness: &dyn Harness) {
    let orchestrator = harness.orchestrator();
    let (agent, login) = harness.directory().enrol();
    let route = Route::Agent(agent);
    let session = connect(harness, &login).await;
    connected(&*orchestrator, route).await;
    let ended = within("ending it", orchestrator.disconnect(&route)).await;
    ended.expect("the orchestrator is connected");
    assert!(within("the session ends", session.receive()).await.is_none());
    assert!(session.end().is_some());
}

pub(super) async fn enrolment_session_carries_frames_both_ways(harness: &dyn Harness) {
    let orchestrator = harness.orchestrator();
    let session = connect(harness, &harness.directory().issue_token()).await;
    let route = within("the session's beginning is told", async {
        loop {
            if let Some(Incoming::Connected(route @ Route::Enrolment(_))) = orchestrator.receive().await {
                return route;
            }
        }
    })
    .await;
    session.publish(of_size(3)).await.expect("the orchestrator is there");
    assert_eq!(heard(&*orchestrator, route).await, of_size(3));
    published(&*orchestrator, route, of_size(4)).await.expect("the machine is there");
    assert_eq!(received(&*session).await, of_size(4));
}
