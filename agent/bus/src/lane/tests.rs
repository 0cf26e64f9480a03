//! A lane over an outlet that does as it is told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use hostwright_protocol::ids::AgentId;
use hostwright_protocol::messages::HighWater;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::testing::eventually;
use crate::{Frame, PublishError, Route};

fn place(sequence: u64) -> HighWater {
    HighWater { epoch: 1, sequence }
}

#[derive(Default)]
struct Table {
    rows: Mutex<BTreeMap<HighWater, Frame>>,
    receipted: Mutex<Vec<HighWater>>,
    failures: Mutex<u32>,
}

impl Table {
    fn add(&self, sequences: std::ops::RangeInclusive<u64>) {
        for sequence in sequences {
            let frame = Frame::from_bytes(sequence.to_string().into());
            self.rows.lock().unwrap().insert(place(sequence), frame);
        }
    }

    fn fails(&self) -> Result<(), BacklogError> {
        let mut failures = self.failures.lock().unwrap();
        if *failures == 0 {
            return Ok(());
        }
        *failures -= 1;
        Err("the database is away".into())
    }
}

#[async_trait]
impl Backlog for Table {
    async fn next_after(&self, place: HighWater) -> Result<Option<Outgoing>, BacklogError> {
        self.fails()?;
        let rows = self.rows.lock().unwrap();
        let next = rows.iter().find(|(at, _)| **at > place);
        Ok(next.map(|(place, frame)| Outgoing { place: *place, frame: frame.clone() }))
    }

    async fn receipted(&self, place: HighWater) -> Result<(), BacklogError> {
        self.fails()?;
        self.receipted.lock().unwrap().push(place);
        self.rows.lock().unwrap().retain(|at, _| *at > place);
        Ok(())
    }
}

/// Remembers what was published; before that, does as scripted.
#[derive(Default)]
struct Wire {
    published: Mutex<Vec<String>>,
    script: Mutex<VecDeque<PublishError>>,
}

impl Wire {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.published.lock().unwrap())
    }

    fn has(&self, count: usize) -> bool {
        self.published.lock().unwrap().len() >= count
    }
}

#[async_trait]
impl Outlet for Wire {
    async fn publish(&self, frame: Frame) -> Result<(), PublishError> {
        if let Some(error) = self.script.lock().unwrap().pop_front() {
            return Err(error);
        }
        self.published.lock().unwrap().push(String::from_utf8(frame.bytes().to_vec()).unwrap());
        Ok(())
    }
}

struct World {
    table: Arc<Table>,
    wire: Arc<Wire>,
    handle: Handle,
    status: watch::Receiver<Status>,
    shutdown: CancellationToken,
}

fn world(options: Options, script: impl IntoIterator<Item = PublishError>) -> World {
    let table = Arc::new(Table::default());
    let wire = Arc::new(Wire { script: Mutex::new(script.into_iter().collect()), ..Wire::default() });
    let (lane, handle) = Lane::new(table.clone(), wire.clone(), options);
    let (status, shutdown) = (handle.status(), CancellationToken::new());
    tokio::spawn(lane.run(shutdown.clone()));
    World { table, wire, handle, status, shutdown }
}

impl World {
    async fn add(&self, sequences: std::ops::RangeInclusive<u64>) {
        let count = usize::try_from(sequences.end() - sequences.start() + 1).unwrap();
        self.table.add(sequences);
        self.handle.wake();
        let wire = Arc::clone(&self.wire);
        eventually("everything added is published", move || wire.has(count)).await;
    }

    async fn reaches(&mut self, status: impl FnMut(&Status) -> bool) -> Status {
        self.status.wait_for(status).await.unwrap().clone()
    }
}

fn away() -> PublishError {
    let agent = AgentId::from_uuid(
        AgentId::generate(chrono::DateTime::UNIX_EPOCH, &mut rand::thread_rng()).as_uuid(),
    );
    PublishError::NotConnected { to: Route::Agent(agent) }
}

