//! The orchestrator's end: a route of its HTTP server.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _, future};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::PATH;
use super::closing::{Closing, REFUSED};
use super::handshake::{self, Acceptance, Greeting};
use super::pump::{self, Inlet, Pulse, Wire};
use crate::admission::{self, Answer, Authenticator, REFUSAL};
use crate::hub::{Hub, Seat};
use crate::{Frame, Incoming, Limits, MAX_FRAME_BYTES, OrchestratorBus, PublishError, Route, SessionEnd};

/// How to serve.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What sessions may take up.
    pub limits: Limits,
    /// When an agent is taken for dead.
    pub pulse: Pulse,
    /// How long a caller may take to log in.
    pub login_timeout: Duration,
    /// Logins that are checked at once; more wait.
    pub logins: usize,
    /// Callers that may be connected and not logged in; more are refused.
    pub strangers: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            pulse: Pulse::default(),
            login_timeout: Duration::from_secs(10),
            logins: 256,
            strangers: 8192,
        }
    }
}

/// The orchestrator's end of the embedded bus.
pub struct Server {
    hub: Arc<Hub>,
    authenticator: Arc<dyn Authenticator>,
    options: Options,
    logins: Semaphore,
    strangers: Semaphore,
}

impl Server {
    /// Makes a server, and the router that is to be merged into the orchestrator's.
    pub fn new(authenticator: Arc<dyn Authenticator>) -> (Router, Arc<Self>) {
        Self::with_options(authenticator, Options::default())
    }

    /// Makes a server that serves otherwise than by default.
    pub fn with_options(authenticator: Arc<dyn Authenticator>, options: Options) -> (Router, Arc<Self>) {
        let hub = Hub::new(options.limits);
        let logins = Semaphore::new(options.logins);
        let strangers = Semaphore::new(options.strangers);
        let server = Arc::new(Self { hub, authenticator, options, logins, strangers });
        (Router::new().route(PATH, get(upgrade)).with_state(Arc::clone(&server)), server)
    }

    /// Ends all sessions and the bus. An HTTP server that shuts down does not do that: upgraded connections are not its
    /// own any more.
    pub fn close(&self) {
        self.hub.close();
    }

    async fn serve(&self, socket: WebSocket) {
        let (sink, stream) = socket.split();
        let mut sink = sink.with(|wire| future::ok::<_, axum::Error>(to_message(wire)));
        let mut stream = stream.map(|message| message.map(to_wire));
        let route = match self.log_in(&mut sink, &mut stream).await {
            Ok(route) => route,
            Err(reason) => return refuse(&mut sink, &mut stream, reason).await,
        };
        let (seat, mut outbound) = match self.hub.join(route) {
            Ok(joined) => joined,
            Err(error) => {
                let reason = format!("{} enrolments are under way, which is the limit", error.limit);
                return refuse(&mut sink, &mut stream, reason).await;
            }
        };
        tracing::debug!("{route} is connected");
        let serve = async {
            let accepted = Wire::Text(handshake::to_text(&Acceptance { accepted: true }));
            if let Err(error) = sink.send(accepted).await {
                return SessionEnd::Broken { reason: error.to_string() };
            }
            let pulse = self.options.pulse;
            pump::run(&mut sink, &mut stream, &mut outbound, &seat, &seat.ending, pulse).await
        };
        let watch = async {
            let end = seat.outlived().await;
            // The pump sees it and tells the other end.
            seat.ending.end(end);
            future::pending::<()>().await;
        };
        let end = tokio::select! {
            end = serve => end,
            () = watch => SessionEnd::Closed,
        };
        tracing::debug!("{route} is disconnected: {end}");
        let closing = Closing::for_end(&end);
        seat.leave(end);
        if let Some(closing) = closing {
            pump::part(&mut sink, &mut stream, closing).await;
        }
    }

