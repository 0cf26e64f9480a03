//! An enrolment that goes well, and each way in which somebody in between could want it to go otherwise.

use chrono::TimeDelta;

use super::message::{FromAgent, FromOrchestrator, from_frame, to_frame};
use super::*;
use crate::envelope::samples::{at, identity, uuid, validity};
use crate::frame::Frame;
use crate::ids::{EnrolmentTokenId, HostId, OrganizationId};
use crate::keys::{AgentKeys, CertificateError, OrchestratorKeys, RootKey};
use crate::token::{Scope, Token, TokenSecret};

const BUS: &str = "ws://127.0.0.1:7690/bus/v1";

struct Site {
    root: RootKey,
    orchestrator: OrchestratorKeys,
    token: Token,
}

fn site() -> Site {
    let rng = &mut rand::thread_rng();
    let root = RootKey::generate(rng);
    let orchestrator = OrchestratorKeys::generate(&root, validity(1), rng);
    let token = Token {
        bus: BUS.into(),
        organization: identity().organization,
        scope: Scope::Host(host()),
        root: root.fingerprint(),
        id: EnrolmentTokenId::from_uuid(uuid(5)),
        secret: TokenSecret::generate(rng),
    };
    Site { root, orchestrator, token }
}

fn host() -> HostId {
    HostId::from_uuid(uuid(6))
}

fn machine() -> MachineDescription {
    MachineDescription { machine_id: "0123456789abcdef".into(), hostname: "web1".into() }
}

fn acceptance() -> Acceptance {
    Acceptance { identity: identity(), host: Some(host()), bus: BUS.into(), time: at(60) }
}

impl Site {
    fn begin(&self) -> (AgentSide, Frame) {
        AgentSide::begin(self.token.clone(), AgentKeys::generate(&mut rand::thread_rng()), machine())
    }

    fn chain(&self) -> Frame {
        let (_, ask) = self.begin();
        match OrchestratorSide::new(&self.orchestrator).receive(&ask).unwrap() {
            OrchestratorStep::Send(frame) => frame,
            OrchestratorStep::Authenticate(_) => panic!("an ask is not a request"),
        }
    }

    /// The agent after it has been shown the certificate, and its request.
    fn requested(&self) -> (AgentSide, Frame) {
        let (agent, _) = self.begin();
        match receive(agent, &self.chain()).unwrap() {
            AgentStep::Send { next, frame } => (*next, frame),
            AgentStep::Enrolled(enrolled) => panic!("{enrolled:?}"),
        }
    }

    fn unverified(&self, request: &Frame) -> UnverifiedRequest<'_> {
        match OrchestratorSide::new(&self.orchestrator).receive(request).unwrap() {
            OrchestratorStep::Authenticate(request) => request,
            OrchestratorStep::Send(_) => panic!("a request is not an ask"),
        }
    }

    fn authenticate(&self, request: &Frame) -> Result<Request<'_>, EnrolmentError> {
        self.unverified(request).authenticate(&self.token.secret.authentication_key())
    }
}

fn receive(agent: AgentSide, frame: &Frame) -> Result<AgentStep, EnrolmentError> {
    agent.receive(frame, at(0), &mut rand::thread_rng())
}

fn refused(agent: AgentSide, frame: &Frame) -> EnrolmentError {
    receive(agent, frame).unwrap_err()
}

#[test]
fn holder_of_a_token_becomes_an_agent() {
    let site = site();
    let (agent, request) = site.requested();
    let authentic = site.authenticate(&request).unwrap();
    assert_eq!(authentic.token, site.token.id);
    assert_eq!(authentic.machine, machine());
    let AgentStep::Enrolled(enrolled) = receive(agent, &authentic.accept(acceptance())).unwrap() else {
        panic!("it goes on")
    };
    assert_eq!(enrolled.identity, identity());
    assert_eq!(enrolled.host, Some(host()));
    assert_eq!(enrolled.bus, BUS);
    assert_eq!(enrolled.pinned.root(), site.root.public());
    assert_eq!(enrolled.time, at(60));
}

#[test]
fn refusal_reaches_the_machine_with_its_reason() {
    let site = site();
    let (agent, request) = site.requested();
    let answer = site.unverified(&request).refuse("the token is used up", at(0));
    let error = refused(agent, &answer);
    assert_eq!(error.to_string(), "the orchestrator refuses the enrolment: the token is used up");
}

#[test]
fn impostor_with_a_root_of_its_own_is_refused_with_both_fingerprints() {
    let (site, impostor) = (site(), self::site());
    let (agent, _) = site.begin();
    let error = refused(agent, &impostor.chain());
    let EnrolmentError::WrongRoot { got, expected } = error else { panic!("{error}") };
    assert_eq!((got, expected), (impostor.root.fingerprint(), site.root.fingerprint()));
}

#[test]
fn impostor_that_shows_our_root_without_its_signature_is_refused() {
    let (site, impostor) = (site(), self::site());
    let mut bytes = impostor.orchestrator.certificate().to_bytes();
    bytes[..32].copy_from_slice(&site.root.public().to_bytes());
    let certificate = crate::keys::Certificate::from_bytes(&bytes).unwrap();
    let (agent, _) = site.begin();
    let error = refused(agent, &to_frame(FromOrchestrator::Chain { certificate }));
    assert!(matches!(error, EnrolmentError::Certificate { source: CertificateError::Signature { .. } }));
}

