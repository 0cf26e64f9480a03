//! Each way in which a frame could be other than what its sender meant.

use bytes::Bytes;
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::json;

use super::samples::*;
use super::*;
use crate::enrolment::OrchestratorSide;
use crate::frame::{Frame, FrameError, MAX_FRAME_BYTES};
use crate::ids::{AgentId, ChangeId, OrganizationId};
use crate::keys::{AgentKeys, CertificateError, OrchestratorKeys, RootKey};
use crate::messages::{Chunk, HighWater, Receipt, TaskEnded, TaskOutcome, ToAgent, ToOrchestrator};
use crate::receive_lane::{Accept, ReceiveLane};
use crate::signing::Statement;

fn receipt() -> Receipt {
    Receipt { stored: HighWater { epoch: 1, sequence: 1 } }
}

fn frame_to_agent() -> Frame {
    seal_to_agent(&orchestrator_keys(), &meta(0), &ToAgent::Receipt(receipt())).unwrap()
}

fn frame_to_orchestrator() -> Frame {
    seal_to_orchestrator(&agent_keys(), &meta(0), &ToOrchestrator::Receipt(receipt())).unwrap()
}

fn known() -> KnownAgent {
    KnownAgent { identity: identity(), signing: agent_keys().public().signing }
}

fn open(frame: &Frame) -> Result<Envelope<ToAgent>, OpenError> {
    open_from_orchestrator(&pinned(), &identity(), frame, at(0))
}

/// What the orchestrator would have signed, had it wanted to.
fn signed_as_is(payload: &serde_json::Value) -> Frame {
    let payload = payload.to_string();
    let keys = orchestrator_keys();
    let signature = keys.sign(Statement::FrameToAgent, payload.as_bytes());
    Frame::signed(keys.key_id(), &signature, payload.as_bytes())
}

fn payload() -> serde_json::Value {
    serde_json::from_slice(frame_to_agent().parts().unwrap().payload).unwrap()
}

fn altered(frame: &Frame, position: usize) -> Frame {
    let mut bytes = frame.bytes().to_vec();
    bytes[position] ^= 1;
    Frame::from_bytes(Bytes::from(bytes))
}

#[test]
fn frame_by_an_orchestrator_under_another_root_is_refused() {
    let rng = &mut rand::thread_rng();
    let stranger = OrchestratorKeys::generate(&RootKey::generate(rng), validity(9), rng);
    let frame = seal_to_agent(&stranger, &meta(0), &ToAgent::Receipt(receipt())).unwrap();
    let error = open(&frame).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the frame is signed by key {}, known is {}",
            stranger.key_id(),
            orchestrator_keys().key_id()
        )
    );
}

#[test]
fn tampered_frame_is_refused_wherever_it_was_touched() {
    let frame = frame_to_agent();
    let last = frame.size() - 1;
    assert!(matches!(
        open(&altered(&frame, 0)).unwrap_err(),
        OpenError::Frame { source: FrameError::UnknownFormat { format: 0 } }
    ));
    assert!(matches!(open(&altered(&frame, 1)).unwrap_err(), OpenError::UnknownKey { .. }));
    for position in [17, 80, 81, 100, last] {
        let error = open(&altered(&frame, position)).unwrap_err();
        assert!(matches!(error, OpenError::BadSignature { .. }), "byte {position}: {error}");
    }
}

#[test]
fn frame_for_another_agent_is_refused_with_both_ids() {
    let other = AgentId::from_uuid(uuid(66));
    let meta = Meta { agent: other, ..meta(0) };
    let frame = seal_to_agent(&orchestrator_keys(), &meta, &ToAgent::Receipt(receipt())).unwrap();
    let error = open(&frame).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the envelope is of agent {other}, expected is {}", identity().agent)
    );
}