    /// Returns the caller's route, or what to tell it.
    async fn log_in<S, T>(&self, sink: &mut S, stream: &mut T) -> Result<Route, String>
    where
        S: Sink<Wire, Error = axum::Error> + Unpin,
        T: Stream<Item = Result<Wire, axum::Error>> + Unpin,
    {
        let exchange = async {
            let _stranger =
                self.strangers.try_acquire().map_err(|_| "too many callers; try again later".to_owned())?;
            let challenge = admission::challenge(&*self.authenticator).await;
            let greeting = handshake::to_text(&Greeting { challenge: challenge.clone() });
            sink.send(Wire::Text(greeting)).await.map_err(|error| error.to_string())?;
            let answer = loop {
                match stream.next().await {
                    Some(Ok(Wire::Text(text))) => break text,
                    Some(Ok(Wire::Ping | Wire::Heard)) => {}
                    _ => return Err("a login is expected here".into()),
                }
            };
            let answer = serde_json::from_str(&answer).map_err(|error| format!("not a login: {error}"))?;
            let answer = match answer {
                handshake::Answer::Agent(proof) => Answer::Agent(proof),
                handshake::Answer::Enrolment { token } => Answer::Enrolment(token),
            };
            // Whoever says nothing keeps nobody else from being checked.
            let _turn = self.logins.acquire().await.map_err(|_| "closing".to_owned())?;
            admission::admit(&*self.authenticator, &challenge, &answer)
                .await
                .ok_or_else(|| REFUSAL.to_owned())
        };
        let limit = self.options.login_timeout;
        timeout(limit, exchange).await.unwrap_or_else(|_| Err(format!("no login within {limit:?}")))
    }
}

#[async_trait]
impl Inlet for Seat {
    async fn deliver(&self, frame: Frame) -> Result<(), SessionEnd> {
        Self::deliver(self, frame).await
    }
}

async fn upgrade(State(server): State<Arc<Server>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .max_message_size(MAX_FRAME_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
        // Thousands of idle sessions should cost little; larger frames bypass the buffers.
        .read_buffer_size(8 * 1024)
        .write_buffer_size(0)
        .on_upgrade(move |socket| async move { server.serve(socket).await })
}

async fn refuse<E>(
    sink: &mut (impl Sink<Wire, Error = E> + Unpin + Send),
    stream: &mut (impl Stream<Item = Result<Wire, E>> + Unpin + Send),
    reason: String,
) {
    tracing::debug!("refused a caller: {reason}");
    pump::part(sink, stream, Closing { code: REFUSED, reason }).await;
}

fn to_message(wire: Wire) -> Message {
    match wire {
        Wire::Text(text) => Message::Text(text.into()),
        Wire::Binary(bytes) => Message::Binary(bytes),
        Wire::Ping => Message::Ping(bytes::Bytes::new()),
        Wire::Heard => Message::Pong(bytes::Bytes::new()),
        Wire::Close(closing) => {
            Message::Close(closing.map(|Closing { code, reason }| CloseFrame { code, reason: reason.into() }))
        }
    }
}

fn to_wire(message: Message) -> Wire {
    match message {
        Message::Text(text) => Wire::Text(text.to_string()),
        Message::Binary(bytes) => Wire::Binary(bytes),
        Message::Ping(_) | Message::Pong(_) => Wire::Heard,
        Message::Close(frame) => {
            Wire::Close(frame.map(|frame| Closing { code: frame.code, reason: frame.reason.to_string() }))
        }
    }
}

#[async_trait]
impl OrchestratorBus for Server {
    async fn publish(&self, to: &Route, frame: Frame) -> Result<(), PublishError> {
        self.hub.publish(to, frame).await
    }

    async fn receive(&self) -> Option<Incoming> {
        self.hub.receive().await
    }

    async fn disconnect(&self, route: &Route) -> Result<(), PublishError> {
        self.hub.disconnect(route).await
    }

    fn keeps_frames(&self) -> bool {
        self.hub.keeps_frames()
    }
}
