//! A machine with a token becomes an agent and talks, over the embedded bus, with everything signed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use hostwright_bus::testing::Directory;
use hostwright_bus::{AgentSession, Frame, Incoming, Login, OrchestratorBus, Route, connect, websocket};
use hostwright_protocol::enrolment::{
    Acceptance, AgentSide, AgentStep, Enrolled, MachineDescription, OrchestratorSide, OrchestratorStep,
};
use hostwright_protocol::envelope::{
    Identity, KnownAgent, Meta, open_from_agent, open_from_orchestrator, seal_to_agent, seal_to_orchestrator,
};
use hostwright_protocol::ids::{EnvelopeId, OrganizationId};
use hostwright_protocol::keys::{AgentKeys, OrchestratorKeys, RootKey, Validity};
use hostwright_protocol::messages::{Hello, HighWater, ToAgent, ToOrchestrator, Welcome};
use hostwright_protocol::token::{Scope, Token, TokenSecret};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn envelope_id() -> EnvelopeId {
    EnvelopeId::generate(now(), &mut rand::thread_rng())
}

struct Site {
    directory: Arc<Directory>,
    keys: OrchestratorKeys,
    token: Token,
    server: Arc<websocket::Server>,
}

async fn site() -> Site {
    let directory = Arc::new(Directory::default());
    let (router, server) = websocket::Server::new(directory.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bus = format!("ws://{}{}", listener.local_addr().unwrap(), websocket::PATH);
    tokio::spawn(axum::serve(listener, router).into_future());

    let rng = &mut rand::thread_rng();
    let root = RootKey::generate(rng);
    let validity = Validity { generation: 1, from: now(), until: now() + TimeDelta::days(90) };
    let Login::Enrolment { token: id } = directory.issue_token() else { panic!() };
    let token = Token {
        bus,
        organization: OrganizationId::generate(now(), rng),
        scope: Scope::Discovered(None),
        root: root.fingerprint(),
        id,
        secret: TokenSecret::generate(rng),
    };
    Site { directory, keys: OrchestratorKeys::generate(&root, validity, rng), token, server }
}

impl Site {
    /// Answers one enrolment, and returns what the orchestrator would store of the agent.
    async fn enrol_one(&self) -> KnownAgent {
        loop {
            let (route, frame) = heard(&*self.server).await;
            let answer = match OrchestratorSide::new(&self.keys).receive(&frame).unwrap() {
                OrchestratorStep::Send(chain) => chain,
                OrchestratorStep::Authenticate(unverified) => {
                    assert_eq!(unverified.token(), self.token.id);
                    let request = unverified.authenticate(&self.token.secret.authentication_key()).unwrap();
                    let agent = self.directory.admit(&request.agent_keys.signing);
                    let identity = Identity { organization: self.token.organization, agent };
                    let bus = self.token.bus.clone();
                    let answer = request.accept(Acceptance { identity, host: None, bus, time: now() });
                    self.server.publish(&route, answer).await.unwrap();
                    return KnownAgent { identity, signing: request.agent_keys.signing };
                }
            };
            self.server.publish(&route, answer).await.unwrap();
        }
    }
}

async fn heard(bus: &dyn OrchestratorBus) -> (Route, Frame) {
    loop {
        if let Incoming::Frame { from, frame, ack } = bus.receive().await.unwrap() {
            ack.stored();
            return (from, frame);
        }
    }
}

async fn received(session: &dyn AgentSession) -> Frame {
    let (frame, ack) = session.receive().await.unwrap();
    ack.stored();
    frame
}

async fn enrol(token: &str, keys: &AgentKeys) -> Enrolled {
    let token: Token = token.parse().unwrap();
    let session = connect(&token.bus).unwrap().connect(&Login::Enrolment { token: token.id }).await.unwrap();
    let machine = MachineDescription { machine_id: "0123456789".into(), hostname: "web1".into() };
    let (mut agent, first) = AgentSide::begin(token, keys.clone(), machine);
    session.publish(first).await.unwrap();
    loop {
        let frame = received(&*session).await;
        match agent.receive(&frame, now(), &mut rand::thread_rng()).unwrap() {
            AgentStep::Send { next, frame } => {
                agent = *next;
                session.publish(frame).await.unwrap();
            }
            AgentStep::Enrolled(enrolled) => return enrolled,
        }
    }
}

#[tokio::test]
async fn machine_with_a_token_becomes_an_agent_and_talks() {
    let site = site().await;
    let keys = AgentKeys::generate(&mut rand::thread_rng());
    let text = site.token.encode();
    let (enrolled, known) = tokio::join!(enrol(&text, &keys), site.enrol_one());
    assert_eq!(enrolled.identity, known.identity);

    let login = Login::Agent { agent: enrolled.identity.agent, keys: Arc::new(keys.clone()) };
    let session = connect(&enrolled.bus).unwrap().connect(&login).await.unwrap();
    let hello = ToOrchestrator::Hello(Hello {
        nonce: "fresh".into(),
        version: "0.1.0".into(),
        received: HighWater::default(),
        sent: HighWater::default(),
    });
    let meta = Meta::transient(enrolled.identity, envelope_id(), enrolled.time);
    session.publish(seal_to_orchestrator(&keys, &meta, &hello).unwrap()).await.unwrap();

    let (from, frame) = heard(&*site.server).await;
    assert_eq!(from, Route::Agent(known.identity.agent));
    let envelope = open_from_agent(&known, &frame, now()).unwrap();
    assert_eq!(envelope.message, hello);

    let welcome = ToAgent::Welcome(Welcome {
        nonce: "fresh".into(),
        received: HighWater::default(),
        sent: HighWater::default(),
        time: now(),
    });
    let meta = Meta::transient(known.identity, envelope_id(), now());
    site.server.publish(&from, seal_to_agent(&site.keys, &meta, &welcome).unwrap()).await.unwrap();
    let frame = received(&*session).await;
    let envelope =
        open_from_orchestrator(&enrolled.pinned, &enrolled.identity, &frame, enrolled.time).unwrap();
    assert_eq!(envelope.message, welcome);
}