#[test]
fn frame_of_a_foreign_organization_is_refused_with_both_ids() {
    let foreign = OrganizationId::from_uuid(uuid(66));
    let meta = Meta { organization: foreign, ..meta(0) };
    let frame = seal_to_orchestrator(&agent_keys(), &meta, &ToOrchestrator::Receipt(receipt())).unwrap();
    let error = open_from_agent(&known(), &frame, at(0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the envelope is of organization {foreign}, expected is {}", identity().organization)
    );
}

#[test]
fn frame_that_another_agent_signed_is_refused() {
    let other = AgentKeys::generate(&mut rand::thread_rng());
    let frame = seal_to_orchestrator(&other, &meta(0), &ToOrchestrator::Receipt(receipt())).unwrap();
    let error = open_from_agent(&known(), &frame, at(0)).unwrap_err();
    assert!(matches!(error, OpenError::UnknownKey { key, .. } if key == other.key_id()));

    // It may also write our key's id over its own.
    let mut bytes = frame.bytes().to_vec();
    bytes[1..17].copy_from_slice(&agent_keys().key_id().to_bytes());
    let error = open_from_agent(&known(), &Frame::from_bytes(bytes.into()), at(0)).unwrap_err();
    assert!(matches!(error, OpenError::BadSignature { .. }));
}

#[test]
fn replayed_frame_is_a_duplicate_to_the_lane() {
    let cancel = to_agent().into_iter().find(|message| matches!(message, ToAgent::Cancel(_))).unwrap();
    let frame = seal_to_agent(&orchestrator_keys(), &meta(1), &cancel).unwrap();
    let mut lane = ReceiveLane::default();
    let envelope = open(&frame).unwrap();
    assert_eq!(lane.accept(&envelope.meta), Accept::Next);
    lane.stored(&envelope.meta);
    assert_eq!(lane.accept(&open(&frame).unwrap().meta), Accept::Duplicate);
}

#[test]
fn own_frame_reflected_to_the_agent_is_refused() {
    let error = open(&frame_to_orchestrator()).unwrap_err();
    assert!(matches!(error, OpenError::UnknownKey { key, .. } if key == agent_keys().key_id()));

    // Even if one key served both directions, a signature does not.
    let keys = orchestrator_keys();
    let payload = payload().to_string();
    let signature = keys.sign(Statement::FrameToOrchestrator, payload.as_bytes());
    let error = open(&Frame::signed(keys.key_id(), &signature, payload.as_bytes())).unwrap_err();
    assert!(matches!(error, OpenError::BadSignature { .. }));
}

#[test]
fn expired_envelope_names_both_clocks_and_its_place() {
    let cancel = to_agent().into_iter().find(|message| matches!(message, ToAgent::Cancel(_))).unwrap();
    let frame = seal_to_agent(&orchestrator_keys(), &meta(3), &cancel).unwrap();
    let (expires, late) = (meta(3).expires, meta(3).expires + TimeDelta::seconds(1));
    let error = open_from_orchestrator(&pinned(), &identity(), &frame, late).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the envelope expired at {expires}, by the sender's clock it was sent at {}, and it is {late} here",
            meta(3).time
        )
    );
    let OpenError::Expired { meta, bus_time } = error else { panic!() };
    assert_eq!((meta.place(), bus_time), (HighWater { epoch: 1, sequence: 3 }, late));
    assert!(open_from_orchestrator(&pinned(), &identity(), &frame, expires).is_ok());
}

#[test]
fn expiry_of_reports_is_judged_by_the_orchestrators_clock() {
    let frame = frame_to_orchestrator();
    let late = meta(0).expires + TimeDelta::seconds(1);
    assert!(matches!(open_from_agent(&known(), &frame, late), Err(OpenError::Expired { .. })));
    assert!(open_from_agent(&known(), &frame, at(0)).is_ok());
}

#[test]
fn frame_under_a_certificate_that_is_over_names_both_clocks() {
    let until = validity(1).until;
    let late = until + TimeDelta::seconds(1);
    let meta = Meta { time: late, expires: late + TimeDelta::days(1), ..meta(0) };
    let frame = seal_to_agent(&orchestrator_keys(), &meta, &ToAgent::Receipt(receipt())).unwrap();
    let error = open_from_orchestrator(&pinned(), &identity(), &frame, late).unwrap_err();
    let OpenError::Certificate { source, .. } = error else { panic!("{error}") };
    assert!(matches!(source, CertificateError::Expired { until: end, now } if (end, now) == (until, late)));
}

#[test]
fn unknown_kind_is_refused_by_name_and_keeps_its_place() {
    let mut payload = payload();
    payload["kind"] = json!("self-destruct");
    payload["sequence"] = json!(4);
    payload["epoch"] = json!(1);
    let error = open(&signed_as_is(&payload)).unwrap_err();
    assert_eq!(error.to_string(), "messages of kind `self-destruct` are unknown to this version");
    let OpenError::UnknownKind { meta, .. } = error else { panic!() };
    assert_eq!(meta.place(), HighWater { epoch: 1, sequence: 4 });
}

