//! What is in flight is bounded: a publisher waits for a receiver that does not receive.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::Harness;
use super::steps::{BLOCKED, connect, connected, heard, of_size, received};
use crate::Route;

const FRAME: usize = 256 * 1024;

pub(super) async fn publishing_to_a_slow_agent_waits(harness: &dyn Harness) {
    let orchestrator = harness.orchestrator();
    let (agent, login) = harness.directory().enrol();
    let (route, session) = (Route::Agent(agent), connect(harness, &login).await);
    connected(&*orchestrator, route).await;
    let accepted = AtomicUsize::new(0);
    let publishing = async {
        loop {
            orchestrator.publish(&route, of_size(FRAME)).await.expect("it waits, it does not fail");
            accepted.fetch_add(1, Ordering::Relaxed);
        }
    };
    tokio::pin!(publishing);
    let in_flight = waits(harness, publishing.as_mut(), &accepted).await;

    // As soon as the agent receives, the publisher goes on.
    tokio::select! {
        () = &mut publishing => {}
        () = async {
            for _ in 0..in_flight + 4 {
                received(&*session).await;
            }
        } => {}
    }
    assert!(accepted.load(Ordering::Relaxed) > in_flight, "the publisher went on");
}

pub(super) async fn publishing_to_a_slow_orchestrator_waits(harness: &dyn Harness) {
    let orchestrator = harness.orchestrator();
    let (agent, login) = harness.directory().enrol();
    let (route, session) = (Route::Agent(agent), connect(harness, &login).await);
    connected(&*orchestrator, route).await;
    let accepted = AtomicUsize::new(0);
    let publishing = async {
        loop {
            session.publish(of_size(FRAME)).await.expect("it waits, it does not fail");
            accepted.fetch_add(1, Ordering::Relaxed);
        }
    };
    tokio::pin!(publishing);
    let in_flight = waits(harness, publishing.as_mut(), &accepted).await;

    tokio::select! {
        () = &mut publishing => {}
        () = async {
            for _ in 0..in_flight + 4 {
                heard(&*orchestrator, route).await;
            }
        } => {}
    }
    assert!(accepted.load(Ordering::Relaxed) > in_flight, "the publisher went on");
}

/// Publishes until nothing is accepted any more, and returns how many frames were.
async fn waits(
    harness: &dyn Harness,
    mut publishing: std::pin::Pin<&mut impl Future<Output = ()>>,
    accepted: &AtomicUsize,
) -> usize {
    let most = harness.most_in_flight() / FRAME;
    let mut before = usize::MAX;
    loop {
        let blocked = tokio::time::timeout(BLOCKED, publishing.as_mut()).await;
        assert!(blocked.is_err(), "publishing never ends by itself");
        let now = accepted.load(Ordering::Relaxed);
        assert!(now <= most, "{now} frames of {FRAME} bytes are in flight, at most {most} may be");
        if now == before {
            return now;
        }
        before = now;
    }
}
