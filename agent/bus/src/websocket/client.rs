//! An agent's end.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _, future};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocketConfig};

use super::closing::{Closing, REFUSED};
use super::handshake::{self, Acceptance, Answer, Greeting};
use super::pump::{self, Pulse, Wire};
use crate::ending::Ending;
use crate::orchestrator::check_size;
use crate::{
    Ack, AgentBus, AgentSession, ConnectError, Frame, Login, MAX_FRAME_BYTES, PublishError, SessionEnd, queue,
};

/// Bytes on their way in either direction; publishing waits at the bound. One frame always fits.
const QUEUE_BYTES: usize = MAX_FRAME_BYTES;

/// An agent's end of the embedded bus.
#[derive(Clone, Debug)]
pub struct Client {
    address: String,
    pulse: Pulse,
    connect_timeout: Duration,
}

impl Client {
    /// Will connect to an address such as `ws://127.0.0.1:7690/bus/v1`.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), pulse: Pulse::default(), connect_timeout: Duration::from_secs(20) }
    }

    /// Takes the other end for dead otherwise than by default.
    #[must_use]
    pub fn with_pulse(self, pulse: Pulse) -> Self {
        Self { pulse, ..self }
    }
}

#[async_trait]
impl AgentBus for Client {
    async fn connect(&self, login: &Login) -> Result<Box<dyn AgentSession>, ConnectError> {
        let connecting = self.log_in(login);
        match timeout(self.connect_timeout, connecting).await {
            Ok(session) => Ok(Box::new(session?)),
            Err(_) => Err(ConnectError::Timeout { address: self.address.clone() }),
        }
    }
}

impl Client {
    async fn log_in(&self, login: &Login) -> Result<Session, ConnectError> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_FRAME_BYTES))
            .max_frame_size(Some(MAX_FRAME_BYTES))
            // An idle agent should hold no large buffers; larger frames bypass them.
            .read_buffer_size(8 * 1024)
            .write_buffer_size(0);
        let (socket, _) =
            tokio_tungstenite::connect_async_with_config(self.address.as_str(), Some(config), true)
                .await
                .map_err(|source| ConnectError::Unreachable {
                    address: self.address.clone(),
                    source: source.into(),
                })?;
        let (sink, stream) = socket.split();
        let mut sink = sink.with(|wire| future::ok::<_, Error>(to_message(wire)));
        let mut stream = stream.map(|message| message.map(to_wire));

        let Greeting { challenge } = self.hear(&mut stream).await?;
        let answer = match login {
            Login::Agent { agent, keys } => Answer::Agent(challenge.answer(*agent, keys)),
            Login::Enrolment { token } => Answer::Enrolment { token: *token },
        };
        sink.send(Wire::Text(handshake::to_text(&answer)))
            .await
            .map_err(|error| self.handshake(error.to_string()))?;
        let Acceptance { accepted } = self.hear(&mut stream).await?;
        if !accepted {
            return Err(ConnectError::Refused { reason: "the login was not accepted".into() });
        }
        Ok(Session::start(sink, stream, self.pulse))
    }

    /// Returns the next message of the handshake.
    async fn hear<M, S>(&self, stream: &mut S) -> Result<M, ConnectError>
    where
        M: serde::de::DeserializeOwned,
        S: Stream<Item = Result<Wire, Error>> + Unpin,
    {
        loop {
            match stream.next().await {
                Some(Ok(Wire::Text(text))) => {
                    return serde_json::from_str(&text).map_err(|error| self.handshake(error.to_string()));
                }
                Some(Ok(Wire::Close(Some(Closing { code: REFUSED, reason })))) => {
                    return Err(ConnectError::Refused { reason });
                }
                Some(Ok(Wire::Ping | Wire::Heard)) => {}
                Some(Ok(other)) => return Err(self.handshake(format!("unexpected message {other:?}"))),
                Some(Err(error)) => return Err(self.handshake(error.to_string())),
                None => return Err(self.handshake("the connection was closed".into())),
            }
        }
    }

    fn handshake(&self, reason: String) -> ConnectError {
        ConnectError::Handshake { address: self.address.clone(), reason }
    }
}

struct Session {
    outbound: queue::Sender<Frame>,
    inbound: tokio::sync::Mutex<queue::Receiver<Frame>>,
    ending: Ending,
}

impl Session {
    fn start<S, T>(mut sink: S, mut stream: T, pulse: Pulse) -> Self
    where
        S: Sink<Wire, Error = Error> + Unpin + Send + 'static,
        T: Stream<Item = Result<Wire, Error>> + Unpin + Send + 'static,
    {
        let (outbound, mut to_send) = queue::channel(QUEUE_BYTES);
        let (received, inbound) = queue::channel(QUEUE_BYTES);
        let ending = Ending::default();
        let session = Self { outbound, inbound: tokio::sync::Mutex::new(inbound), ending: ending.clone() };
        // Ends with the session: the ending is told when the session is dropped.
        tokio::spawn(async move {
            let end = pump::run(&mut sink, &mut stream, &mut to_send, &received, &ending, pulse).await;
            ending.end(end.clone());
            if let Some(closing) = Closing::for_end(&end) {
                pump::part(&mut sink, &mut stream, closing).await;
            }
        });
        session
    }
}

#[async_trait]
impl AgentSession for Session {
    async fn publish(&self, frame: Frame) -> Result<(), PublishError> {
        check_size(&frame)?;
        let size = frame.size();
        let ended = |end| PublishError::Ended { end };
        tokio::select! {
            biased;
            end = self.ending.ended() => Err(ended(end)),
            sent = self.outbound.send(frame, size) => {
                sent.map_err(|_| ended(self.ending.reason().unwrap_or(SessionEnd::Closed)))
            }
        }
    }

    async fn receive(&self) -> Option<(Frame, Ack)> {
        let mut inbound = self.inbound.lock().await;
        // What arrived before the end is still given out.
        let held = inbound.recv().await;
        if held.is_none() {
            self.ending.ended().await;
        }
        held.map(|held| (held.item, Ack::none()))
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

fn to_message(wire: Wire) -> Message {
    match wire {
        Wire::Text(text) => Message::Text(text.into()),
        Wire::Binary(bytes) => Message::Binary(bytes),
        Wire::Ping => Message::Ping(bytes::Bytes::new()),
        Wire::Heard => Message::Pong(bytes::Bytes::new()),
        Wire::Close(closing) => Message::Close(
            closing.map(|Closing { code, reason }| CloseFrame { code: code.into(), reason: reason.into() }),
        ),
    }
}

fn to_wire(message: Message) -> Wire {
    match message {
        Message::Text(text) => Wire::Text(text.to_string()),
        Message::Binary(bytes) => Wire::Binary(bytes),
        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Wire::Heard,
        Message::Close(frame) => Wire::Close(
            frame.map(|frame| Closing { code: frame.code.into(), reason: frame.reason.to_string() }),
        ),
    }
}
