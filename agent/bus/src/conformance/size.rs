//! Frames have a largest size, and it is one mebibyte.

use super::Harness;
use super::steps::{connect, connected, heard, of_size, published, received};
use crate::{MAX_FRAME_BYTES, PublishError, Route};

pub(super) async fn frames_up_to_the_limit_travel(harness: &dyn Harness) {
    let orchestrator = harness.orchestrator();
    let (agent, login) = harness.directory().enrol();
    let (route, session) = (Route::Agent(agent), connect(harness, &login).await);
    connected(&*orchestrator, route).await;
    for size in [1, 125, 8_192, 70_000, MAX_FRAME_BYTES] {
        let frame = of_size(size);
        published(&*orchestrator, route, frame.clone()).await.expect("the agent is there");
        assert!(received(&*session).await == frame, "{size} bytes to the agent arrive as they were");
        session.publish(frame.clone()).await.expect("the orchestrator is there");
        assert!(
            heard(&*orchestrator, route).await == frame,
            "{size} bytes from the agent arrive as they were"
        );
    }
}

pub(super) async fn larger_frames_are_refused_with_both_numbers(harness: &dyn Harness) {
    let orchestrator = harness.orchestrator();
    let (agent, login) = harness.directory().enrol();
    let (route, session) = (Route::Agent(agent), connect(harness, &login).await);
    connected(&*orchestrator, route).await;
    let size = MAX_FRAME_BYTES + 1;
    let refused = Err(PublishError::TooLarge { size, limit: MAX_FRAME_BYTES });
    assert_eq!(published(&*orchestrator, route, of_size(size)).await, refused);
    assert_eq!(session.publish(of_size(size)).await, refused);
    // The refusal costs nobody the session.
    published(&*orchestrator, route, of_size(3)).await.expect("the agent is still there");
    assert_eq!(received(&*session).await, of_size(3));
}
