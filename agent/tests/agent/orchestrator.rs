//! An orchestrator's end of the memory bus: enrols, welcomes, receipts, gives content, and remembers what it heard.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeDelta, Utc};
use hostwright_bus::{Authenticator, Frame, Incoming, Limits, OrchestratorBus as _, Route, memory};
use hostwright_protocol::enrolment::{Acceptance, OrchestratorSide, OrchestratorStep};
use hostwright_protocol::envelope::{Identity, KnownAgent, Meta, open_from_agent, seal_to_agent};
use hostwright_protocol::ids::{AgentId, EnrolmentTokenId, EnvelopeId, OrganizationId};
use hostwright_protocol::keys::{KeyId, OrchestratorKeys, RootKey, Validity, VerifyingKey};
use hostwright_protocol::messages::{
    CHUNK_BYTES, Chunk, Fetch, HighWater, NoSuchBlob, Receipt, ToAgent, ToOrchestrator, Welcome,
};
use hostwright_protocol::token::{Scope, Token, TokenSecret};
use uuid::Uuid;

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Orchestrator {
    pub(crate) bus: Arc<memory::Orchestrator>,
    shared: Arc<Shared>,
}

struct Shared {
    keys: OrchestratorKeys,
    identity: Identity,
    token: Token,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    known: Option<KnownAgent>,
    heard: Vec<ToOrchestrator>,
    stored: HighWater,
    sent: u64,
    blobs: HashMap<String, Vec<u8>>,
}

#[async_trait]
impl Authenticator for Shared {
    async fn agent_key(&self, _agent: AgentId) -> Option<VerifyingKey> {
        self.inside.lock().unwrap().known.map(|known| known.signing)
    }

    async fn token_is_known(&self, token: EnrolmentTokenId) -> bool {
        token == self.token.id
    }

    async fn orchestrator_key(&self) -> KeyId {
        self.keys.key_id()
    }
}

impl Orchestrator {
    pub(crate) fn start() -> (Self, Arc<memory::Agents>) {
        let rng = &mut rand::thread_rng();
        let root = RootKey::generate(rng);
        let now = Utc::now();
        let validity =
            Validity { generation: 1, from: now - TimeDelta::hours(1), until: now + TimeDelta::days(1) };
        let keys = OrchestratorKeys::generate(&root, validity, rng);
        let identity = Identity {
            organization: OrganizationId::from_uuid(Uuid::now_v7()),
            agent: AgentId::from_uuid(Uuid::now_v7()),
        };
        let token = Token {
            bus: "ws://127.0.0.1:7690/bus/v1".into(),
            organization: identity.organization,
            scope: Scope::Discovered(None),
            root: root.fingerprint(),
            id: EnrolmentTokenId::from_uuid(Uuid::now_v7()),
            secret: TokenSecret::generate(rng),
        };
        let shared = Arc::new(Shared { keys, identity, token, inside: Mutex::default() });
        let (bus, agents) = memory::pair(shared.clone(), Limits::default());
        let orchestrator = Self { bus, shared };
        tokio::spawn(orchestrator.clone().serve());
        (orchestrator, agents)
    }

    pub(crate) fn token(&self) -> String {
        self.shared.token.encode().to_string()
    }

    pub(crate) fn heard(&self) -> Vec<ToOrchestrator> {
        self.shared.inside.lock().unwrap().heard.clone()
    }

    pub(crate) fn keep(&self, digest: &str, content: Vec<u8>) {
        self.shared.inside.lock().unwrap().blobs.insert(digest.to_owned(), content);
    }

    /// Sends a message to the agent, ordered or transient as it is.
    pub(crate) async fn say(&self, message: &ToAgent) {
        let id = EnvelopeId::from_uuid(Uuid::now_v7());
        let identity = self.shared.identity;
        let meta = if message.is_transient() {
            Meta::transient(identity, id, Utc::now())
        } else {
            let sequence = {
                let mut inside = self.shared.inside.lock().unwrap();
                inside.sent += 1;
                inside.sent
            };
            Meta::ordered(identity, id, HighWater { epoch: 1, sequence }, sequence - 1, Utc::now())
        };
        let frame = seal_to_agent(&self.shared.keys, &meta, message).unwrap();
        // An agent that is away gets it when it is told again, which these tests need not do.
        let _ = self.bus.publish(&Route::Agent(identity.agent), frame).await;
    }

    async fn serve(self) {
        while let Some(incoming) = self.bus.receive().await {
            if let Incoming::Frame { from, frame, ack } = incoming {
                ack.stored();
                match from {
                    Route::Enrolment(_) => self.enrol(&from, &frame).await,
                    Route::Agent(_) => self.answer(&frame).await,
                }
            }
        }
    }

    async fn enrol(&self, route: &Route, frame: &Frame) {
        let side = OrchestratorSide::new(&self.shared.keys);
        let answer = match side.receive(frame).unwrap() {
            OrchestratorStep::Send(frame) => frame,
            OrchestratorStep::Authenticate(request) => {
                let request = request.authenticate(&self.shared.token.secret.authentication_key()).unwrap();
                let identity = self.shared.identity;
                let known = KnownAgent { identity, signing: request.agent_keys.signing };
                self.shared.inside.lock().unwrap().known = Some(known);
                let bus = self.shared.token.bus.clone();
                request.accept(Acceptance { identity, host: None, bus, time: Utc::now() })
            }
        };
        self.bus.publish(route, answer).await.unwrap();
    }

    async fn answer(&self, frame: &Frame) {
        let known = self.shared.inside.lock().unwrap().known.unwrap();
        let envelope = open_from_agent(&known, frame, Utc::now()).unwrap();
        let is_transient = envelope.meta.is_transient();
        match &envelope.message {
            ToOrchestrator::Hello(hello) => {
                let (received, sent) = {
                    let inside = self.shared.inside.lock().unwrap();
                    (inside.stored, HighWater { epoch: 1, sequence: inside.sent })
                };
                let welcome = Welcome { nonce: hello.nonce.clone(), received, sent, time: Utc::now() };
                self.say(&ToAgent::Welcome(welcome)).await;
            }
            ToOrchestrator::Fetch(fetch) => self.say(&self.part(fetch)).await,
            _ => {}
        }
        if is_transient {
            self.shared.inside.lock().unwrap().heard.push(envelope.message);
            return;
        }
        let stored = {
            let mut inside = self.shared.inside.lock().unwrap();
            if envelope.meta.place() > inside.stored {
                inside.stored = envelope.meta.place();
                inside.heard.push(envelope.message);
            }
            inside.stored
        };
        self.say(&ToAgent::Receipt(Receipt { stored })).await;
    }

    fn part(&self, fetch: &Fetch) -> ToAgent {
        let inside = self.shared.inside.lock().unwrap();
        let Some(content) = inside.blobs.get(&fetch.digest) else {
            return ToAgent::NoSuchBlob(NoSuchBlob { digest: fetch.digest.clone() });
        };
        let rest = &content[usize::try_from(fetch.offset).unwrap()..];
        let part = &rest[..rest.len().min(usize::try_from(CHUNK_BYTES).unwrap())];
        ToAgent::Chunk(Chunk {
            digest: fetch.digest.clone(),
            offset: fetch.offset,
            size: content.len() as u64,
            data: STANDARD.encode(part),
        })
    }
}
