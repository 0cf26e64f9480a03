use chrono::TimeDelta;
use hostwright_model::agent::Presence;
use hostwright_model::change::{ChangeEnding, ChangeState, TaskState};
use hostwright_protocol::messages::TaskOutcome;

use super::is_in_use;
use crate::Store;
use crate::testing::Samples;

pub(super) async fn changes_are_numbered_and_no_number_is_used_again(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let o = stored.organization.id;
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let mut change = samples.change(&stored.host);
        numbers.push(tx.insert_change(&mut change).await.unwrap());
        assert!(tx.delete_change(o, change.id).await.unwrap());
        assert!(!tx.delete_change(o, change.id).await.unwrap());
    }
    let mut change = samples.change(&stored.host);
    numbers.push(tx.insert_change(&mut change).await.unwrap());
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(change.order_number, 3);
    assert_eq!(tx.change(o, change.id).await.unwrap().as_ref(), Some(&change));
    assert_eq!(tx.change_by_number(o, stored.host.id, 3).await.unwrap().as_ref(), Some(&change));
    assert_eq!(tx.change_by_number(o, stored.host.id, 2).await.unwrap(), None);
    let mut lost = samples.change(&samples.host(&stored.environment, "nowhere"));
    assert!(is_in_use(&tx.insert_change(&mut lost).await));
}

pub(super) async fn tasks_come_back_as_they_were_stored(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let o = stored.organization.id;
    let mut change = samples.change(&stored.host);
    tx.insert_change(&mut change).await.unwrap();
    let outcome =
        TaskOutcome::Done { changed: true, message: Some("1.22".to_owned()), differences: Vec::new() };
    let at = samples.now();
    let states = [
        TaskState::Running { since: at },
        TaskState::Reported { outcome, at },
        TaskState::Reported { outcome: TaskOutcome::Skipped { because: 0 }, at },
        TaskState::Dropped { ending: ChangeEnding::Superseded, at },
        TaskState::Pending,
    ];
    for state in states {
        change.tasks[1].state = state;
        tx.save_task(o, change.id, &change.tasks[1]).await.unwrap();
        assert_eq!(tx.change(o, change.id).await.unwrap().as_ref(), Some(&change));
    }
    change.state = ChangeState::Running { since: at };
    change.tasks.remove(0);
    change.generation = 99;
    "other".clone_into(&mut change.desired_digest);
    tx.save_change(&change).await.unwrap();
    assert_eq!(tx.change(o, change.id).await.unwrap().as_ref(), Some(&change));
    let number = change.tasks[0].task.number;
    assert_eq!(tx.task(o, change.id, number).await.unwrap().as_ref(), change.tasks.first());
    assert_eq!(tx.task(o, change.id, 99).await.unwrap(), None);
    change.presume_ended(at).unwrap();
    tx.save_change(&change).await.unwrap();
    assert_eq!(tx.change(o, change.id).await.unwrap().as_ref(), Some(&change));
    change.reopen();
    change.end(ChangeEnding::Interrupted, at, Some("in doubt".to_owned())).unwrap();
    tx.save_change(&change).await.unwrap();
    assert_eq!(tx.change(o, change.id).await.unwrap().as_ref(), Some(&change));
    let mut alone = tx.change_alone(o, change.id).await.unwrap().unwrap();
    assert!(alone.tasks.is_empty());
    alone.generation = 100;
    tx.save_change_alone(&alone).await.unwrap();
    change.generation = 100;
    assert_eq!(tx.change(o, change.id).await.unwrap().as_ref(), Some(&change), "its tasks are as they were");
}

pub(super) async fn open_changes_are_those_that_have_not_ended(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let (o, host) = (stored.organization.id, stored.host.id);
    let mut changes = Vec::new();
    for _ in 0..3 {
        let mut change = samples.change(&stored.host);
        tx.insert_change(&mut change).await.unwrap();
        changes.push(change);
    }
    changes[0].end(ChangeEnding::Done, samples.now(), None).unwrap();
    changes[1].state = ChangeState::Running { since: samples.now() };
    for change in &changes {
        tx.save_change(change).await.unwrap();
    }
    assert_eq!(tx.open_changes(o, host).await.unwrap(), changes[1..]);
    assert_eq!(tx.changes(o, host, true).await.unwrap(), changes);
}

pub(super) async fn overdue_changes_are_found(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let mut change = samples.change(&stored.host);
    tx.insert_change(&mut change).await.unwrap();
    let mut running = samples.change(&stored.host);
    running.state = ChangeState::Running { since: samples.now() };
    tx.insert_change(&mut running).await.unwrap();
    let before = change.expires_at - TimeDelta::microseconds(1);
    let (o, expired) = (stored.organization.id, change.expires_at);
    let id = stored.agent.id;
    let overdue = async |tx: &mut dyn crate::Transaction, now, silent_since| {
        let mut found = tx.overdue_changes(now, silent_since, 10).await.unwrap();
        found.sort();
        found
    };
    let mut both = [(o, change.id), (o, running.id)];
    both.sort();
    tx.save_presence(id, Presence::Up, Some(expired)).await.unwrap();
    assert_eq!(overdue(&mut *tx, before, expired).await, []);
    assert_eq!(overdue(&mut *tx, expired, expired).await, [(o, change.id)], "its agent is at work");
    tx.save_presence(id, Presence::Down, None).await.unwrap();
    assert_eq!(overdue(&mut *tx, expired, before).await, [(o, change.id)], "it was heard of just now");
    assert_eq!(overdue(&mut *tx, expired, expired).await, both);
}