#[tokio::test(start_paused = true)]
async fn messages_go_out_in_order_and_end_with_their_receipt() {
    let mut world = world(Options::default(), []);
    world.add(1..=3).await;
    assert_eq!(world.wire.take(), ["1", "2", "3"]);
    world.reaches(|status| *status == Status::AwaitingReceipts { unreceipted: 3 }).await;
    world.handle.receipted(place(2));
    world.reaches(|status| *status == Status::AwaitingReceipts { unreceipted: 1 }).await;
    world.handle.receipted(place(1));
    world.handle.receipted(place(3));
    world.reaches(|status| *status == Status::Idle).await;
    assert_eq!(*world.table.receipted.lock().unwrap(), [place(2), place(3)], "places rise");
    assert!(world.wire.take().is_empty());
}

#[tokio::test(start_paused = true)]
async fn everything_unreceipted_goes_out_again_after_a_reconnect() {
    let mut world = world(Options::default(), []);
    world.add(1..=4).await;
    world.wire.take();
    world.handle.receipted(place(2));
    world.handle.disconnected();
    world.reaches(|status| *status == Status::ReceiverAway).await;
    world.table.add(5..=5);
    world.handle.wake();
    world.handle.connected();
    world.reaches(|status| *status == Status::AwaitingReceipts { unreceipted: 3 }).await;
    assert_eq!(world.wire.take(), ["3", "4", "5"]);
}

#[tokio::test(start_paused = true)]
async fn window_bounds_what_is_unreceipted() {
    let mut world = world(Options { window: 2, ..Options::default() }, []);
    world.table.add(1..=5);
    world.handle.wake();
    world.reaches(|status| *status == Status::AwaitingReceipts { unreceipted: 2 }).await;
    assert_eq!(world.wire.take(), ["1", "2"]);
    world.handle.receipted(place(1));
    let wire = Arc::clone(&world.wire);
    eventually("there is room for one more", move || wire.has(1)).await;
    assert_eq!(world.wire.take(), ["3"]);
}

#[tokio::test(start_paused = true)]
async fn missing_receipts_make_it_send_again() {
    let resend_after = Some(Duration::from_secs(30));
    let world = world(Options { resend_after, ..Options::default() }, []);
    world.add(1..=2).await;
    world.wire.take();
    let began = Instant::now();
    let wire = Arc::clone(&world.wire);
    eventually("both go out again", move || wire.has(2)).await;
    assert_eq!(world.wire.take(), ["1", "2"]);
    assert!(began.elapsed() >= Duration::from_secs(29), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn lane_waits_for_an_absent_receiver_without_trying() {
    let mut world = world(Options::default(), [away()]);
    world.table.add(1..=2);
    world.handle.wake();
    world.reaches(|status| *status == Status::ReceiverAway).await;
    world.handle.wake();
    world.handle.connected();
    world.reaches(|status| *status == Status::AwaitingReceipts { unreceipted: 2 }).await;
    assert_eq!(world.wire.take(), ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn failures_are_shown_and_tried_again_from_the_last_receipt() {
    let full = PublishError::Full { to: "agent x".into() };
    let mut world = world(Options::default(), []);
    world.add(1..=1).await;
    world.wire.take();
    world.wire.script.lock().unwrap().push_back(full);
    world.table.add(2..=2);
    world.handle.wake();
    let retrying = world.reaches(|status| matches!(status, Status::Retrying { .. })).await;
    let Status::Retrying { error, .. } = retrying else { panic!() };
    assert_eq!(error, "the queue of agent x has no room");
    world.reaches(|status| *status == Status::AwaitingReceipts { unreceipted: 2 }).await;
    assert_eq!(world.wire.take(), ["1", "2"], "what was in flight may be lost too");
}

#[tokio::test(start_paused = true)]
async fn receipt_is_recorded_although_the_backlog_failed_at_first() {
    let mut world = world(Options::default(), []);
    world.add(1..=1).await;
    *world.table.failures.lock().unwrap() = 3;
    world.handle.receipted(place(1));
    world.reaches(|status| *status == Status::Idle).await;
    assert_eq!(*world.table.receipted.lock().unwrap(), [place(1)]);
}

#[tokio::test(start_paused = true)]
async fn lane_begins_after_what_earlier_lives_receipted_and_stops_when_told() {
    let mut world = world(Options { receipted: place(2), ..Options::default() }, []);
    world.table.add(1..=3);
    world.handle.wake();
    world.reaches(|status| *status == Status::AwaitingReceipts { unreceipted: 1 }).await;
    assert_eq!(world.wire.take(), ["3"]);
    world.shutdown.cancel();
    world.reaches(|status| *status == Status::Stopped).await;
}
