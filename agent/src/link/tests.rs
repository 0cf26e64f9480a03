//! A link over the memory bus, with an orchestrator that does as the test says.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use chrono::TimeDelta;
use hostwright_bus::backoff::Backoff;
use hostwright_bus::{
    Authenticator, Frame, Incoming, Limits, OrchestratorBus as _, Route, memory, reconnecting,
};
use hostwright_protocol::envelope::{Envelope, Identity, KnownAgent, Meta, open_from_agent, seal_to_agent};
use hostwright_protocol::ids::{AgentId, ChangeId, EnrolmentTokenId, EnvelopeId, OrganizationId};
use hostwright_protocol::keys::{
    AgentKeys, KeyId, OrchestratorKeys, PinnedRoot, RootKey, Validity, VerifyingKey,
};
use hostwright_protocol::messages::{
    Cancel, Chunk, Facts, Fetch, Hello, HighWater, NoSuchBlob, Receipt, ToAgent, ToOrchestrator, Welcome,
};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::{Handle, Link, Options};
use crate::blobs::{BlobStore, FetchBlobs as _, FetchError};
use crate::clock::{self, BusTime};
use crate::ledger::{IdentityDocument, Ledger};
use crate::lifecycle::Shutdown;
use crate::status::{Board, LinkState};
use crate::testing::eventually;

struct Orchestrator {
    bus: Arc<memory::Orchestrator>,
    root: RootKey,
    keys: OrchestratorKeys,
    known: KnownAgent,
    heard: Arc<Mutex<Vec<Envelope<ToOrchestrator>>>>,
    /// Of the agent; here, because every test holds this.
    _directory: tempfile::TempDir,
}

struct Doorkeeper {
    agent: AgentId,
    key: VerifyingKey,
    orchestrator: KeyId,
}

#[async_trait]
impl Authenticator for Doorkeeper {
    async fn agent_key(&self, agent: AgentId) -> Option<VerifyingKey> {
        (agent == self.agent).then_some(self.key)
    }

    async fn token_is_known(&self, _token: EnrolmentTokenId) -> bool {
        false
    }

    async fn orchestrator_key(&self) -> KeyId {
        self.orchestrator
    }
}

struct Setup {
    orchestrator: Orchestrator,
    ledger: Ledger,
    blobs: Arc<BlobStore>,
    board: Board,
    bus_time: Arc<BusTime>,
    handle: Handle,
    shutdown: Shutdown,
}

fn validity(generation: u64) -> Validity {
    Validity {
        generation,
        from: clock::now() - TimeDelta::hours(1),
        until: clock::now() + TimeDelta::days(1),
    }
}

async fn setup() -> Setup {
    setup_greeting(Backoff { first: Duration::from_mins(1), most: Duration::from_mins(1) }).await
}

async fn setup_greeting(greet_again: Backoff) -> Setup {
    let rng = &mut rand::thread_rng();
    let root = RootKey::generate(rng);
    let keys = OrchestratorKeys::generate(&root, validity(1), rng);
    let agent_keys = AgentKeys::generate(rng);
    let identity = Identity {
        organization: OrganizationId::from_uuid(clock::new_id()),
        agent: AgentId::from_uuid(clock::new_id()),
    };
    let known = KnownAgent { identity, signing: agent_keys.public().signing };
    let doorkeeper = Doorkeeper { agent: identity.agent, key: known.signing, orchestrator: keys.key_id() };
    let (bus, agents) = memory::pair(Arc::new(doorkeeper), Limits::default());
    let (ledger, directory) = Ledger::fresh().await;
    let blobs = Arc::new(BlobStore::open(directory.path().join("blobs")).unwrap());
    let (board, bus_time) = (Board::default(), Arc::new(BusTime::new(Some(clock::now()))));
    let (plans, _) = mpsc::channel(1);
    let document = IdentityDocument {
        host: None,
        bus: "memory".into(),
        pinned: PinnedRoot::try_new(keys.certificate(), clock::now()).unwrap(),
        keys: String::new(),
    };
    let quick = Backoff { first: Duration::from_millis(1), most: Duration::from_millis(5) };
    let (link, handle) = Link::new(Options {
        ledger: ledger.clone(),
        bus: agents,
        address: "memory".into(),
        identity,
        document,
        keys: Arc::new(agent_keys),
        bus_time: bus_time.clone(),
        blobs: blobs.clone(),
        board: board.clone(),
        plans,
        reconnecting: reconnecting::Options { backoff: quick, ..reconnecting::Options::default() },
        greet_again,
    });
    let shutdown = Shutdown::default();
    tokio::spawn(link.run(shutdown.clone()));
    let orchestrator = Orchestrator { bus, root, keys, known, heard: Arc::default(), _directory: directory };
    orchestrator.listen();
    Setup { orchestrator, ledger, blobs, board, bus_time, handle, shutdown }
}

