//! The orchestrator's end.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use hostwright_protocol::ids::EnrolmentTokenId;
use lapin::message::Delivery;
use lapin::options::{
    BasicConsumeOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, Consumer, ExchangeKind};
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::broker::{self, Address, Publication, Unpublished};
use super::names::{self, kind};
use super::options::Options;
use super::settle::{self, Settling};
use crate::admission::{Authenticator, REFUSAL};
use crate::orchestrator::check_size;
use crate::{ConnectError, Frame, Incoming, Limits, OrchestratorBus, PublishError, Route, SessionEnd, queue};

/// The orchestrator's end of a bus through a broker. It stays connected by itself.
pub struct Orchestrator {
    channel: watch::Receiver<Option<Channel>>,
    received: Mutex<queue::Receiver<Incoming>>,
    options: Options,
    shutdown: CancellationToken,
    _stop: DropGuard,
}

impl Orchestrator {
    /// Connects for the first time, and declares what the agents need.
    pub async fn connect(
        address: &str,
        authenticator: Arc<dyn Authenticator>,
        options: Options,
    ) -> Result<Arc<Self>, ConnectError> {
        let address = Address::parse(address)?;
        let link = Link::open(&address, &options).await?;
        let (inbound, received) = queue::channel(Limits::default().inbound_bytes);
        let (sender, channel) = watch::channel(None);
        let shutdown = CancellationToken::new();
        let desk = Desk { authenticator, inbound, channel: sender, options };
        let stop = shutdown.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = desk.stay_connected(&address, link) => {}
            }
        });
        Ok(Arc::new(Self {
            channel,
            received: Mutex::new(received),
            options,
            _stop: shutdown.clone().drop_guard(),
            shutdown,
        }))
    }

    /// Leaves the broker; nothing is received after what is on its way.
    pub fn close(&self) {
        self.shutdown.cancel();
    }

    /// Returns the channel of this moment, or waits for one.
    async fn current(&self) -> Result<Channel, PublishError> {
        let mut channel = self.channel.clone();
        let waiting = channel.wait_for(Option::is_some);
        match timeout(self.options.patience, waiting).await {
            Ok(Ok(channel)) => channel.clone().ok_or(PublishError::Offline),
            Ok(Err(_)) => Err(PublishError::Ended { end: SessionEnd::Closed }),
            Err(_) => Err(PublishError::Offline),
        }
    }
}

#[async_trait]
impl OrchestratorBus for Orchestrator {
    async fn publish(&self, to: &Route, frame: Frame) -> Result<(), PublishError> {
        check_size(&frame)?;
        let channel = self.current().await?;
        reply(&channel, to, kind::FRAME, frame.bytes(), &self.options).await
    }

    async fn receive(&self) -> Option<Incoming> {
        self.received.lock().await.recv().await.map(|held| held.item)
    }

    /// Deletes the route's queue, which ends the session that consumes it.
    async fn disconnect(&self, route: &Route) -> Result<(), PublishError> {
        let channel = self.current().await?;
        let deleted = channel.queue_delete(names::queue(route), QueueDeleteOptions::default()).await;
        deleted.map(|_| ()).map_err(|error| PublishError::Broker { reason: error.to_string() })
    }

    fn keeps_frames(&self) -> bool {
        true
    }
}

/// Puts a message into a route's own queue, if there is one.
async fn reply(
    channel: &Channel,
    to: &Route,
    kind: &'static str,
    payload: &[u8],
    options: &Options,
) -> Result<(), PublishError> {
    let publication = Publication {
        // The default exchange: the routing key is the name of the queue.
        exchange: "",
        routing_key: names::queue(to),
        kind,
        headers: FieldTable::default(),
        lifetime: None,
        payload,
    };
    broker::publish(channel, &publication, options.patience).await.map_err(|error| match error {
        Unpublished::Unroutable => PublishError::NotConnected { to: *to },
        Unpublished::Error(error) => error,
    })
}

/// One connection with its consumers.
struct Link {
    _connection: Connection,
    channel: Channel,
    reports: Consumer,
    enrolments: Consumer,
}

impl Link {
    async fn open(address: &Address, options: &Options) -> Result<Self, ConnectError> {
        let (connection, channel) = address.connect("hostwright orchestrator", options).await?;
        let opening = async {
            declare(&channel, options).await?;
            let consume = |queue: &'static str| {
                // Not exclusive: orchestrators share the work.
                let consume = BasicConsumeOptions::default();
                channel.basic_consume(queue.into(), "".into(), consume, FieldTable::default())
            };
            let reports = consume(names::REPORTS).await?;
            let enrolments = consume(names::ENROLMENTS).await?;
            Ok((reports, enrolments))
        };
        let error = match timeout(options.connect_timeout, opening).await {
            Ok(Ok((reports, enrolments))) => {
                return Ok(Self { _connection: connection, channel, reports, enrolments });
            }
            Ok(Err(error)) => address.failed(error),
            // Seen with a quorum queue that has lost its leader.
            Err(_) => ConnectError::Timeout { address: address.shown() },
        };
        broker::hang_up(&connection).await;
        Err(error)
    }
}

