//! Nothing that is not receipted is lost: not by a receiver that drops it, not by a cut.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use hostwright_protocol::messages::HighWater;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Harness;
use super::steps::{at, connect, connected, numbered, place_of, within};
use crate::backoff::Backoff;
use crate::lane::{self, Backlog, BacklogError, Lane, Outgoing, Outlet, ToRoute};
use crate::reconnecting::{self, Event, Reconnecting};
use crate::{Ack, Frame, Incoming, OrchestratorBus, Route};

const FRAMES: u64 = 60;

/// A receiver that drops so many frames without storing them, each time something new comes.
const DROPPED: u64 = 7;

pub(super) async fn receiver_that_drops_frames_gets_them_again(harness: &dyn Harness) {
    let orchestrator = harness.orchestrator();
    let (agent, login) = harness.directory().enrol();
    let route = Route::Agent(agent);
    let session = connect(harness, &login).await;
    connected(&*orchestrator, route).await;
    let (lane, _stop) = start(&*orchestrator, Arc::new(ToRoute { bus: orchestrator.clone(), route }));
    let mut receiver = Receiver { to_drop: DROPPED, ..Receiver::default() };
    within("everything is stored", async {
        while receiver.stored < FRAMES {
            let (frame, ack) = session.receive().await.expect("the session lasts");
            if let Some(stored) = receiver.take(&frame, ack) {
                lane.receipted(stored);
            }
        }
    })
    .await;
    assert_eq!(receiver.to_drop, 0, "frames were dropped");
    is_idle(&lane).await;
}

pub(super) async fn everything_arrives_in_order_across_cuts(harness: &dyn Harness) {
    let orchestrator = harness.orchestrator();
    let (agent, login) = harness.directory().enrol();
    let route = Route::Agent(agent);
    let (handle, _stop_agent) = stay_connected(harness, login);
    connected(&*orchestrator, route).await;
    let (lane, _stop) = start(&*orchestrator, Arc::new(ToRoute { bus: orchestrator.clone(), route }));

    let (seen, told) = (Mutex::new(Receiver::default()), lane.clone());
    let agent = async {
        let mut sessions = 0;
        loop {
            match handle.next().await.expect("it goes on until it is told to stop") {
                Event::Connected => sessions += 1,
                Event::Disconnected { .. } => {}
                Event::Frame { frame, ack } => {
                    let (stored, cut) = {
                        let mut receiver = seen.lock().unwrap_or_else(PoisonError::into_inner);
                        let before = receiver.stored;
                        let stored = receiver.take(&frame, ack);
                        (stored, receiver.stored > before && receiver.stored.is_multiple_of(FRAMES / 3))
                    };
                    if let Some(stored) = stored {
                        // The frames stored since the last receipt come again, and are known.
                        if cut && stored.sequence < FRAMES {
                            harness.cut().await;
                            // Something may still come through until the cut is noticed; it is lost with the session.
                            while !matches!(handle.next().await, Some(Event::Disconnected { .. })) {}
                        } else {
                            told.receipted(stored);
                        }
                        if stored.sequence == FRAMES {
                            return sessions;
                        }
                    }
                }
            }
        }
    };
    let orchestrate = async {
        loop {
            match orchestrator.receive().await {
                Some(Incoming::Connected(connected)) if connected == route => lane.connected(),
                Some(Incoming::Disconnected(gone)) if gone == route => lane.disconnected(),
                Some(Incoming::Frame { ack, .. }) => ack.stored(),
                Some(_) => {}
                None => panic!("the bus is closed"),
            }
        }
    };
    let sessions = within("everything is stored", async {
        tokio::select! {
            sessions = agent => sessions,
            () = orchestrate => unreachable!("it never ends"),
        }
    })
    .await;
    assert!(sessions >= 3, "two cuts make three sessions, there were {sessions}");
    is_idle(&lane).await;
}

