use chrono::TimeDelta;
use hostwright_model::ids::AgentId;
use hostwright_protocol::messages::{Cancel, HighWater, ToAgent};
use uuid::Uuid;

use super::is_in_use;
use crate::testing::Samples;
use crate::testing::samples::{StoredHost, nobody};
use crate::{Lease, NewMessage, OutboxEntry, Store, Transaction};

const fn place(epoch: u64, sequence: u64) -> HighWater {
    HighWater { epoch, sequence }
}

const START: HighWater = place(0, 0);

/// A lane with this many messages, each of a change.
async fn lane(samples: &Samples, tx: &mut dyn Transaction, count: usize) -> (StoredHost, Vec<NewMessage>) {
    let stored = samples.stored_host(tx, "Demo").await.unwrap();
    let mut messages = Vec::new();
    for _ in 0..count {
        let mut change = samples.change(&stored.host);
        tx.insert_change(&mut change).await.unwrap();
        let message = samples.message(Some(&change));
        tx.append_message(stored.organization.id, stored.agent.id, message.clone()).await.unwrap();
        messages.push(message);
    }
    (stored, messages)
}

async fn chain(tx: &mut dyn Transaction, agent: AgentId) -> Vec<(u64, u64, u64)> {
    let entries = tx.messages_after(agent, START, 100).await.unwrap();
    entries.iter().map(|entry| (entry.place.epoch, entry.place.sequence, entry.previous)).collect()
}

pub(super) async fn concurrent_writers_on_one_lane_get_distinct_consecutive_sequences(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let (stored, _) = lane(&samples, &mut *tx, 0).await;
    tx.commit().await.unwrap();

    let (o, agent) = (stored.organization.id, stored.agent.id);
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let store = store.clone();
        writers.spawn(async move {
            let samples = Samples::default();
            let mut places = Vec::new();
            for round in 0..5 {
                let mut tx = store.begin().await.unwrap();
                let place = tx.append_message(o, agent, samples.message(None)).await.unwrap();
                // Some change their minds.
                if (writer + round) % 4 == 0 {
                    tx.rollback().await.unwrap();
                } else {
                    tx.commit().await.unwrap();
                    places.push(place.sequence);
                }
            }
            places
        });
    }
    let mut sequences: Vec<u64> = writers.join_all().await.into_iter().flatten().collect();
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=30).collect::<Vec<u64>>());
    let mut tx = store.read().await.unwrap();
    let expected: Vec<_> = (1..=30).map(|sequence| (1, sequence, sequence - 1)).collect();
    assert_eq!(chain(&mut *tx, agent).await, expected);
}

pub(super) async fn messages_wait_in_order_until_they_are_receipted(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let (stored, messages) = lane(&samples, &mut *tx, 3).await;
    let (o, agent) = (stored.organization.id, stored.agent.id);
    let entries = tx.messages_after(agent, START, 2).await.unwrap();
    let expected = OutboxEntry {
        organization: o,
        agent,
        place: place(1, 1),
        previous: 0,
        message: messages[0].clone(),
        sent_at: None,
    };
    assert_eq!((entries.len(), &entries[0]), (2, &expected));
    tx.mark_sent(agent, place(1, 1), samples.now()).await.unwrap();
    tx.mark_sent(agent, place(1, 1), samples.now() + TimeDelta::hours(1)).await.unwrap();
    let entries = tx.messages_after(agent, START, 1).await.unwrap();
    assert_eq!(entries[0].sent_at, Some(samples.now()), "the first time counts");

    assert_eq!(tx.receipt_messages(agent, place(1, 2)).await.unwrap(), 2);
    assert_eq!(tx.receipt_messages(agent, place(1, 1)).await.unwrap(), 0);
    assert_eq!(chain(&mut *tx, agent).await, [(1, 3, 2)]);
    assert_eq!(tx.agents_with_messages(10).await.unwrap(), [agent]);
    assert_eq!(tx.receipt_messages(agent, place(1, 3)).await.unwrap(), 1);
    assert_eq!(tx.agents_with_messages(10).await.unwrap(), []);
    assert_eq!(tx.append_message(o, agent, samples.message(None)).await.unwrap(), place(1, 4));
    assert_eq!(chain(&mut *tx, agent).await, [(1, 4, 3)], "it names the one that is gone");
    let lanes = tx.agent_by_id(agent).await.unwrap().unwrap().lanes;
    assert_eq!((lanes.sent, lanes.receipted), (place(1, 4), place(1, 3)));
    assert!(is_in_use(&tx.append_message(o, nobody(), samples.message(None)).await));
}

pub(super) async fn receipts_for_what_was_not_sent_change_nothing(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let (stored, _) = lane(&samples, &mut *tx, 2).await;
    for made_up in [place(1, 3), place(2, 0), place(9, 9)] {
        assert_eq!(tx.receipt_messages(stored.agent.id, made_up).await.unwrap(), 0);
    }
    assert_eq!(chain(&mut *tx, stored.agent.id).await, [(1, 1, 0), (1, 2, 1)]);
}