#[test]
fn unknown_fields_are_ignored() {
    let mut payload = payload();
    payload["priority"] = json!("high");
    payload["body"]["checksum"] = json!([1, 2]);
    assert_eq!(open(&signed_as_is(&payload)).unwrap(), open(&frame_to_agent()).unwrap());
}

#[test]
fn other_protocol_is_refused_before_its_shape_is_looked_at() {
    let error = open(&signed_as_is(&json!({"protocol": 2, "new": "shape"}))).unwrap_err();
    assert_eq!(error.to_string(), "the envelope has protocol 2, this version speaks 1");
}

#[test]
fn body_of_another_shape_is_refused_with_its_kind() {
    let mut payload = payload();
    payload["body"] = json!({"stored": "everything"});
    let error = open(&signed_as_is(&payload)).unwrap_err();
    assert!(matches!(&error, OpenError::Body { kind, .. } if kind == "receipt"), "{error}");
    assert!(matches!(open(&signed_as_is(&json!([]))), Err(OpenError::Malformed { .. })));
}

#[test]
fn messages_stay_in_their_lane() {
    let ordered = meta(1);
    let error = seal_to_agent(&orchestrator_keys(), &ordered, &ToAgent::Receipt(receipt())).unwrap_err();
    assert_eq!(error.to_string(), "a message of kind `receipt` cannot have sequence 1");

    let mut payload = payload();
    payload["sequence"] = json!(1);
    assert!(matches!(open(&signed_as_is(&payload)), Err(OpenError::WrongLane { sequence: 1, .. })));

    payload["previous"] = json!(1);
    assert!(matches!(open(&signed_as_is(&payload)), Err(OpenError::WrongOrder { previous: 1, sequence: 1 })));
}

#[test]
fn frame_that_no_bus_carries_is_not_sealed() {
    let data = "x".repeat(MAX_FRAME_BYTES);
    let chunk = Chunk { digest: "sha256:00".into(), offset: 0, size: 1, data };
    let error = seal_to_agent(&orchestrator_keys(), &meta(0), &ToAgent::Chunk(chunk)).unwrap_err();
    assert!(matches!(error, SealError::TooLarge { size, limit } if size > limit && limit == MAX_FRAME_BYTES));
}

proptest! {
    /// Whoever can reach the bus can send anything.
    #[test]
    fn arbitrary_bytes_are_refused_and_nothing_panics(
        kind in 0_u8..5,
        rest in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let frame = Frame::from_bytes([vec![kind], rest].concat().into());
        prop_assert!(open(&frame).is_err());
        prop_assert!(open_from_agent(&known(), &frame, at(0)).is_err());
        let certificate = frame.certificate();
        prop_assert!(certificate.is_err() || certificate.unwrap().verify(&root().public(), at(0)).is_err());
        let orchestrator = orchestrator_keys();
        prop_assert!(OrchestratorSide::new(&orchestrator).receive(&frame).is_err());
    }

    /// An owner of a key can sign anything.
    #[test]
    fn arbitrary_signed_payloads_are_refused_and_nothing_panics(payload in ".{0,200}") {
        let keys = orchestrator_keys();
        let signature = keys.sign(Statement::FrameToAgent, payload.as_bytes());
        let frame = Frame::signed(keys.key_id(), &signature, payload.as_bytes());
        let is_refused = matches!(open(&frame), Err(OpenError::Malformed { .. }));
        prop_assert!(is_refused);
    }

    /// Programs print anything, and an agent tells of it.
    #[test]
    fn any_text_comes_through_but_what_no_database_stores(text in r#"[\x00\\u0"a-z\n\u{fffd}🦀]{0,24}"#) {
        let outcome = TaskOutcome::Failed { error: text.clone() };
        let ended = TaskEnded { change: ChangeId::from_uuid(uuid::Uuid::nil()), number: 0, outcome, at: at(0) };
        let meta = meta(1);
        let frame = seal_to_orchestrator(&agent_keys(), &meta, &ToOrchestrator::TaskEnded(ended)).unwrap();
        let ToOrchestrator::TaskEnded(opened) = open_from_agent(&known(), &frame, at(0)).unwrap().message else {
            panic!()
        };
        prop_assert_eq!(opened.outcome, TaskOutcome::Failed { error: text.replace('\0', "\u{fffd}") });
    }
}
