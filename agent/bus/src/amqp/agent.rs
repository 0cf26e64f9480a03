//! An agent's end.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use hostwright_protocol::ids::EnrolmentSessionId;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, Consumer};
use tokio::time::timeout;

use super::broker::{self, Address, PATIENCE, Publication, Unpublished};
use super::names::{self, kind};
use super::options::Options;
use super::settle::{self, Settler, Settling};
use crate::ending::Ending;
use crate::orchestrator::check_size;
use crate::{
    Ack, AgentBus, AgentSession, ConnectError, Frame, Login, MAX_FRAME_BYTES, PublishError, Route,
    SessionEnd, queue,
};

/// How long it matters that an agent came or went.
const NEWS: Duration = Duration::from_mins(1);

/// The agents' end of a bus through a broker.
pub struct Agents {
    address: String,
    options: Options,
}

impl Agents {
    /// Will connect to an address such as `amqp://user:password@127.0.0.1:5672/%2f`.
    pub fn new(address: impl Into<String>, options: Options) -> Self {
        Self { address: address.into(), options }
    }
}

#[async_trait]
impl AgentBus for Agents {
    async fn connect(&self, login: &Login) -> Result<Box<dyn AgentSession>, ConnectError> {
        let address = Address::parse(&self.address)?;
        let route = match login {
            Login::Agent { agent, .. } => Route::Agent(*agent),
            Login::Enrolment { .. } => Route::Enrolment(EnrolmentSessionId::random(&mut rand::thread_rng())),
        };
        let (connection, channel) = address.connect(&format!("hostwright {route}"), &self.options).await?;
        let beginning = begin(&address, &connection, channel, route, login, &self.options);
        let error = match timeout(self.options.connect_timeout, beginning).await {
            Ok(Ok((voice, consumer))) => {
                return Ok(Box::new(Session::start(connection, voice, consumer, &self.options)));
            }
            Ok(Err(error)) => error,
            Err(_) => ConnectError::Timeout { address: address.shown() },
        };
        // Otherwise the next attempt finds its own predecessor in the way.
        broker::hang_up(&connection).await;
        Err(error)
    }
}

async fn begin(
    address: &Address,
    connection: &Connection,
    channel: Channel,
    route: Route,
    login: &Login,
    options: &Options,
) -> Result<(Voice, Consumer), ConnectError> {
    let failed = |error| address.failed(error);
    let (channel, mut consumer) = match route {
        Route::Agent(_) => consume_own(connection, channel, &route, options).await.map_err(failed)?,
        Route::Enrolment(_) => consume_reply(channel, &route).await.map_err(failed)?,
    };
    let mut headers = FieldTable::default();
    if let Login::Enrolment { token } = login {
        headers.insert(names::TOKEN.into(), AMQPValue::LongString(token.to_string().into()));
    }
    let voice = Voice { channel, route, headers, patience: options.patience };
    voice
        .say(kind::CONNECTED, &[])
        .await
        .map_err(|error| ConnectError::Handshake { address: address.shown(), reason: error.to_string() })?;
    if matches!(route, Route::Enrolment(_)) {
        be_accepted(&mut consumer, address).await?;
    }
    Ok((voice, consumer))
}

/// Consumes the agent's own queue; whoever did so before is sent away.
async fn consume_own(
    connection: &Connection,
    channel: Channel,
    route: &Route,
    options: &Options,
) -> Result<(Channel, Consumer), lapin::Error> {
    match declare_and_consume(&channel, route, options).await {
        Ok(consumer) => Ok((channel, consumer)),
        Err(error) if broker::is_access_refused(&error) => {
            tracing::info!("an older session of {route} is still there, replacing it");
            // The refusal closed the channel.
            let channel = broker::open_channel(connection, options).await?;
            channel.queue_delete(names::queue(route), QueueDeleteOptions::default()).await?;
            let consumer = declare_and_consume(&channel, route, options).await?;
            Ok((channel, consumer))
        }
        Err(error) => Err(error),
    }
}

async fn declare_and_consume(
    channel: &Channel,
    route: &Route,
    options: &Options,
) -> Result<Consumer, lapin::Error> {
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length-bytes".into(), AMQPValue::LongUInt(options.agent_queue_bytes));
    arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    // Durable, and there while the agent is away.
    let declare = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(names::queue(route), declare, arguments).await?;
    // Exclusive: two sessions of one agent must not share what is for it.
    let consume = BasicConsumeOptions { exclusive: true, ..BasicConsumeOptions::default() };
    channel.basic_consume(names::queue(route), "".into(), consume, FieldTable::default()).await
}

/// Consumes a queue that goes with the connection.
async fn consume_reply(channel: Channel, route: &Route) -> Result<(Channel, Consumer), lapin::Error> {
    let declare = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(names::queue(route), declare, FieldTable::default()).await?;
    let consume = BasicConsumeOptions { exclusive: true, ..BasicConsumeOptions::default() };
    let consumer =
        channel.basic_consume(names::queue(route), "".into(), consume, FieldTable::default()).await?;
    Ok((channel, consumer))
}

