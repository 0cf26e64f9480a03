//! A connection to the broker, and publishing so that nothing is lost silently.

use std::time::Duration;

use lapin::options::{BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::uri::AMQPUri;
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ErrorKind};
use tokio::time::Instant;

use super::options::Options;
use crate::backoff::Backoff;
use crate::{ConnectError, PublishError};

/// The library's default costs 8 MiB of buffers for each connection.
const FRAME_MAX: u32 = 8192;
const HEARTBEAT_SECONDS: u16 = 20;
const PERSISTENT: u8 = 2;
/// How long a farewell may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
const ACCESS_REFUSED: u16 = 403;

/// Where a broker is; shown without its password.
#[derive(Clone)]
pub(super) struct Address {
    uri: AMQPUri,
}

impl Address {
    pub(super) fn parse(address: &str) -> Result<Self, ConnectError> {
        let mut uri: AMQPUri = address.parse().map_err(|reason: String| ConnectError::Unreachable {
            // The address may hold a password, so it is not repeated.
            address: "amqp://…".into(),
            source: reason.into(),
        })?;
        uri.query.frame_max = Some(FRAME_MAX);
        uri.query.heartbeat = Some(HEARTBEAT_SECONDS);
        Ok(Self { uri })
    }

    pub(super) fn shown(&self) -> String {
        format!("amqp://{}:{}/{}", self.uri.authority.host, self.uri.authority.port, self.uri.vhost)
    }

    /// Connects, and opens a channel that confirms what is published and delivers only so much unacknowledged.
    pub(super) async fn connect(
        &self,
        name: &str,
        options: &Options,
    ) -> Result<(Connection, Channel), ConnectError> {
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connecting = async {
            let connection = Connection::connect_uri(self.uri.clone(), properties).await?;
            let channel = open_channel(&connection, options).await?;
            Ok((connection, channel))
        };
        match tokio::time::timeout(options.connect_timeout, connecting).await {
            Ok(connected) => connected.map_err(|error| self.failed(error)),
            Err(_) => Err(ConnectError::Timeout { address: self.shown() }),
        }
    }

    pub(super) fn failed(&self, error: lapin::Error) -> ConnectError {
        if is_access_refused(&error) {
            return ConnectError::Refused { reason: error.to_string() };
        }
        ConnectError::Unreachable { address: self.shown(), source: error.into() }
    }
}

pub(super) async fn open_channel(
    connection: &Connection,
    options: &Options,
) -> Result<Channel, lapin::Error> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    // For each consumer by itself (RabbitMQ's meaning of `global: false`).
    channel.basic_qos(options.prefetch, BasicQosOptions { global: false }).await?;
    Ok(channel)
}

/// Closes a connection, as far as the broker still answers.
pub(super) async fn hang_up(connection: &Connection) {
    // A broker that does not listen any more notices by itself that nothing comes.
    let _ = tokio::time::timeout(PATIENCE, connection.close(200, "OK".into())).await;
}

pub(super) fn is_access_refused(error: &lapin::Error) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(error) if error.get_id() == ACCESS_REFUSED)
}

/// A message for the broker.
pub(super) struct Publication<'a> {
    pub(super) exchange: &'static str,
    pub(super) routing_key: ShortString,
    pub(super) kind: &'static str,
    pub(super) headers: FieldTable,
    /// After this the broker may forget it; nothing for what must not be lost.
    pub(super) lifetime: Option<Duration>,
    pub(super) payload: &'a [u8],
}

/// Why a message is not at the broker.
pub(super) enum Unpublished {
    /// No queue is there for it.
    Unroutable,
    /// See there.
    Error(PublishError),
}

/// Publishes, and returns once the broker has stored the message. While its queue is full, waits and tries again.
pub(super) async fn publish(
    channel: &Channel,
    publication: &Publication<'_>,
    patience: Duration,
) -> Result<(), Unpublished> {
    let pauses = Backoff { first: Duration::from_millis(50), most: Duration::from_secs(1) };
    let deadline = Instant::now() + patience;
    let mut refusals = 0;
    loop {
        let confirmation = match tokio::time::timeout_at(deadline, attempt(channel, publication)).await {
            Ok(confirmation) => confirmation
                .map_err(|error| Unpublished::Error(PublishError::Broker { reason: error.to_string() }))?,
            Err(_) => return Err(full(publication)),
        };
        match confirmation {
            Confirmation::Ack(None) => return Ok(()),
            Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => return Err(Unpublished::Unroutable),
            Confirmation::Nack(None) => {
                refusals += 1;
                let pause = pauses.pause(refusals, &mut rand::thread_rng());
                if Instant::now() + pause >= deadline {
                    return Err(full(publication));
                }
                tokio::time::sleep(pause).await;
            }
            Confirmation::NotRequested => {
                let reason = "the channel does not confirm".to_owned();
                return Err(Unpublished::Error(PublishError::Broker { reason }));
            }
        }
    }
}

async fn attempt(channel: &Channel, publication: &Publication<'_>) -> Result<Confirmation, lapin::Error> {
    // Mandatory: what has no queue comes back instead of vanishing. Immediate is not supported by RabbitMQ.
    let options = BasicPublishOptions { mandatory: true, immediate: false };
    let mut properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_type(publication.kind.into())
        .with_headers(publication.headers.clone());
    if let Some(lifetime) = publication.lifetime {
        properties = properties.with_expiration(lifetime.as_millis().to_string().into());
    }
    let confirm = channel
        .basic_publish(
            publication.exchange.into(),
            publication.routing_key.clone(),
            options,
            publication.payload,
            properties,
        )
        .await?;
    confirm.await
}

fn full(publication: &Publication<'_>) -> Unpublished {
    Unpublished::Error(PublishError::Full { to: publication.routing_key.to_string() })
}
