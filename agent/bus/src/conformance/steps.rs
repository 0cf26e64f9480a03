//! The small steps of which the cases are made.

use std::future::Future;
use std::time::Duration;

use bytes::{BufMut as _, BytesMut};
use hostwright_protocol::messages::HighWater;

use super::Harness;
use crate::{AgentSession, Frame, Incoming, Login, OrchestratorBus, PublishError, Route};

/// How long anything may take on a busy machine.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// How long something that waits is watched before it is believed to wait.
pub(super) const BLOCKED: Duration = Duration::from_millis(500);

pub(super) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let Ok(value) = tokio::time::timeout(LIMIT, future).await else {
        panic!("waited {LIMIT:?} in vain: {what}");
    };
    value
}

pub(super) async fn connect(harness: &dyn Harness, login: &Login) -> Box<dyn AgentSession> {
    within("the session begins", harness.agents().connect(login)).await.expect("the login is good")
}

/// Returns the next beginning of a session, passing over what is left of earlier cases.
pub(super) async fn connected(orchestrator: &dyn OrchestratorBus, expected: Route) {
    within("the session's beginning is told", async {
        loop {
            match orchestrator.receive().await {
                Some(Incoming::Connected(route)) if route == expected => return,
                Some(Incoming::Frame { ack, .. }) => ack.stored(),
                Some(_) => {}
                None => panic!("the bus is closed"),
            }
        }
    })
    .await;
}

/// Returns the next frame from a route, passing over what is left of earlier cases.
pub(super) async fn heard(orchestrator: &dyn OrchestratorBus, expected: Route) -> Frame {
    within("the orchestrator hears a frame", async {
        loop {
            match orchestrator.receive().await {
                Some(Incoming::Frame { from, frame, ack }) => {
                    ack.stored();
                    if from == expected {
                        return frame;
                    }
                }
                Some(_) => {}
                None => panic!("the bus is closed"),
            }
        }
    })
    .await
}

pub(super) async fn received(session: &dyn AgentSession) -> Frame {
    let (frame, ack) = within("the agent receives a frame", session.receive())
        .await
        .unwrap_or_else(|| panic!("the session is over: {:?}", session.end()));
    ack.stored();
    frame
}

/// Publishes, while the transport may still be noticing that the agent is there.
pub(super) async fn published(
    orchestrator: &dyn OrchestratorBus,
    to: Route,
    frame: Frame,
) -> Result<(), PublishError> {
    within("publishing", orchestrator.publish(&to, frame)).await
}

/// A frame that knows its place.
pub(super) fn numbered(place: HighWater) -> Frame {
    let mut bytes = BytesMut::with_capacity(16);
    bytes.put_u64(place.epoch);
    bytes.put_u64(place.sequence);
    Frame::from_bytes(bytes.freeze())
}

pub(super) fn place_of(frame: &Frame) -> HighWater {
    let number = |range: std::ops::Range<usize>| {
        let bytes = frame.bytes().get(range).expect("the frame is numbered");
        bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    };
    HighWater { epoch: number(0..8), sequence: number(8..16) }
}

pub(super) const fn at(sequence: u64) -> HighWater {
    HighWater { epoch: 1, sequence }
}

pub(super) fn of_size(size: usize) -> Frame {
    // Not all the same byte, so that a frame that arrives in a wrong order of its parts is noticed.
    let bytes: Vec<u8> = (0..size).map(|position| (position / 251 % 256).to_le_bytes()[0]).collect();
    Frame::from_bytes(bytes.into())
}
