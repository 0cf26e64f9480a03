//! The component: greets, receives, answers, keeps the status.

use std::sync::Arc;

use async_trait::async_trait;
use hostwright_bus::backoff::Backoff;
use hostwright_bus::lane::{self, Lane};
use hostwright_bus::reconnecting::{self, Event, Reconnecting};
use hostwright_bus::{AgentBus, Login};
use hostwright_protocol::envelope::{Identity, Meta, seal_to_orchestrator};
use hostwright_protocol::ids::EnvelopeId;
use hostwright_protocol::keys::AgentKeys;
use hostwright_protocol::messages::{Hello, Plan, Receipt, ToAgent, ToOrchestrator, Welcome};
use rand::RngCore as _;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::fetch::{Fetcher, Part, Waiting};
use super::outbox::Outbox;
use super::receive::{Got, Receiver};
use crate::blobs::{BlobStore, FetchBlobs, FetchError};
use crate::clock::{self, BusTime};
use crate::ledger::{self, IdentityDocument, Ledger};
use crate::lifecycle::Shutdown;
use crate::status::{Board, LinkState};

/// What the link works with.
pub(crate) struct Options {
    /// Inbox and outbox.
    pub(crate) ledger: Ledger,
    /// The way to the orchestrator.
    pub(crate) bus: Arc<dyn AgentBus>,
    /// Of the bus, for people.
    pub(crate) address: String,
    /// Who this agent is.
    pub(crate) identity: Identity,
    /// Whom it believes.
    pub(crate) document: IdentityDocument,
    /// With which it signs.
    pub(crate) keys: Arc<AgentKeys>,
    /// Raised by every verified message.
    pub(crate) bus_time: Arc<BusTime>,
    /// Where content goes.
    pub(crate) blobs: Arc<BlobStore>,
    /// Where the status is shown.
    pub(crate) board: Board,
    /// Who plans.
    pub(crate) plans: mpsc::Sender<Plan>,
    /// How the session is kept.
    pub(crate) reconnecting: reconnecting::Options,
    /// Pauses after greetings that nobody answers: the broker may be there before an orchestrator is.
    pub(crate) greet_again: Backoff,
}

/// Keeps the session and everything that goes over it.
pub(crate) struct Link {
    options: Options,
    outgoing: mpsc::Receiver<ToOrchestrator>,
    handle: Handle,
    connected: watch::Sender<bool>,
}

/// The way to a link that runs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Handle {
    fetcher: Fetcher,
}

impl Handle {
    /// Says something that may be lost.
    pub(crate) async fn say(&self, message: ToOrchestrator) {
        // Without a link there is nobody to say it to, and whoever asked asks again.
        let _ = self.fetcher.outgoing.send(message).await;
    }
}

#[async_trait]
impl FetchBlobs for Handle {
    async fn fetch(&self, digest: &str, size: u64) -> Result<(), FetchError> {
        self.fetcher.fetch(digest, size).await
    }
}

impl Link {
    /// Builds the component; nothing is connected until it runs.
    pub(crate) fn new(options: Options) -> (Self, Handle) {
        let (sender, outgoing) = mpsc::channel(64);
        let (connected, is_connected) = watch::channel(false);
        let fetcher = Fetcher {
            blobs: options.blobs.clone(),
            outgoing: sender,
            connected: is_connected,
            waiting: Arc::new(Waiting::default()),
        };
        let handle = Handle { fetcher };
        (Self { options, outgoing, handle: handle.clone(), connected }, handle)
    }

    /// Runs until it is asked to end.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let Self { options, outgoing, handle, connected } = self;
        let login = Login::Agent { agent: options.identity.agent, keys: options.keys.clone() };
        let (reconnecting, session) = Reconnecting::new(options.bus.clone(), login, options.reconnecting);
        let outbox =
            Outbox { ledger: options.ledger.clone(), identity: options.identity, keys: options.keys.clone() };
        let (lane, reports) =
            Lane::new(Arc::new(outbox), Arc::new(session.clone()), lane::Options::default());
        reports.disconnected();
        let token = CancellationToken::new();
        let _ended_together = token.clone().drop_guard();
        let sending = send(options.identity, options.keys.clone(), outgoing, session.clone());
        let receiver = Receiver {
            ledger: options.ledger.clone(),
            identity: options.identity,
            document: options.document.clone(),
            bus_time: options.bus_time.clone(),
        };
        let serving = Serving {
            options,
            receiver,
            session,
            reports,
            waiting: handle.fetcher.waiting.clone(),
            outgoing: handle.fetcher.outgoing.clone(),
            connected,
            greeting: None,
        };
        tokio::select! {
            () = shutdown.asked() => {}
            () = reconnecting.run(token.clone()) => {}
            () = lane.run(token.clone()) => {}
            () = sending => {}
            () = serving.run() => {}
        }
    }
}