#[test]
fn impostor_that_relays_the_certificate_can_neither_read_nor_answer() {
    let (site, impostor) = (site(), self::site());
    let (agent, request) = site.requested();

    // It does not have the key that the request is sealed to, nor the secret that authenticates it.
    let stolen = match OrchestratorSide::new(&impostor.orchestrator).receive(&request).unwrap() {
        OrchestratorStep::Authenticate(request) => request,
        OrchestratorStep::Send(_) => panic!("a request is not an ask"),
    };
    let theirs = stolen.authenticate(&impostor.token.secret.authentication_key());
    assert!(matches!(theirs, Err(EnrolmentError::NotAuthentic)));

    let error = refused(agent, &stolen.refuse("go away", at(0)));
    assert!(matches!(error, EnrolmentError::Signature { .. }));
}

#[test]
fn request_sealed_to_a_wrong_key_does_not_open() {
    let site = site();
    let rotated = OrchestratorKeys::generate(&site.root, validity(2), &mut rand::thread_rng());
    let (_, request) = site.requested();
    let unverified = match OrchestratorSide::new(&rotated).receive(&request).unwrap() {
        OrchestratorStep::Authenticate(request) => request,
        OrchestratorStep::Send(_) => panic!("a request is not an ask"),
    };
    let error = unverified.authenticate(&site.token.secret.authentication_key()).unwrap_err();
    assert!(matches!(error, EnrolmentError::Unseal { .. }));
}

#[test]
fn altered_request_is_not_authentic() {
    let site = site();
    let alter = |change: fn(&mut super::message::SealedRequest)| {
        let (_, request) = site.requested();
        let FromAgent::Request(mut sealed) = from_frame(&request).unwrap() else { panic!() };
        change(&mut sealed);
        site.authenticate(&to_frame(FromAgent::Request(sealed))).unwrap_err()
    };
    let errors = [
        alter(|request| request.nonce[0] ^= 1),
        alter(|request| request.code[0] ^= 1),
        alter(|request| request.token = EnrolmentTokenId::from_uuid(uuid(1))),
        alter(|request| request.sealed = crate::sealed::Sealed::from_bytes(vec![0; 100])),
    ];
    assert!(errors.iter().all(|error| matches!(error, EnrolmentError::NotAuthentic)), "{errors:?}");
}

#[test]
fn holder_of_another_token_is_not_authentic() {
    let (site, other) = (site(), self::site());
    let (_, request) = site.requested();
    let error = site.unverified(&request).authenticate(&other.token.secret.authentication_key()).unwrap_err();
    assert!(matches!(error, EnrolmentError::NotAuthentic));
}

#[test]
fn answer_to_another_request_is_refused() {
    let site = site();
    let (_, earlier) = site.requested();
    let replayed = site.authenticate(&earlier).unwrap().accept(acceptance());
    let (agent, _) = site.requested();
    assert!(matches!(refused(agent, &replayed), EnrolmentError::OtherRequest));
}

#[test]
fn answer_that_puts_the_machine_elsewhere_is_refused() {
    let site = site();
    let answer_with = |change: fn(&mut Acceptance)| {
        let (agent, request) = site.requested();
        let mut acceptance = acceptance();
        change(&mut acceptance);
        refused(agent, &site.authenticate(&request).unwrap().accept(acceptance)).to_string()
    };
    let foreign = answer_with(|acceptance| {
        acceptance.identity.organization = OrganizationId::from_uuid(uuid(99));
    });
    assert_eq!(foreign, "the answer is for another organization than the token");
    let unclaimed = answer_with(|acceptance| acceptance.host = None);
    assert_eq!(unclaimed, "the answer is for another host than the token");
}

#[test]
fn steps_out_of_turn_are_refused() {
    let site = site();
    let (agent, request) = site.requested();
    let chain = site.chain();
    let answer = site.authenticate(&request).unwrap().accept(acceptance());
    assert_eq!(
        refused(agent, &chain).to_string(),
        "the other end sent its certificate, expected was an answer"
    );
    let (agent, _) = site.begin();
    assert_eq!(
        refused(agent, &answer).to_string(),
        "the other end sent an answer, expected was its certificate"
    );
}

#[test]
fn certificate_that_is_over_names_both_clocks() {
    let site = site();
    let until = site.orchestrator.certified().validity.until;
    let now = until + TimeDelta::hours(1);
    let (agent, _) = site.begin();
    let error = agent.receive(&site.chain(), now, &mut rand::thread_rng()).unwrap_err();
    let EnrolmentError::Certificate { source } = error else { panic!("{error}") };
    assert_eq!(source.to_string(), format!("the certificate ended at {until}, and it is {now} here"));
}

#[test]
fn machine_description_that_would_do_harm_is_refused() {
    let site = site();
    for hostname in ["", "web1\n[ok]", &"x".repeat(300)] {
        let machine = MachineDescription { hostname: hostname.into(), ..machine() };
        let keys = AgentKeys::generate(&mut rand::thread_rng());
        let (agent, _) = AgentSide::begin(site.token.clone(), keys, machine);
        let AgentStep::Send { frame, .. } = receive(agent, &site.chain()).unwrap() else { panic!() };
        let error = site.authenticate(&frame).unwrap_err();
        assert!(matches!(error, EnrolmentError::Description { name: "host name" }), "{hostname:?}");
    }
}

#[test]
fn other_versions_and_other_bytes_are_refused() {
    let site = site();
    let orchestrator = OrchestratorSide::new(&site.orchestrator);
    let receive = |frame: Frame| orchestrator.receive(&frame).unwrap_err().to_string();
    assert_eq!(
        receive(Frame::of_enrolment(br#"{"protocol":2,"shape":"unknown"}"#)),
        "the other end speaks protocol 2, this version speaks 1"
    );
    assert_eq!(receive(Frame::of_enrolment(b"?")), "the step is not understood");
    assert_eq!(
        receive(Frame::of_certificate(site.orchestrator.certificate())),
        "the bytes are not a step of an enrolment"
    );
}