pub(super) async fn withdrawn_messages_leave_a_chain_without_a_gap(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let (stored, messages) = lane(&samples, &mut *tx, 4).await;
    let (o, agent) = (stored.organization.id, stored.agent.id);
    let withdraw = |index: usize| messages[index].change.unwrap();
    assert!(tx.withdraw_message(o, withdraw(1)).await.unwrap());
    assert!(tx.withdraw_message(o, withdraw(2)).await.unwrap());
    assert!(!tx.withdraw_message(o, withdraw(2)).await.unwrap());
    assert_eq!(chain(&mut *tx, agent).await, [(1, 1, 0), (1, 4, 1)]);
    assert!(tx.withdraw_message(o, withdraw(3)).await.unwrap());
    tx.append_message(o, agent, samples.message(None)).await.unwrap();
    assert_eq!(chain(&mut *tx, agent).await, [(1, 1, 0), (1, 5, 1)], "no sequence is used again");
}

pub(super) async fn sent_messages_are_neither_withdrawn_nor_amended(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let (stored, messages) = lane(&samples, &mut *tx, 2).await;
    let (o, agent) = (stored.organization.id, stored.agent.id);
    tx.mark_sent(agent, place(1, 1), samples.now()).await.unwrap();
    let content = ToAgent::Cancel(Cancel { change: samples.id() });
    assert!(!tx.withdraw_message(o, messages[0].change.unwrap()).await.unwrap());
    assert!(!tx.amend_message(o, messages[0].change.unwrap(), &content).await.unwrap());
    assert!(tx.amend_message(o, messages[1].change.unwrap(), &content).await.unwrap());
    let entries = tx.messages_after(agent, START, 10).await.unwrap();
    assert_eq!((&entries[0].message, &entries[1].message.content), (&messages[0], &content));
}

pub(super) async fn a_new_epoch_begins_with_what_was_not_receipted(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let (stored, messages) = lane(&samples, &mut *tx, 3).await;
    let (o, agent) = (stored.organization.id, stored.agent.id);
    tx.mark_sent(agent, place(1, 2), samples.now()).await.unwrap();
    tx.receipt_messages(agent, place(1, 1)).await.unwrap();
    assert_eq!(tx.begin_epoch(agent, 0).await.unwrap(), place(2, 2));
    assert_eq!(chain(&mut *tx, agent).await, [(2, 1, 0), (2, 2, 1)]);
    let entries = tx.messages_after(agent, place(1, 3), 10).await.unwrap();
    assert_eq!(entries[0].message, messages[1]);
    assert_eq!(entries[0].sent_at, None, "it is to be sent again");
    assert_eq!(tx.append_message(o, agent, samples.message(None)).await.unwrap(), place(2, 3));
    assert_eq!(tx.receipt_messages(agent, place(2, 3)).await.unwrap(), 3);
    assert_eq!(tx.begin_epoch(agent, 7).await.unwrap(), place(8, 0), "above whatever the agent has seen");
}

pub(super) async fn the_newest_lease_wins(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let (stored, _) = lane(&samples, &mut *tx, 1).await;
    let agent = stored.agent.id;
    let now = samples.now();
    let until = now + TimeDelta::minutes(1);
    let first = tx.lease_lane(agent, Uuid::from_u128(1), until).await.unwrap().unwrap();
    assert!(tx.holds_lease(&first, now).await.unwrap());
    let second = tx.lease_lane(agent, Uuid::from_u128(2), until).await.unwrap().unwrap();
    assert!(second.fence > first.fence);
    assert!(!tx.holds_lease(&first, now).await.unwrap());
    assert!(tx.holds_lease(&second, now).await.unwrap());
    assert!(!tx.holds_lease(&second, until).await.unwrap(), "it is over");
    assert_eq!(tx.lease_lane(nobody(), Uuid::from_u128(1), until).await.unwrap(), None);
}

pub(super) async fn leases_are_prolonged_together_and_taken_only_if_they_are_free(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let (stored, _) = lane(&samples, &mut *tx, 1).await;
    let agent = stored.agent.id;
    let now = samples.now();
    let (until, later) = (now + TimeDelta::minutes(1), now + TimeDelta::minutes(2));
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let first = tx.lease_free_lane(agent, one, now, until).await.unwrap().unwrap();
    assert_eq!(tx.lease_free_lane(agent, other, now, until).await.unwrap(), None, "somebody has it");
    assert_eq!(tx.prolong_leases(other, later).await.unwrap(), []);
    let longer = Lease { until: later, ..first };
    assert_eq!(tx.prolong_leases(one, later).await.unwrap(), [longer], "its fence stays");
    assert!(tx.holds_lease(&first, until).await.unwrap());
    assert_eq!(tx.lease_free_lane(agent, other, until, later).await.unwrap(), None);
    let second = tx.lease_free_lane(agent, other, later, later).await.unwrap().unwrap();
    assert!(second.fence > first.fence, "it had run out");
    assert_eq!(tx.prolong_leases(one, later).await.unwrap(), [], "somebody else took it");
    assert_eq!(tx.lease_free_lane(nobody(), one, now, until).await.unwrap(), None);
}