async fn declare(channel: &Channel, options: &Options) -> Result<(), lapin::Error> {
    let exchange = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel
        .exchange_declare(names::EXCHANGE.into(), ExchangeKind::Topic, exchange, FieldTable::default())
        .await?;

    let text = |text: &str| AMQPValue::LongString(text.into());
    // A quorum queue: reports are the only copy until they are in the database.
    let mut reports = FieldTable::default();
    reports.insert("x-queue-type".into(), text("quorum"));
    reports.insert("x-max-length-bytes".into(), AMQPValue::LongUInt(options.report_queue_bytes));
    reports.insert("x-overflow".into(), text("reject-publish"));

    // Anyone may write here, so little fits in, and not for long.
    let limits = Limits::default();
    let lifetime = u32::try_from(limits.enrolment_lifetime.as_millis()).unwrap_or(u32::MAX);
    let sessions = u32::try_from(limits.enrolment_sessions).unwrap_or(u32::MAX);
    let mut enrolments = FieldTable::default();
    enrolments.insert("x-message-ttl".into(), AMQPValue::LongUInt(lifetime));
    enrolments.insert("x-max-length".into(), AMQPValue::LongUInt(sessions.saturating_mul(4)));
    enrolments.insert("x-overflow".into(), text("reject-publish"));

    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    for (queue, arguments, from) in
        [(names::REPORTS, reports, "agent.*"), (names::ENROLMENTS, enrolments, "enrolment.*")]
    {
        channel.queue_declare(queue.into(), durable, arguments).await?;
        let (queue, exchange) = (queue.into(), names::EXCHANGE.into());
        channel
            .queue_bind(queue, exchange, from.into(), QueueBindOptions::default(), FieldTable::default())
            .await?;
    }
    Ok(())
}

/// Takes in what agents say.
struct Desk {
    authenticator: Arc<dyn Authenticator>,
    inbound: queue::Sender<Incoming>,
    channel: watch::Sender<Option<Channel>>,
    options: Options,
}

impl Desk {
    async fn stay_connected(&self, address: &Address, first: Link) {
        let mut link = first;
        loop {
            self.channel.send_replace(Some(link.channel.clone()));
            let reason = self.serve(link).await;
            self.channel.send_replace(None);
            tracing::warn!("lost the broker at {}: {reason}", address.shown());
            link = self.reconnect(address).await;
            tracing::info!("connected to the broker at {} again", address.shown());
        }
    }

    async fn reconnect(&self, address: &Address) -> Link {
        let mut failures = 0;
        loop {
            failures += 1;
            let pause = self.options.backoff.pause(failures, &mut rand::thread_rng());
            tokio::time::sleep(pause).await;
            match Link::open(address, &self.options).await {
                Ok(link) => return link,
                Err(error) => tracing::warn!("failed to connect to the broker again: {error}"),
            }
        }
    }

    /// Takes in until the connection breaks; returns why.
    async fn serve(&self, mut link: Link) -> String {
        let (settling, settler) = settle::channel(self.options.redelivery_pause);
        let take = async {
            loop {
                let delivery = tokio::select! {
                    delivery = link.reports.next() => delivery,
                    delivery = link.enrolments.next() => delivery,
                };
                match delivery {
                    Some(Ok(delivery)) => self.take(&link.channel, delivery, &settling).await,
                    Some(Err(error)) => return error.to_string(),
                    None => return "a queue was deleted".to_owned(),
                }
            }
        };
        tokio::select! {
            reason = take => reason,
            () = settler.run() => "nothing is left to settle".to_owned(),
        }
    }

    async fn take(&self, channel: &Channel, delivery: Delivery, settling: &Settling) {
        let Delivery { routing_key, properties, data, acker, .. } = delivery;
        let ack = settling.ack(acker);
        let Some(from) = names::route(routing_key.as_str()) else {
            tracing::warn!("dropped a message with the routing key `{routing_key}`");
            return ack.stored();
        };
        let kind = properties.kind().as_ref().map(ToString::to_string).unwrap_or_default();
        if !self.is_admitted(&from, &properties).await {
            tracing::warn!("dropped a message of type `{kind}` from {from}, which is unknown or revoked");
            if kind == kind::CONNECTED && matches!(from, Route::Enrolment(_)) {
                self.answer(channel, &from, kind::REFUSED, REFUSAL.as_bytes()).await;
            }
            return ack.stored();
        }
        match kind.as_str() {
            kind::FRAME => {
                let (limit, size) = (Limits::default().enrolment_frame_bytes, data.len());
                if matches!(from, Route::Enrolment(_)) && size > limit {
                    tracing::warn!("dropped {size} bytes from {from}, the limit is {limit}");
                    return ack.stored();
                }
                let incoming = Incoming::Frame { from, frame: Frame::from_bytes(data.into()), ack };
                // Only fails when nobody receives any more; the broker keeps the frame.
                let _ = self.inbound.send(incoming, size).await;
            }
            kind::CONNECTED => {
                if matches!(from, Route::Enrolment(_)) {
                    self.answer(channel, &from, kind::ACCEPTED, &[]).await;
                }
                self.inbound.send_now(Incoming::Connected(from));
                ack.stored();
            }
            kind::DISCONNECTED => {
                self.inbound.send_now(Incoming::Disconnected(from));
                ack.stored();
            }
            other => {
                tracing::warn!("dropped a message of the unknown type `{other}` from {from}");
                ack.stored();
            }
        }
    }

    async fn is_admitted(&self, from: &Route, properties: &BasicProperties) -> bool {
        match from {
            Route::Agent(agent) => self.authenticator.agent_key(*agent).await.is_some(),
            Route::Enrolment(_) => match token(properties) {
                Some(token) => self.authenticator.token_is_known(token).await,
                None => false,
            },
        }
    }

    async fn answer(&self, channel: &Channel, to: &Route, kind: &'static str, payload: &[u8]) {
        if let Err(error) = reply(channel, to, kind, payload, &self.options).await {
            tracing::debug!("{to} does not hear its answer: {error}");
        }
    }
}

/// Returns the token that an enrolment names.
fn token(properties: &BasicProperties) -> Option<EnrolmentTokenId> {
    match properties.headers().as_ref()?.inner().get(names::TOKEN)? {
        AMQPValue::LongString(text) => text.to_string().parse().ok(),
        _ => None,
    }
}