pub(super) async fn reports_arrive_in_order_across_cuts(harness: &dyn Harness) {
    let orchestrator = harness.orchestrator();
    let (agent, login) = harness.directory().enrol();
    let route = Route::Agent(agent);
    let (handle, _stop_agent) = stay_connected(harness, login);
    let (lane, _stop) = start(&*orchestrator, Arc::new(handle.clone()));

    let told = lane.clone();
    let agent = async {
        loop {
            match handle.next().await.expect("it goes on until it is told to stop") {
                Event::Connected => told.connected(),
                Event::Disconnected { .. } => told.disconnected(),
                Event::Frame { ack, .. } => ack.stored(),
            }
        }
    };
    let mut receiver = Receiver::default();
    let orchestrate = async {
        while receiver.stored < FRAMES {
            match orchestrator.receive().await {
                Some(Incoming::Frame { from, frame, ack }) if from == route => {
                    if let Some(stored) = receiver.take(&frame, ack) {
                        lane.receipted(stored);
                        if stored.sequence.is_multiple_of(FRAMES / 3) && stored.sequence < FRAMES {
                            harness.cut().await;
                        }
                    }
                }
                Some(Incoming::Frame { ack, .. }) => ack.stored(),
                Some(_) => {}
                None => panic!("the bus is closed"),
            }
        }
    };
    within("everything is stored", async {
        tokio::select! {
            () = agent => unreachable!("it never ends"),
            () = orchestrate => {}
        }
    })
    .await;
    is_idle(&lane).await;
}

fn stay_connected(harness: &dyn Harness, login: crate::Login) -> (reconnecting::Handle, DropGuard) {
    let backoff = Backoff { first: Duration::from_millis(20), most: Duration::from_millis(200) };
    let options = reconnecting::Options { backoff, ..reconnecting::Options::default() };
    let (reconnecting, handle) = Reconnecting::new(harness.agents(), login, options);
    let stop = CancellationToken::new();
    tokio::spawn(reconnecting.run(stop.clone()));
    (handle, stop.drop_guard())
}

fn start(bus: &dyn OrchestratorBus, outlet: Arc<dyn Outlet>) -> (lane::Handle, DropGuard) {
    let backoff = Backoff { first: Duration::from_millis(20), most: Duration::from_millis(200) };
    let defaults = lane::Options::for_bus(bus);
    let options = lane::Options {
        window: 8,
        resend_after: defaults.resend_after.map(|_| Duration::from_millis(300)),
        backoff,
        ..defaults
    };
    let (lane, handle) = Lane::new(Arc::new(Table::filled()), outlet, options);
    let stop = CancellationToken::new();
    tokio::spawn(lane.run(stop.clone()));
    (handle, stop.drop_guard())
}

async fn is_idle(lane: &lane::Handle) {
    let mut status = lane.status();
    let idle = status.wait_for(|status| *status == lane::Status::Idle);
    within("the backlog is empty", idle).await.expect("the lane runs");
}

/// Stores what is next, and nothing else.
#[derive(Default)]
struct Receiver {
    stored: u64,
    to_drop: u64,
}

impl Receiver {
    /// Returns what to receipt.
    fn take(&mut self, frame: &Frame, ack: Ack) -> Option<HighWater> {
        let place = place_of(frame);
        if place.sequence <= self.stored {
            ack.stored();
            return Some(at(self.stored));
        }
        if place.sequence > self.stored + 1 || (self.to_drop > 0 && place.sequence.is_multiple_of(5)) {
            if place.sequence == self.stored + 1 {
                self.to_drop -= 1;
            }
            // Dropping the ack says that it is not stored.
            drop(ack);
            return None;
        }
        self.stored = place.sequence;
        ack.stored();
        Some(at(self.stored))
    }
}

/// A backlog in memory.
struct Table {
    rows: Mutex<BTreeMap<HighWater, Frame>>,
}

impl Table {
    fn filled() -> Self {
        let rows = (1..=FRAMES).map(|sequence| (at(sequence), numbered(at(sequence)))).collect();
        Self { rows: Mutex::new(rows) }
    }
}

#[async_trait]
impl Backlog for Table {
    async fn next_after(&self, place: HighWater) -> Result<Option<Outgoing>, BacklogError> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let next = rows.iter().find(|(at, _)| **at > place);
        Ok(next.map(|(place, frame)| Outgoing { place: *place, frame: frame.clone() }))
    }

    async fn receipted(&self, place: HighWater) -> Result<(), BacklogError> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).retain(|at, _| *at > place);
        Ok(())
    }
}