impl Orchestrator {
    fn listen(&self) {
        let (bus, known, heard) = (self.bus.clone(), self.known, self.heard.clone());
        tokio::spawn(async move {
            while let Some(incoming) = bus.receive().await {
                if let Incoming::Frame { frame, ack, .. } = incoming {
                    ack.stored();
                    let opened = open_from_agent(&known, &frame, clock::now()).unwrap();
                    heard.lock().unwrap().push(opened);
                }
            }
        });
    }

    fn heard(&self) -> Vec<Envelope<ToOrchestrator>> {
        self.heard.lock().unwrap().clone()
    }

    async fn hello(&self, number: usize) -> Hello {
        let mut hello = None;
        eventually("the agent greets", async || {
            let mut hellos = self.heard().into_iter().filter_map(|envelope| match envelope.message {
                ToOrchestrator::Hello(hello) => Some(hello),
                _ => None,
            });
            hello = hellos.nth(number);
            hello.is_some()
        })
        .await;
        hello.unwrap()
    }

    fn route(&self) -> Route {
        Route::Agent(self.known.identity.agent)
    }

    async fn say_as(&self, keys: &OrchestratorKeys, sequence: u64, message: &ToAgent) {
        let id = EnvelopeId::from_uuid(clock::new_id());
        let meta = if message.is_transient() {
            Meta::transient(self.known.identity, id, clock::now())
        } else {
            let place = HighWater { epoch: 1, sequence };
            Meta::ordered(self.known.identity, id, place, sequence - 1, clock::now())
        };
        self.bus.publish(&self.route(), seal_to_agent(keys, &meta, message).unwrap()).await.unwrap();
    }

    async fn say(&self, sequence: u64, message: &ToAgent) {
        self.say_as(&self.keys, sequence, message).await;
    }

    async fn welcome(&self, number: usize, received: HighWater) {
        let Hello { nonce, .. } = self.hello(number).await;
        let welcome = Welcome { nonce, received, sent: HighWater::default(), time: clock::now() };
        self.say(0, &ToAgent::Welcome(welcome)).await;
    }

    fn receipts(&self) -> Vec<HighWater> {
        self.heard()
            .into_iter()
            .filter_map(|envelope| match envelope.message {
                ToOrchestrator::Receipt(Receipt { stored }) => Some(stored),
                _ => None,
            })
            .collect()
    }

    fn facts(&self) -> Vec<(HighWater, ToOrchestrator)> {
        let is_facts =
            |envelope: &Envelope<ToOrchestrator>| matches!(envelope.message, ToOrchestrator::Facts(_));
        self.heard().into_iter().filter(is_facts).map(|e| (e.meta.place(), e.message)).collect()
    }
}

fn cancel() -> ToAgent {
    ToAgent::Cancel(Cancel { change: ChangeId::from_uuid(clock::new_id()) })
}

fn facts(name: &str) -> ToOrchestrator {
    let properties = std::iter::once(("hostname".to_owned(), name.to_owned())).collect();
    ToOrchestrator::Facts(Facts { properties })
}

fn place(sequence: u64) -> HighWater {
    HighWater { epoch: 1, sequence }
}

