use std::time::Duration;

use hostwright_protocol::messages::{Facts, HighWater, ToOrchestrator};

use crate::testing::Samples;
use crate::testing::samples::nobody;
use crate::{ParkedReport, Receiving, Store};

const fn place(epoch: u64, sequence: u64) -> HighWater {
    HighWater { epoch, sequence }
}

pub(super) async fn reports_are_applied_in_order_and_once(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let agent = samples.stored_host(&mut *tx, "Demo").await.unwrap().agent.id;
    let reports = [
        (place(1, 2), 1, Receiving::Early),
        (place(1, 1), 0, Receiving::Next),
        (place(1, 1), 0, Receiving::Past),
        (place(1, 2), 1, Receiving::Next),
        // A hole: 3 was never sent.
        (place(1, 4), 2, Receiving::Next),
        (place(1, 3), 2, Receiving::Past),
        // The agent was rolled back and began anew.
        (place(2, 2), 1, Receiving::Early),
        (place(2, 1), 0, Receiving::Next),
        (place(1, 5), 4, Receiving::Past),
    ];
    for (place, previous, expected) in reports {
        let receiving = tx.receive_report(agent, place, previous).await.unwrap();
        assert_eq!(receiving, Some(expected), "{place:?} after {previous}");
    }
    assert_eq!(tx.agent_by_id(agent).await.unwrap().unwrap().lanes.received, place(2, 1));
    assert_eq!(tx.receive_report(nobody(), place(1, 1), 0).await.unwrap(), None);
}

pub(super) async fn early_reports_wait_for_those_before_them(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let agent = samples.stored_host(&mut *tx, "Demo").await.unwrap().agent.id;
    let report = |sequence| ParkedReport {
        place: place(1, sequence),
        previous: sequence - 1,
        id: samples.id(),
        report: ToOrchestrator::Facts(Facts::default()),
    };
    let (second, third, fifth) = (report(2), report(3), report(5));
    for early in [&fifth, &third, &second, &second] {
        tx.park_report(agent, early).await.unwrap();
    }
    assert_eq!(tx.take_parked_report(agent).await.unwrap(), None);
    assert_eq!(tx.receive_report(agent, place(1, 1), 0).await.unwrap(), Some(Receiving::Next));
    assert_eq!(tx.take_parked_report(agent).await.unwrap(), Some(second));
    assert_eq!(tx.take_parked_report(agent).await.unwrap(), Some(third));
    assert_eq!(tx.take_parked_report(agent).await.unwrap(), None, "4 is missing");
    assert_eq!(tx.receive_report(agent, place(1, 4), 3).await.unwrap(), Some(Receiving::Next));
    assert_eq!(tx.receive_report(agent, place(1, 5), 4).await.unwrap(), Some(Receiving::Next));
    assert_eq!(tx.take_parked_report(agent).await.unwrap(), None, "it came again in the meantime");
}

pub(super) async fn reports_that_came_at_once_are_counted_once(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let agent = samples.stored_host(&mut *tx, "Demo").await.unwrap().agent.id;
    tx.commit().await.unwrap();

    let mut first = store.begin().await.unwrap();
    assert_eq!(first.receive_report(agent, place(1, 1), 0).await.unwrap(), Some(Receiving::Next));
    let mut second = tokio::spawn({
        let store = store.clone();
        async move {
            let mut tx = store.begin().await.unwrap();
            tx.receive_report(agent, place(1, 1), 0).await.unwrap()
        }
    });
    let early = tokio::time::timeout(Duration::from_millis(200), &mut second).await;
    assert!(early.is_err(), "it has to wait for the first");
    first.commit().await.unwrap();
    assert_eq!(second.await.unwrap(), Some(Receiving::Past));
}

pub(super) async fn a_rolled_back_report_comes_again(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let agent = samples.stored_host(&mut *tx, "Demo").await.unwrap().agent.id;
    tx.commit().await.unwrap();
    for commits in [false, true] {
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.receive_report(agent, place(1, 1), 0).await.unwrap(), Some(Receiving::Next));
        if commits {
            tx.commit().await.unwrap();
        } else {
            tx.rollback().await.unwrap();
        }
    }
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.receive_report(agent, place(1, 1), 0).await.unwrap(), Some(Receiving::Past));
}
