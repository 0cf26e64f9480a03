//! What is on the wire stays on the wire: the JSON of each kind, and frames that were frozen.

use bytes::Bytes;

use super::content::Message as _;
use super::samples::*;
use super::*;
use crate::frame::Frame;
use crate::messages::{TaskEnded, TaskOutcome, ToAgent, ToOrchestrator};

/// Hex, written by the first version. They open for ever; a new shape gets a new file beside them.
const FROZEN_TO_AGENT: &str = include_str!("../../golden/to-agent-1.hex");
const FROZEN_TO_ORCHESTRATOR: &str = include_str!("../../golden/to-orchestrator-1.hex");

fn place(is_transient: bool) -> Meta {
    meta(if is_transient { 0 } else { 8 })
}

fn payload(frame: &Frame) -> serde_json::Value {
    serde_json::from_slice(frame.parts().unwrap().payload).unwrap()
}

fn frozen(hex: &str) -> Frame {
    Frame::from_bytes(Bytes::from(hex::decode(hex.split_whitespace().collect::<String>()).unwrap()))
}

fn frozen_to_agent() -> ToAgent {
    to_agent().into_iter().find(|message| matches!(message, ToAgent::Change(_))).unwrap()
}

fn frozen_to_orchestrator() -> ToOrchestrator {
    to_orchestrator().into_iter().find(|message| matches!(message, ToOrchestrator::TaskEnded(_))).unwrap()
}

#[test]
fn each_kind_for_agents_has_its_json_and_comes_back() {
    let mut kinds = Vec::new();
    for message in to_agent() {
        let meta = place(message.is_transient());
        let frame = seal_to_agent(&orchestrator_keys(), &meta, &message).unwrap();
        let json = payload(&frame);
        let kind = json["kind"].as_str().unwrap().to_owned();
        insta::assert_json_snapshot!(format!("to_agent-{kind}"), json);
        let opened = open_from_orchestrator(&pinned(), &identity(), &frame, at(0)).unwrap();
        assert_eq!(opened, Envelope { meta, message });
        kinds.push(kind);
    }
    assert_eq!(kinds, ToAgent::KINDS);
}

#[test]
fn each_kind_for_the_orchestrator_has_its_json_and_comes_back() {
    let known = KnownAgent { identity: identity(), signing: agent_keys().public().signing };
    let mut kinds = Vec::new();
    for message in to_orchestrator() {
        let meta = place(message.is_transient());
        let frame = seal_to_orchestrator(&agent_keys(), &meta, &message).unwrap();
        let json = payload(&frame);
        let kind = json["kind"].as_str().unwrap().to_owned();
        insta::assert_json_snapshot!(format!("to_orchestrator-{kind}"), json);
        assert_eq!(open_from_agent(&known, &frame, at(0)).unwrap(), Envelope { meta, message });
        kinds.push(kind);
    }
    assert_eq!(kinds, ToOrchestrator::KINDS);
}

#[test]
fn frozen_frames_open() {
    let opened = open_from_orchestrator(&pinned(), &identity(), &frozen(FROZEN_TO_AGENT), at(0)).unwrap();
    assert_eq!(opened, Envelope { meta: meta(8), message: frozen_to_agent() });

    let known = KnownAgent { identity: identity(), signing: agent_keys().public().signing };
    let opened = open_from_agent(&known, &frozen(FROZEN_TO_ORCHESTRATOR), at(0)).unwrap();
    assert_eq!(opened, Envelope { meta: meta(8), message: frozen_to_orchestrator() });
}

/// If this fails while `frozen_frames_open` passes, the change is compatible: older ends read what newer ones write if
/// nothing but new fields came. Then the frozen bytes of this version go into new files, and the old ones stay.
#[test]
fn frames_are_written_as_they_were_frozen() {
    let bytes = |frame: &Frame| hex::encode(frame.bytes());
    let ours = seal_to_agent(&orchestrator_keys(), &meta(8), &frozen_to_agent()).unwrap();
    assert_eq!(bytes(&ours), bytes(&frozen(FROZEN_TO_AGENT)));
    let ours = seal_to_orchestrator(&agent_keys(), &meta(8), &frozen_to_orchestrator()).unwrap();
    assert_eq!(bytes(&ours), bytes(&frozen(FROZEN_TO_ORCHESTRATOR)));
}

#[test]
fn what_no_database_stores_does_not_get_to_the_orchestrator() {
    let known = KnownAgent { identity: identity(), signing: agent_keys().public().signing };
    let ToOrchestrator::TaskEnded(ended) = frozen_to_orchestrator() else { panic!() };
    let opened = |error: &str| {
        let outcome = TaskOutcome::Failed { error: error.to_owned() };
        let message = ToOrchestrator::TaskEnded(TaskEnded { outcome, ..ended.clone() });
        let frame = seal_to_orchestrator(&agent_keys(), &meta(8), &message).unwrap();
        match open_from_agent(&known, &frame, at(0)).unwrap().message {
            ToOrchestrator::TaskEnded(TaskEnded { outcome: TaskOutcome::Failed { error }, .. }) => error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(opened("\0a\0\0"), "\u{fffd}a\u{fffd}\u{fffd}");
    for untouched in [r"\u0000", r"\\u0000", "\"\\\n\u{1}\u{1f980}"] {
        assert_eq!(opened(untouched), untouched);
        assert_eq!(opened(&format!("{untouched}\0")), format!("{untouched}\u{fffd}"));
    }
}
