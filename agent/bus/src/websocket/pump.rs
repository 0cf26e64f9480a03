//! One session between a socket and its queues, the same at both ends.

use std::fmt::Display;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use tokio::time::{MissedTickBehavior, timeout};

use super::closing::{Closing, PATIENCE};
use crate::ending::Ending;
use crate::{Frame, SessionEnd, queue};

/// When a peer is taken for dead.
#[derive(Clone, Copy, Debug)]
pub struct Pulse {
    /// How often to ping.
    pub heartbeat: Duration,
    /// How long nothing may be heard.
    pub silence: Duration,
    /// How long one frame may take to be handed over.
    pub stall: Duration,
}

impl Default for Pulse {
    fn default() -> Self {
        let heartbeat = Duration::from_secs(20);
        Self { heartbeat, silence: heartbeat * 3, stall: Duration::from_mins(1) }
    }
}

/// What the two WebSocket libraries at the two ends call by different names.
#[derive(Debug)]
pub(super) enum Wire {
    Text(String),
    Binary(Bytes),
    Ping,
    /// Also what came in answer to a ping: heard, and nothing to do. The libraries answer pings themselves.
    Heard,
    Close(Option<Closing>),
}

/// Where frames go that came in.
#[async_trait]
pub(super) trait Inlet: Sync {
    /// Waits for room.
    async fn deliver(&self, frame: Frame) -> Result<(), SessionEnd>;
}

#[async_trait]
impl Inlet for queue::Sender<Frame> {
    async fn deliver(&self, frame: Frame) -> Result<(), SessionEnd> {
        let size = frame.size();
        self.send(frame, size).await.map_err(|_| SessionEnd::Closed)
    }
}

/// Carries frames both ways until the session ends.
pub(super) async fn run<E: Display>(
    sink: &mut (impl Sink<Wire, Error = E> + Unpin + Send),
    stream: &mut (impl Stream<Item = Result<Wire, E>> + Unpin + Send),
    outbound: &mut queue::Receiver<Frame>,
    inlet: &impl Inlet,
    ending: &Ending,
    pulse: Pulse,
) -> SessionEnd {
    let end = tokio::select! {
        biased;
        end = ending.ended() => end,
        end = read(stream, inlet, pulse) => end,
        end = write(sink, outbound, pulse) => end,
    };
    // Who ends it lets its queue go right after saying why, which may be seen first.
    ending.reason().unwrap_or(end)
}

/// Tells the other end why this one closes, and waits until it has heard it: a socket that is closed while something in it
/// was not read takes back what was written last.
pub(super) async fn part<E>(
    sink: &mut (impl Sink<Wire, Error = E> + Unpin + Send),
    stream: &mut (impl Stream<Item = Result<Wire, E>> + Unpin + Send),
    closing: Closing,
) {
    let parting = async {
        if sink.send(Wire::Close(Some(closing))).await.is_err() {
            return;
        }
        while let Some(Ok(message)) = stream.next().await {
            if matches!(message, Wire::Close(_)) {
                return;
            }
        }
    };
    // The other end may be gone already, or be the reason; it was only a courtesy.
    let _ = timeout(PATIENCE, parting).await;
}

async fn read<E: Display>(
    stream: &mut (impl Stream<Item = Result<Wire, E>> + Unpin),
    inlet: &impl Inlet,
    pulse: Pulse,
) -> SessionEnd {
    loop {
        // Only waiting for the other end counts as its silence, not waiting for room at this one.
        let Ok(message) = timeout(pulse.silence, stream.next()).await else {
            return SessionEnd::Silent { after: pulse.silence };
        };
        match message {
            Some(Ok(Wire::Binary(bytes))) => {
                if let Err(end) = inlet.deliver(Frame::from_bytes(bytes)).await {
                    return end;
                }
            }
            Some(Ok(Wire::Close(Some(closing)))) => return closing.into_end(),
            Some(Ok(Wire::Close(None))) => return SessionEnd::ClosedByPeer { reason: "no reason".into() },
            // Text belongs to the handshake, and a newer peer may have more to say.
            Some(Ok(Wire::Text(_) | Wire::Ping | Wire::Heard)) => {}
            Some(Err(error)) => return SessionEnd::Broken { reason: error.to_string() },
            None => return SessionEnd::Broken { reason: "the other end is gone".into() },
        }
    }
}

async fn write<E: Display>(
    sink: &mut (impl Sink<Wire, Error = E> + Unpin),
    outbound: &mut queue::Receiver<Frame>,
    pulse: Pulse,
) -> SessionEnd {
    let mut heartbeat = tokio::time::interval(pulse.heartbeat);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        // The room in the queue is held until the frame is written.
        let (message, _room) = tokio::select! {
            held = outbound.recv() => match held {
                Some(mut held) => {
                    let frame = std::mem::replace(&mut held.item, Frame::from_bytes(Bytes::new()));
                    (Wire::Binary(frame.into_bytes()), Some(held))
                }
                None => return SessionEnd::Closed,
            },
            _ = heartbeat.tick() => (Wire::Ping, None),
        };
        match timeout(pulse.stall, sink.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return SessionEnd::Broken { reason: error.to_string() },
            Err(_) => return SessionEnd::Slow { after: pulse.stall },
        }
    }
}
