//! Frames of one route arrive in the order in which they were published.

use super::Harness;
use super::steps::{at, connect, connected, numbered, place_of, published, received};
use crate::Route;

const AGENTS: usize = 3;
const FRAMES: u64 = 100;

pub(super) async fn frames_of_each_agent_arrive_in_order(harness: &dyn Harness) {
    let orchestrator = harness.orchestrator();
    let mut agents = Vec::new();
    for _ in 0..AGENTS {
        let (agent, login) = harness.directory().enrol();
        let session = connect(harness, &login).await;
        connected(&*orchestrator, Route::Agent(agent)).await;
        agents.push((Route::Agent(agent), session));
    }
    for sequence in 1..=FRAMES {
        for (route, session) in &agents {
            published(&*orchestrator, *route, numbered(at(sequence))).await.expect("the agent is there");
            session.publish(numbered(at(sequence))).await.expect("the orchestrator is there");
        }
    }
    for (route, session) in &agents {
        for sequence in 1..=FRAMES {
            assert_eq!(place_of(&received(&**session).await), at(sequence), "to {route}");
        }
    }
    // From all agents at once: whatever the others do, each one's own are in order.
    let mut next = [1; AGENTS];
    for _ in 0..AGENTS as u64 * FRAMES {
        let (position, sequence) = heard_from_any(harness, &agents).await;
        assert_eq!(sequence, next[position], "from {}", agents[position].0);
        next[position] += 1;
    }
}

type Connected = (Route, Box<dyn crate::AgentSession>);

async fn heard_from_any(harness: &dyn Harness, agents: &[Connected]) -> (usize, u64) {
    let orchestrator = harness.orchestrator();
    loop {
        let incoming = super::steps::within("a frame from any agent", orchestrator.receive()).await;
        let Some(crate::Incoming::Frame { from, frame, ack }) = incoming else { continue };
        ack.stored();
        if let Some(position) = agents.iter().position(|(route, _)| *route == from) {
            return (position, place_of(&frame).sequence);
        }
    }
}
