//! Tokens on paper and machines that were not updated: what the first version wrote is read for ever.

use bytes::Bytes;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::*;
use crate::envelope::samples::{agent_keys, at, identity, orchestrator_keys, root, uuid};
use crate::frame::Frame;
use crate::ids::{EnrolmentTokenId, HostId};
use crate::token::{Scope, Token, TokenSecret};

const FROZEN_TOKEN: &str = include_str!("../../golden/token-1.txt");
const FROZEN_REQUEST: &str = include_str!("../../golden/enrolment-request-1.hex");
const FROZEN_CERTIFICATE: &str = include_str!("../../golden/certificate-1.hex");

fn token() -> Token {
    Token {
        bus: "ws://127.0.0.1:7690/bus/v1".into(),
        organization: identity().organization,
        scope: Scope::Host(HostId::from_uuid(uuid(6))),
        root: root().fingerprint(),
        id: EnrolmentTokenId::from_uuid(uuid(5)),
        secret: TokenSecret::generate(&mut StdRng::from_seed([7; 32])),
    }
}

fn machine() -> MachineDescription {
    MachineDescription { machine_id: "0123456789abcdef".into(), hostname: "web1".into() }
}

fn frozen(hex: &str) -> Frame {
    Frame::from_bytes(Bytes::from(hex::decode(hex.split_whitespace().collect::<String>()).unwrap()))
}

#[test]
fn frozen_token_is_understood_and_still_written_so() {
    assert_eq!(FROZEN_TOKEN.parse(), Ok(token()));
    assert_eq!(*token().encode(), FROZEN_TOKEN.trim());
}

#[test]
fn frozen_certificate_is_believed_and_still_written_so() {
    let certificate = frozen(FROZEN_CERTIFICATE).certificate().unwrap();
    let keys = certificate.verify(&root().public(), at(0)).unwrap();
    assert_eq!(&keys, orchestrator_keys().certified());
    assert_eq!(
        hex::encode(Frame::of_certificate(orchestrator_keys().certificate()).bytes()),
        FROZEN_CERTIFICATE.trim()
    );
}

#[test]
fn frozen_request_is_authentic_and_understood() {
    let orchestrator = orchestrator_keys();
    let step = OrchestratorSide::new(&orchestrator).receive(&frozen(FROZEN_REQUEST)).unwrap();
    let OrchestratorStep::Authenticate(unverified) = step else { panic!("a request is not an ask") };
    let request = unverified.authenticate(&token().secret.authentication_key()).unwrap();
    assert_eq!(request.agent_keys, agent_keys().public());
    assert_eq!(request.machine, machine());
}

#[test]
fn steps_have_their_json() {
    let orchestrator = orchestrator_keys();
    let json =
        |frame: &Frame| -> serde_json::Value { serde_json::from_slice(frame.enrolment().unwrap()).unwrap() };
    let (agent, ask) = AgentSide::begin(token(), agent_keys(), machine());
    let OrchestratorStep::Send(chain) = OrchestratorSide::new(&orchestrator).receive(&ask).unwrap() else {
        panic!("an ask is not a request")
    };
    let AgentStep::Send { frame, .. } = agent.receive(&chain, at(0), &mut rand::thread_rng()).unwrap() else {
        panic!("it is not done yet")
    };
    let step = OrchestratorSide::new(&orchestrator).receive(&frame).unwrap();
    let OrchestratorStep::Authenticate(request) = step else { panic!("a request is not an ask") };
    let steps = [json(&ask), json(&chain), json(&frame), json(&request.refuse("used up", at(0)))];
    insta::assert_json_snapshot!(steps, {
        "[].certificate" => "[root key, signature, statement]",
        "[].nonce" => "[32 bytes]",
        "[].sealed" => "[public keys, machine id, host name]",
        "[].code" => "[32 bytes]",
        "[].statement" => "[nonce, request, time, outcome]",
        "[].signature" => "[64 bytes]",
    });
}
