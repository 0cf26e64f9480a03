use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use hostwright_model::event::{Actor, NewEvent, Occurrence};
use serde_json::json;

use crate::testing::Samples;
use crate::{Store, Transaction};

/// Does something of every kind that counts something up.
async fn much(samples: &Samples, tx: &mut dyn Transaction) {
    let stored = samples.stored_host(tx, "Demo").await.unwrap();
    let o = stored.organization.id;
    let mut change = samples.change(&stored.host);
    tx.insert_change(&mut change).await.unwrap();
    tx.append_message(o, stored.agent.id, samples.message(Some(&change))).await.unwrap();
    let scope = hostwright_model::setting::Scope::Organization(o);
    tx.put_setting(o, scope, &mut samples.setting("key", json!(1))).await.unwrap();
    tx.append_event(event(samples));
}

fn event(samples: &Samples) -> NewEvent {
    let occurrence = Occurrence::Created { kind: "host".to_owned(), path: "web1".to_owned() };
    NewEvent { organization: None, actor: Actor::System, occurrence, at: samples.now() }
}

async fn is_empty(store: &Store) -> bool {
    let mut tx = store.read().await.unwrap();
    tx.organizations().await.unwrap().is_empty()
        && tx.agents_with_messages(10).await.unwrap().is_empty()
        && tx.latest_event_id().await.unwrap() == 0
        && tx.events_after(None, 0, 10).await.unwrap().is_empty()
}

pub(super) async fn rollback_leaves_nothing(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    much(&samples, &mut *tx).await;
    tx.rollback().await.unwrap();
    assert!(is_empty(&store).await);
}

pub(super) async fn dropping_leaves_nothing(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    much(&samples, &mut *tx).await;
    drop(tx);
    assert!(is_empty(&store).await);

    let mut tx = store.begin().await.unwrap();
    much(&samples, &mut *tx).await;
    tx.commit().await.unwrap();
    assert!(!is_empty(&store).await, "the same again, committed, is there");
}

/// Gives a future up when it has been polled so often; returns whether it was ready before.
async fn is_ready_after<T>(polls: usize, future: impl Future<Output = T>) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        future.as_mut().poll(context).map(|_| true)
    })
    .await
}

pub(super) async fn who_gives_up_waiting_for_a_transaction_spoils_none(store: Store) {
    let samples = Samples::default();
    // Each of them at every place in which it waits, on each of a pool's connections.
    for polls in 1_usize.. {
        let mut is_over = true;
        for _ in 0..10 {
            is_over &= is_ready_after(polls, store.begin()).await;
            is_over &= is_ready_after(polls, store.read()).await;
        }
        let organization = samples.organization(&format!("After {polls}"));
        let mut tx = store.begin().await.unwrap();
        tx.insert_organization(&organization).await.unwrap();
        is_over &= is_ready_after(polls, tx.commit()).await;
        let mut again = store.begin().await.unwrap();
        if again.organizations().await.unwrap().iter().all(|one| one.id != organization.id) {
            again.insert_organization(&organization).await.unwrap();
        }
        again.commit().await.unwrap();
        let mut readings = Vec::new();
        for _ in 0..4 {
            let mut reading = store.read().await.unwrap();
            assert_eq!(reading.organizations().await.unwrap().len(), polls, "it is of an older moment");
            readings.push(reading);
        }
        if is_over {
            return;
        }
    }
}

pub(super) async fn reading_refuses_to_write_and_waits_for_nobody(store: Store) {
    let samples = Samples::default();
    let mut writing = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *writing, "Demo").await.unwrap();

    let mut reading = store.read().await.unwrap();
    assert_eq!(reading.organizations().await.unwrap(), [], "what is not committed is not seen");
    writing.commit().await.unwrap();
    assert_eq!(reading.organizations().await.unwrap(), [], "all that is read is of one moment");
    assert!(reading.insert_organization(&samples.organization("Other")).await.is_err());
    drop(reading);

    let mut reading = store.read().await.unwrap();
    assert_eq!(reading.organizations().await.unwrap(), [stored.organization]);
}

pub(super) async fn commits_wake_those_who_wait(store: Store) {
    let samples = Samples::default();
    let mut commits = store.commits();
    let mut tx = store.begin().await.unwrap();
    tx.insert_organization(&samples.organization("Quiet")).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!commits.has_changed().unwrap(), "nobody waits for that");
    let mut tx = store.begin().await.unwrap();
    tx.append_event(event(&samples));
    assert!(!commits.has_changed().unwrap(), "not before the commit");
    tx.commit().await.unwrap();
    assert!(commits.has_changed().unwrap());
    commits.mark_unchanged();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    tx.append_message(stored.organization.id, stored.agent.id, samples.message(None)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(commits.has_changed().unwrap());
}