/// Waits for an orchestrator to say whether it knows the token.
async fn be_accepted(consumer: &mut Consumer, address: &Address) -> Result<(), ConnectError> {
    let handshake = |reason: String| ConnectError::Handshake { address: address.shown(), reason };
    match consumer.next().await {
        Some(Ok(delivery)) => {
            let answer = delivery.properties.kind().as_ref().map(ToString::to_string).unwrap_or_default();
            delivery.ack(BasicAckOptions::default()).await.map_err(|error| address.failed(error))?;
            match answer.as_str() {
                kind::ACCEPTED => Ok(()),
                kind::REFUSED => Err(ConnectError::Refused {
                    reason: String::from_utf8_lossy(&delivery.data).into_owned(),
                }),
                other => Err(handshake(format!("unexpected message of type `{other}`"))),
            }
        }
        Some(Err(error)) => Err(address.failed(error)),
        None => Err(handshake("the reply queue is gone".into())),
    }
}

/// What the agent says, and as whom.
struct Voice {
    channel: Channel,
    route: Route,
    headers: FieldTable,
    patience: Duration,
}

impl Voice {
    async fn say(&self, kind: &'static str, payload: &[u8]) -> Result<(), PublishError> {
        let publication = Publication {
            exchange: names::EXCHANGE,
            routing_key: names::queue(&self.route),
            kind,
            headers: self.headers.clone(),
            // Coming and going is news; a hundred of them should not wait for an orchestrator that was away.
            lifetime: (kind != kind::FRAME).then_some(NEWS),
            payload,
        };
        broker::publish(&self.channel, &publication, self.patience).await.map_err(|error| match error {
            Unpublished::Unroutable => {
                PublishError::Broker { reason: "no orchestrator has been here".into() }
            }
            Unpublished::Error(error) => error,
        })
    }
}

struct Session {
    voice: Arc<Voice>,
    inbound: tokio::sync::Mutex<queue::Receiver<(Frame, Ack)>>,
    ending: Ending,
}

impl Session {
    fn start(connection: Connection, voice: Voice, consumer: Consumer, options: &Options) -> Self {
        let voice = Arc::new(voice);
        let (received, inbound) = queue::channel(MAX_FRAME_BYTES);
        let ending = Ending::default();
        let session = Self {
            voice: Arc::clone(&voice),
            inbound: tokio::sync::Mutex::new(inbound),
            ending: ending.clone(),
        };
        let (settling, settler) = settle::channel(options.redelivery_pause);
        // Ends with the session: the ending is told when the session is dropped.
        tokio::spawn(serve(connection, voice, consumer, received, (settling, settler), ending));
        session
    }
}

async fn serve(
    connection: Connection,
    voice: Arc<Voice>,
    consumer: Consumer,
    received: queue::Sender<(Frame, Ack)>,
    (settling, settler): (Settling, Settler),
    ending: Ending,
) {
    let end = tokio::select! {
        biased;
        end = ending.ended() => end,
        end = consume(consumer, &received, &settling) => end,
        () = settler.run() => SessionEnd::Closed,
    };
    ending.end(end.clone());
    drop(received);
    if end == SessionEnd::Closed {
        let _ = timeout(PATIENCE, voice.say(kind::DISCONNECTED, &[])).await;
    }
    broker::hang_up(&connection).await;
}

async fn consume(
    mut consumer: Consumer,
    received: &queue::Sender<(Frame, Ack)>,
    settling: &Settling,
) -> SessionEnd {
    loop {
        match consumer.next().await {
            Some(Ok(delivery)) => {
                let Delivery { data, acker, .. } = delivery;
                let (size, ack) = (data.len(), settling.ack(acker));
                if received.send((Frame::from_bytes(data.into()), ack), size).await.is_err() {
                    return SessionEnd::Closed;
                }
            }
            Some(Err(error)) => return SessionEnd::Broken { reason: error.to_string() },
            // The queue was deleted under the consumer.
            None => return SessionEnd::Superseded,
        }
    }
}

#[async_trait]
impl AgentSession for Session {
    async fn publish(&self, frame: Frame) -> Result<(), PublishError> {
        check_size(&frame)?;
        tokio::select! {
            biased;
            end = self.ending.ended() => Err(PublishError::Ended { end }),
            published = self.voice.say(kind::FRAME, frame.bytes()) => published,
        }
    }

    async fn receive(&self) -> Option<(Frame, Ack)> {
        let mut inbound = self.inbound.lock().await;
        tokio::select! {
            biased;
            // What was delivered and not acknowledged comes again to the next session.
            _ = self.ending.ended() => None,
            held = inbound.recv() => held.map(|held| held.item),
        }
    }

    fn end(&self) -> Option<SessionEnd> {
        self.ending.reason()
    }

    fn close(&self) {
        self.ending.end(SessionEnd::Closed);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.close();
    }
}