/// Signs and hands over what may be lost, apart from receiving, so that neither waits for the other.
async fn send(
    identity: Identity,
    keys: Arc<AgentKeys>,
    mut outgoing: mpsc::Receiver<ToOrchestrator>,
    session: reconnecting::Handle,
) {
    while let Some(message) = outgoing.recv().await {
        let meta = Meta::transient(identity, EnvelopeId::from_uuid(clock::new_id()), clock::now());
        match seal_to_orchestrator(&keys, &meta, &message) {
            Ok(frame) => {
                // Without a session it is lost, as it may be.
                let _ = session.publish(frame).await;
            }
            Err(error) => warn!(error = &error as &dyn std::error::Error, "a message cannot be sent"),
        }
    }
    std::future::pending::<()>().await;
}

struct Serving {
    options: Options,
    receiver: Receiver,
    session: reconnecting::Handle,
    reports: lane::Handle,
    waiting: Arc<Waiting>,
    outgoing: mpsc::Sender<ToOrchestrator>,
    connected: watch::Sender<bool>,
    /// The one that is under way.
    greeting: Option<Greeting>,
}

/// A greeting that was not answered yet.
struct Greeting {
    /// That a welcome has to bring back. It stays the same for a session: an answer that comes late is one all the same, else
    /// orchestrators that are slow to answer would be asked ever more and never be heard.
    nonce: String,
    /// When to greet again.
    again: Instant,
    /// How often it was said.
    count: u32,
}

impl Greeting {
    fn new() -> Self {
        let mut nonce = [0; 16];
        rand::thread_rng().fill_bytes(&mut nonce);
        Self { nonce: hex::encode(nonce), again: Instant::now(), count: 0 }
    }
}

impl Serving {
    async fn run(mut self) {
        let mut arrivals = self.options.ledger.arrivals();
        let mut status = self.session.status();
        self.show_status(&status.borrow_and_update().clone());
        loop {
            let greet_at = self.greeting.as_ref().map(|greeting| greeting.again);
            // Every arm is cancel-safe: each only waits.
            tokio::select! {
                event = self.session.next() => match event {
                    Some(event) => self.heed(event).await,
                    None => return,
                },
                Ok(()) = arrivals.changed() => self.reports.wake(),
                Ok(()) = status.changed() => {
                    let status = status.borrow_and_update().clone();
                    self.show_status(&status);
                }
                () = async { sleep_until(greet_at.unwrap_or_else(Instant::now)).await }, if greet_at.is_some() => {
                    self.greet().await;
                }
            }
        }
    }

    async fn heed(&mut self, event: Event) {
        match event {
            Event::Connected => self.greet().await,
            Event::Disconnected { .. } => {
                self.greeting = None;
                self.reports.disconnected();
                self.connected.send_replace(false);
            }
            Event::Frame { frame, ack } => match self.receiver.take(&frame).await {
                Ok(got) => {
                    ack.stored();
                    self.act_on(got).await;
                }
                // Not acknowledged, not receipted: it comes again.
                Err(error) => {
                    error!(
                        error = &error as &dyn std::error::Error,
                        "a message cannot be stored; it is not acknowledged"
                    );
                }
            },
        }
    }

