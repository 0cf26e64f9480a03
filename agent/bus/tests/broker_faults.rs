//! What a broker does to us when it dies.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use hostwright_bus::backoff::Backoff;
use hostwright_bus::reconnecting::{self, Event};
use hostwright_bus::testing::Directory;
use hostwright_bus::testing::rabbitmq::{RabbitMq, StartError};
use hostwright_bus::{Frame, Incoming, OrchestratorBus as _, PublishError, Reconnecting, Route, amqp};
use tokio_util::sync::CancellationToken;

/// Starting a broker takes seconds, on a busy machine many.
const LIMIT: Duration = Duration::from_mins(3);

fn frame(number: u32) -> Frame {
    Frame::from_bytes(number.to_string().into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_survive_a_broker_that_is_killed_and_both_ends_come_back() {
    let mut broker = match RabbitMq::start().await {
        Ok(broker) => broker,
        Err(missing @ StartError::NotInstalled { .. }) => {
            eprintln!("SKIPPED: faults of a broker were not tested: {missing}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let backoff = Backoff { first: Duration::from_millis(50), most: Duration::from_millis(500) };
    let options = amqp::Options { backoff, ..amqp::Options::default() };
    let directory = Arc::new(Directory::default());
    let orchestrator =
        amqp::Orchestrator::connect(&broker.address(), directory.clone(), options).await.unwrap();
    let (agent, login) = directory.enrol();
    let route = Route::Agent(agent);
    let agents = Arc::new(amqp::Agents::new(broker.address(), options));
    let (reconnecting, handle) =
        Reconnecting::new(agents, login, reconnecting::Options { backoff, ..Default::default() });
    let shutdown = CancellationToken::new();
    tokio::spawn(reconnecting.run(shutdown.clone()));
    let _stop = shutdown.drop_guard();
    assert!(matches!(next(&handle).await, Event::Connected));

    // The broker has confirmed these, and the agent has not acknowledged them.
    for number in 1..=20 {
        orchestrator.publish(&route, frame(number)).await.unwrap();
    }
    let Event::Frame { frame: first, ack } = next(&handle).await else { panic!() };
    assert_eq!(first, frame(1));
    ack.stored();

    broker.remembers("hostwright.reports").await;
    broker.kill_and_restart().await.unwrap();

    let mut received = Vec::new();
    let mut sessions = 0;
    while received.last() != Some(&frame(20)) {
        match next(&handle).await {
            Event::Connected => sessions += 1,
            Event::Disconnected { .. } => {}
            Event::Frame { frame, ack } => {
                ack.stored();
                if !received.contains(&frame) {
                    received.push(frame);
                }
            }
        }
    }
    assert!(sessions >= 1, "the agent came back by itself");
    // The first one may come again: its acknowledgement may have died with the broker.
    received.retain(|frame| *frame != first);
    assert_eq!(received, (2..=20).map(frame).collect::<Vec<_>>());

    let heard = async {
        loop {
            match orchestrator.receive().await {
                Some(Incoming::Frame { from, frame, ack }) => {
                    ack.stored();
                    return (from, frame);
                }
                Some(_) => {}
                None => panic!("the bus is closed"),
            }
        }
    };
    let publish = async {
        // Until its session is there again, the agent is told that it is not.
        while let Err(error) = handle.publish(frame(99)).await {
            let is_expected = matches!(
                error,
                PublishError::Offline | PublishError::Ended { .. } | PublishError::Broker { .. }
            );
            assert!(is_expected, "{error}");
        }
    };
    let ((from, frame_heard), ()) =
        tokio::time::timeout(LIMIT, futures_util::future::join(heard, publish)).await.unwrap();
    assert_eq!((from, frame_heard), (route, frame(99)));
}

async fn next(handle: &reconnecting::Handle) -> Event {
    tokio::time::timeout(LIMIT, handle.next()).await.unwrap().unwrap()
}