async fn report(ledger: &Ledger, name: &str) {
    let mut tx = ledger.begin().await.unwrap();
    tx.report(&facts(name)).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn messages_are_receipted_once_they_are_stored_and_stored_once() {
    let Setup { orchestrator, ledger, .. } = setup().await;
    orchestrator.welcome(0, HighWater::default()).await;
    let (first, second) = (cancel(), cancel());
    orchestrator.say(1, &first).await;
    orchestrator.say(1, &first).await;
    orchestrator.say(3, &cancel()).await;
    orchestrator.say(2, &second).await;
    eventually("all were answered", async || orchestrator.receipts().len() == 4).await;
    assert_eq!(orchestrator.receipts(), [place(1), place(1), place(1), place(2)], "a gap is not stored");
    assert_eq!(ledger.begin().await.unwrap().unsettled().await.unwrap(), [first, second]);
}

#[tokio::test]
async fn nothing_is_receipted_while_the_ledger_cannot_store_it() {
    let Setup { orchestrator, ledger, .. } = setup().await;
    orchestrator.welcome(0, HighWater::default()).await;
    ledger.make_writable(false).await;
    orchestrator.say(1, &cancel()).await;
    // Answered after the message, so the message was looked at.
    orchestrator.say(0, &ToAgent::Receipt(Receipt { stored: HighWater::default() })).await;
    orchestrator.say(0, &ToAgent::NoSuchBlob(NoSuchBlob { digest: String::new() })).await;
    ledger.make_writable(true).await;
    orchestrator.say(1, &cancel()).await;
    eventually("it is stored when it comes again", async || !orchestrator.receipts().is_empty()).await;
    assert_eq!(ledger.begin().await.unwrap().unsettled().await.unwrap().len(), 1);
}

#[tokio::test]
async fn reports_are_sent_until_they_are_receipted_across_sessions() {
    let Setup { orchestrator, ledger, board, .. } = setup().await;
    report(&ledger, "a").await;
    orchestrator.welcome(0, HighWater::default()).await;
    eventually("it is sent", async || orchestrator.facts().len() == 1).await;
    eventually("it says so", async || matches!(board.status().link, LinkState::Connected { .. })).await;
    orchestrator.bus.cut(&orchestrator.route());
    report(&ledger, "b").await;
    orchestrator.welcome(1, HighWater::default()).await;
    eventually("both are sent", async || orchestrator.facts().len() == 3).await;
    let sent = orchestrator.facts();
    assert_eq!(sent[1..], [(place(1), facts("a")), (place(2), facts("b"))]);
    orchestrator.say(0, &ToAgent::Receipt(Receipt { stored: place(2) })).await;
    eventually("nothing waits", async || ledger.begin().await.unwrap().report_count().await.unwrap() == 0)
        .await;
}

#[tokio::test]
async fn nothing_ordered_is_sent_before_the_orchestrator_answers() {
    let Setup { orchestrator, ledger, board, .. } = setup().await;
    report(&ledger, "a").await;
    orchestrator.hello(0).await;
    eventually("it says what it waits for", async || {
        matches!(board.status().link, LinkState::Greeting { .. })
    })
    .await;
    let nonce = "another one".to_owned();
    let stale = Welcome { nonce, received: place(1), sent: HighWater::default(), time: clock::now() };
    orchestrator.say(0, &ToAgent::Welcome(stale)).await;
    orchestrator.welcome(0, HighWater::default()).await;
    eventually("the report is sent", async || orchestrator.facts().len() == 1).await;
}

#[tokio::test]
async fn a_ledger_that_is_an_older_copy_goes_on_in_a_new_epoch() {
    let Setup { orchestrator, ledger, .. } = setup().await;
    report(&ledger, "a").await;
    orchestrator.welcome(0, place(9)).await;
    eventually("it is sent", async || orchestrator.facts().len() == 1).await;
    assert_eq!(orchestrator.facts(), [(HighWater { epoch: 2, sequence: 1 }, facts("a"))]);
}

#[tokio::test]
async fn an_answer_that_comes_after_the_next_greeting_is_one_all_the_same() {
    let often = Backoff { first: Duration::from_millis(1), most: Duration::from_millis(5) };
    let Setup { orchestrator, ledger, .. } = setup_greeting(often).await;
    report(&ledger, "a").await;
    orchestrator.hello(2).await;
    orchestrator.welcome(0, HighWater::default()).await;
    eventually("it speaks", async || orchestrator.facts().len() == 1).await;
}

#[tokio::test]
async fn bus_time_is_that_of_the_orchestrator() {
    let Setup { orchestrator, bus_time, ledger, .. } = setup().await;
    let Hello { nonce, .. } = orchestrator.hello(0).await;
    let time = clock::now() + TimeDelta::minutes(3);
    let (received, sent) = (HighWater::default(), HighWater::default());
    orchestrator.say(0, &ToAgent::Welcome(Welcome { nonce, received, sent, time })).await;
    eventually("it is taken", async || bus_time.now().unwrap() >= time).await;
    eventually("and kept", async || {
        ledger.begin().await.unwrap().lane().await.unwrap().bus_time == Some(time)
    })
    .await;
}

#[tokio::test]
async fn a_stranger_is_heard_only_after_the_root_vouches_for_it() {
    let Setup { orchestrator, ledger, .. } = setup().await;
    orchestrator.welcome(0, HighWater::default()).await;
    let second = OrchestratorKeys::generate(&orchestrator.root, validity(1), &mut rand::thread_rng());
    orchestrator.say_as(&second, 1, &cancel()).await;
    orchestrator.hello(1).await;
    assert_eq!(ledger.begin().await.unwrap().unsettled().await.unwrap(), []);
    orchestrator
        .bus
        .publish(&orchestrator.route(), Frame::of_certificate(second.certificate()))
        .await
        .unwrap();
    orchestrator.say_as(&second, 1, &cancel()).await;
    eventually("it is stored", async || orchestrator.receipts() == [place(1)]).await;
}

#[tokio::test]
async fn content_comes_in_parts_and_goes_on_where_a_session_ended() {
    let Setup { orchestrator, blobs, handle, .. } = setup().await;
    orchestrator.welcome(0, HighWater::default()).await;
    let content = b"0123456789".to_vec();
    let digest = format!("sha256:{}", hex::encode(Sha256::digest(&content)));
    let fetching = tokio::spawn({
        let (handle, digest) = (handle.clone(), digest.clone());
        async move { handle.fetch(&digest, 10).await }
    });
    let asked = async |count: usize| {
        let mut offsets = Vec::new();
        eventually("a part is asked for", async || {
            offsets = orchestrator
                .heard()
                .into_iter()
                .filter_map(|envelope| match envelope.message {
                    ToOrchestrator::Fetch(Fetch { offset, .. }) => Some(offset),
                    _ => None,
                })
                .collect();
            offsets.len() == count
        })
        .await;
        offsets
    };
    let part = |offset: usize, end: usize| {
        ToAgent::Chunk(Chunk {
            digest: digest.clone(),
            offset: offset as u64,
            size: 10,
            data: base64::engine::general_purpose::STANDARD.encode(&content[offset..end]),
        })
    };
    assert_eq!(asked(1).await, [0]);
    orchestrator.say(0, &part(0, 4)).await;
    assert_eq!(asked(2).await, [0, 4]);
    orchestrator.bus.cut(&orchestrator.route());
    orchestrator.welcome(1, HighWater::default()).await;
    assert_eq!(asked(3).await, [0, 4, 4]);
    orchestrator.say(0, &part(4, 10)).await;
    fetching.await.unwrap().unwrap();
    assert_eq!(blobs.read(&digest).unwrap(), content);
}

#[tokio::test]
async fn content_that_is_not_to_be_had_is_not_waited_for() {
    let Setup { orchestrator, handle, .. } = setup().await;
    orchestrator.welcome(0, HighWater::default()).await;
    let digest = format!("sha256:{}", "0".repeat(64));
    let refuse = async {
        eventually("it is asked for", async || {
            orchestrator.heard().iter().any(|envelope| matches!(envelope.message, ToOrchestrator::Fetch(_)))
        })
        .await;
        orchestrator.say(0, &ToAgent::NoSuchBlob(NoSuchBlob { digest: digest.clone() })).await;
    };
    let (fetched, ()) = tokio::join!(handle.fetch(&digest, 10), refuse);
    assert!(matches!(fetched, Err(FetchError::NoSuchBlob)));
    assert!(matches!(handle.fetch(&digest, u64::MAX).await, Err(FetchError::TooLarge { .. })));
}

#[tokio::test]
async fn it_ends_when_it_is_asked_to() {
    let Setup { orchestrator, shutdown, board, .. } = setup().await;
    orchestrator.welcome(0, HighWater::default()).await;
    eventually("it is connected", async || matches!(board.status().link, LinkState::Connected { .. })).await;
    shutdown.ask();
    let route = orchestrator.route();
    eventually("it is gone", async || {
        let frame = Frame::of_certificate(orchestrator.keys.certificate());
        orchestrator.bus.publish(&route, frame).await.is_err()
    })
    .await;
}