    async fn act_on(&mut self, got: Got) {
        match got {
            Got::Nothing => {}
            Got::Stranger => {
                if self.greeting.is_none() {
                    self.greet().await;
                }
            }
            Got::Stored(stored) => self.say(ToOrchestrator::Receipt(Receipt { stored })).await,
            Got::Transient(message) => match message {
                ToAgent::Welcome(welcome) => self.be_welcome(welcome).await,
                ToAgent::Receipt(Receipt { stored }) => self.reports.receipted(stored),
                ToAgent::Chunk(chunk) => {
                    let digest = chunk.digest.clone();
                    self.waiting.give(&digest, Part::Chunk(chunk));
                }
                ToAgent::NoSuchBlob(missing) => self.waiting.give(&missing.digest, Part::NoSuchBlob),
                ToAgent::Plan(plan) => {
                    // A planner that is behind has a queue; who asked asks again.
                    let _ = self.options.plans.try_send(plan);
                }
                ToAgent::Change(_)
                | ToAgent::Cancel(_)
                | ToAgent::Resync(_)
                | ToAgent::LargeChange(_)
                | ToAgent::Activation(_) => {}
            },
        }
    }

    async fn greet(&mut self) {
        let lane = async { self.options.ledger.begin().await?.lane().await };
        let lane = match lane.await {
            Ok(lane) => lane,
            Err(error) => {
                error!(error = &error as &dyn std::error::Error, "the orchestrator cannot be greeted");
                let greeting = self.greeting.take().unwrap_or_else(Greeting::new);
                self.greeting =
                    Some(Greeting { again: Instant::now() + self.options.greet_again.first, ..greeting });
                return;
            }
        };
        let mut greeting = self.greeting.take().unwrap_or_else(Greeting::new);
        greeting.count += 1;
        greeting.again =
            Instant::now() + self.options.greet_again.pause(greeting.count, &mut rand::thread_rng());
        let nonce = greeting.nonce.clone();
        self.greeting = Some(greeting);
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let hello = Hello { nonce, version, received: lane.received, sent: lane.sent };
        self.say(ToOrchestrator::Hello(hello)).await;
    }

    async fn be_welcome(&mut self, welcome: Welcome) {
        let Welcome { nonce, received, sent, time } = welcome;
        if self.greeting.as_ref().is_none_or(|greeting| greeting.nonce != nonce) {
            // An answer in an earlier session, one more to a greeting that was said twice, or a replay.
            return;
        }
        self.options.bus_time.saw(time);
        let agreed = async {
            let mut tx = self.options.ledger.begin().await?;
            tx.raise_bus_time(time).await?;
            let lane = tx.lane().await?;
            if received > lane.sent {
                warn!(
                    "the orchestrator stored reports up to {received:?}, the ledger remembers {:?}: it is an older copy \
                     of itself; reports go on in a new epoch",
                    lane.sent
                );
                tx.begin_epoch(received.epoch + 1).await?;
            } else {
                tx.receipted(received).await?;
            }
            tx.commit().await?;
            Ok::<_, ledger::Error>(lane)
        };
        let lane = match agreed.await {
            Ok(lane) => lane,
            Err(error) => {
                error!(error = &error as &dyn std::error::Error, "the session cannot begin");
                return;
            }
        };
        if sent < lane.received {
            warn!(
                "the orchestrator remembers to have sent up to {sent:?}, but {:?} was received: it is an older copy of \
                 itself; what it sends has to come in a new epoch",
                lane.received
            );
        }
        self.greeting = None;
        self.reports.connected();
        self.connected.send_replace(true);
        info!("the orchestrator answers");
        self.options
            .board
            .link(LinkState::Connected { address: self.options.address.clone(), since: clock::now() });
    }

    async fn say(&self, message: ToOrchestrator) {
        // The sender lives as long as this does.
        let _ = self.outgoing.send(message).await;
    }

    fn show_status(&self, status: &reconnecting::Status) {
        let address = self.options.address.clone();
        let link = match status {
            reconnecting::Status::Connecting { .. } => {
                LinkState::Connecting { address, last_error: None, retry_at: None }
            }
            reconnecting::Status::Retrying { at, error, .. } => LinkState::Connecting {
                address,
                last_error: Some(error.clone()),
                retry_at: Some(clock::now() + at.saturating_duration_since(Instant::now())),
            },
            // The answer to the greeting may have come before this was looked at.
            reconnecting::Status::Connected { .. } if *self.connected.borrow() => return,
            reconnecting::Status::Connected { .. } => LinkState::Greeting { address, since: clock::now() },
            reconnecting::Status::Stopped => LinkState::None,
        };
        self.options.board.link(link);
    }
}
