//! The loop.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use hostwright_protocol::messages::HighWater;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backlog::{Backlog, Outgoing, Outlet};
use super::signals::{Handle, Pending, Signals};
use crate::backoff::Backoff;
use crate::{OrchestratorBus, PublishError};

/// How a lane sends.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Where it begins: everything up to here was receipted in earlier lives.
    pub receipted: HighWater,
    /// So many messages may be unreceipted; then it waits.
    pub window: usize,
    /// If nothing is receipted for so long, everything unreceipted goes out again. Nothing where the transport keeps frames
    /// itself.
    pub resend_after: Option<Duration>,
    /// Pauses after failures of the backlog or the transport.
    pub backoff: Backoff,
}

impl Options {
    /// Returns what suits a transport.
    pub fn for_bus(bus: &dyn OrchestratorBus) -> Self {
        let resend_after = Self::default().resend_after.filter(|_| !bus.keeps_frames());
        Self { resend_after, ..Self::default() }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            receipted: HighWater::default(),
            window: 32,
            resend_after: Some(Duration::from_secs(30)),
            backoff: Backoff::default(),
        }
    }
}

/// How a lane stands, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Messages go out.
    Sending,
    /// Everything is receipted.
    Idle,
    /// Everything is sent, or as much as may be; receipts are missing.
    AwaitingReceipts {
        /// For so many messages.
        unreceipted: usize,
    },
    /// The receiver has no session.
    ReceiverAway,
    /// Something failed; it is tried again.
    Retrying {
        /// When.
        at: Instant,
        /// What failed.
        error: String,
    },
    /// It was told to stop.
    Stopped,
}

/// The sending end of one lane. It does its work in [`Lane::run`]; everybody else holds a [`Handle`].
pub struct Lane {
    backlog: Arc<dyn Backlog>,
    outlet: Arc<dyn Outlet>,
    options: Options,
    signals: Arc<Signals>,
    status: watch::Sender<Status>,
    progress: Progress,
}

struct Progress {
    /// The backlog knows that everything up to here is stored.
    receipted: HighWater,
    /// The receiver says so, and the backlog does not know yet.
    to_record: Option<HighWater>,
    /// The last one handed over in this session.
    sent: HighWater,
    /// Those after the last receipt.
    unreceipted: VecDeque<HighWater>,
    /// When something was last sent or receipted.
    moved: Instant,
    is_receiver_present: bool,
    failures: u32,
}

/// What the lane can do next.
enum Next {
    /// There may be more.
    Continue,
    /// Nothing until somebody tells something, or this moment comes.
    Wait(Option<Instant>),
}

impl Lane {
    /// Prepares; nothing is sent before [`Lane::run`]. Until the transport says otherwise, the receiver is assumed present.
    pub fn new(backlog: Arc<dyn Backlog>, outlet: Arc<dyn Outlet>, options: Options) -> (Self, Handle) {
        let (status, statuses) = watch::channel(Status::Idle);
        let signals = Arc::new(Signals::default());
        let handle = Handle { signals: Arc::clone(&signals), status: statuses };
        let progress = Progress {
            receipted: options.receipted,
            to_record: None,
            sent: options.receipted,
            unreceipted: VecDeque::new(),
            moved: Instant::now(),
            is_receiver_present: true,
            failures: 0,
        };
        (Self { backlog, outlet, options, signals, status, progress }, handle)
    }

    /// Sends until it is told to stop.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let signals = Arc::clone(&self.signals);
        loop {
            let pending = signals.take();
            let step = async {
                self.heed(pending).await?;
                self.step().await
            };
            // Stopping in the middle of a step is safe: the next life begins at the last recorded receipt.
            let outcome = tokio::select! {
                () = shutdown.cancelled() => break,
                outcome = step => outcome,
            };
            let until = match outcome {
                Ok(Next::Continue) => continue,
                Ok(Next::Wait(until)) => until,
                Err(error) => Some(self.fail(error)),
            };
            let timer = async {
                match until {
                    Some(moment) => tokio::time::sleep_until(moment).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = signals.wait() => {}
                () = timer => self.resend_if_due(),
            }
        }
        self.status.send_replace(Status::Stopped);
    }

    async fn heed(&mut self, pending: Pending) -> Result<(), String> {
        let Pending { presence, rewind, receipted } = pending;
        let progress = &mut self.progress;
        if let Some(presence) = presence {
            progress.is_receiver_present = presence;
            progress.failures = 0;
        }
        progress.to_record = progress.to_record.max(receipted);
        if let Some(place) = progress.to_record {
            if place > progress.receipted {
                self.backlog.receipted(place).await.map_err(|error| error.to_string())?;
                progress.receipted = place;
                progress.unreceipted.retain(|sent| *sent > place);
                progress.sent = progress.sent.max(place);
                progress.moved = Instant::now();
            }
            progress.to_record = None;
        }
        if rewind {
            self.rewind();
        }
        Ok(())
    }

    async fn step(&mut self) -> Result<Next, String> {
        if !self.progress.is_receiver_present {
            self.say(Status::ReceiverAway);
            return Ok(Next::Wait(None));
        }
        if self.progress.unreceipted.len() >= self.options.window {
            return Ok(self.wait_for_receipts());
        }
        let next = self.backlog.next_after(self.progress.sent).await.map_err(|error| error.to_string())?;
        let Some(Outgoing { place, frame }) = next else {
            if self.progress.unreceipted.is_empty() {
                self.say(Status::Idle);
                return Ok(Next::Wait(None));
            }
            return Ok(self.wait_for_receipts());
        };
        self.say(Status::Sending);
        match self.outlet.publish(frame).await {
            Ok(()) => {
                self.progress.sent = place;
                self.progress.unreceipted.push_back(place);
                self.progress.moved = Instant::now();
                self.progress.failures = 0;
                Ok(Next::Continue)
            }
            // Its coming will be told.
            Err(PublishError::NotConnected { .. }) => {
                self.progress.is_receiver_present = false;
                Ok(Next::Continue)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn wait_for_receipts(&self) -> Next {
        self.say(Status::AwaitingReceipts { unreceipted: self.progress.unreceipted.len() });
        Next::Wait(self.options.resend_after.map(|after| self.progress.moved + after))
    }

    fn resend_if_due(&mut self) {
        let due = self.options.resend_after.is_some_and(|after| self.progress.moved.elapsed() >= after);
        if due && self.progress.is_receiver_present && !self.progress.unreceipted.is_empty() {
            tracing::debug!("{} messages are not receipted, sending again", self.progress.unreceipted.len());
            self.rewind();
        }
    }

    /// What was in flight may be lost, so it goes out again after the pause.
    fn fail(&mut self, error: String) -> Instant {
        self.rewind();
        self.progress.failures += 1;
        let pause = self.options.backoff.pause(self.progress.failures, &mut rand::thread_rng());
        let at = Instant::now() + pause;
        tracing::warn!("a lane is held up: {error}; trying again in {pause:.1?}");
        self.say(Status::Retrying { at, error });
        at
    }

    fn rewind(&mut self) {
        self.progress.sent = self.progress.receipted;
        self.progress.unreceipted.clear();
        self.progress.moved = Instant::now();
    }

    fn say(&self, status: Status) {
        self.status.send_if_modified(|current| {
            let is_new = *current != status;
            *current = status;
            is_new
        });
    }
}
