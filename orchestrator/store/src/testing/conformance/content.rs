use chrono::TimeDelta;
use hostwright_model::blob::{Blob, BlobDigest};

use crate::testing::Samples;
use crate::{Replay, Store, StoredAnswer};

pub(super) async fn blobs_are_kept_once_and_given_in_parts_to_whom_they_are_for(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let (o, agent) = (stored.organization.id, stored.agent.id);
    let other = samples.agent(&stored.environment, None);
    tx.insert_agent(&other).await.unwrap();
    let blob = Blob::new((0..=255).collect());
    let digest = blob.digest();
    for _ in 0..2 {
        tx.put_blob(o, &blob, samples.now()).await.unwrap();
        tx.allow_blob(o, agent, digest).await.unwrap();
    }
    assert_eq!(tx.blob(o, digest).await.unwrap().as_ref(), Some(&blob));
    assert_eq!(tx.blob(o, BlobDigest::of(b"unknown")).await.unwrap(), None);
    let (size, part) = tx.blob_part_for_agent(agent, digest, 250, 100).await.unwrap().unwrap();
    assert_eq!((size, part), (256, vec![250, 251, 252, 253, 254, 255]));
    let (_, part) = tx.blob_part_for_agent(agent, digest, 0, 3).await.unwrap().unwrap();
    assert_eq!(part, [0, 1, 2]);
    let (_, part) = tx.blob_part_for_agent(agent, digest, 256, 3).await.unwrap().unwrap();
    assert!(part.is_empty());
    let (_, part) = tx.blob_part_for_agent(agent, digest, u64::MAX, u64::MAX).await.unwrap().unwrap();
    assert!(part.is_empty());
    assert_eq!(tx.blob_part_for_agent(other.id, digest, 0, 3).await.unwrap(), None);
    let empty = Blob::new(Vec::new());
    tx.put_blob(o, &empty, samples.now()).await.unwrap();
    tx.allow_blob(o, agent, empty.digest()).await.unwrap();
    assert_eq!(tx.blob_part_for_agent(agent, empty.digest(), 0, 3).await.unwrap(), Some((0, Vec::new())));
}

pub(super) async fn requests_that_come_twice_are_answered_as_before(store: Store) {
    let samples = Samples::default();
    let answer = StoredAnswer {
        status: 200,
        headers: vec![("location".to_owned(), "/x".to_owned())],
        body: b"{}".to_vec(),
    };
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.replay("jd", "key", "request", samples.now()).await.unwrap(), Replay::First);
    tx.rollback().await.unwrap();

    let mut first = store.begin().await.unwrap();
    assert_eq!(first.replay("jd", "key", "request", samples.now()).await.unwrap(), Replay::First);
    let second = tokio::spawn({
        let (store, now) = (store.clone(), samples.now());
        async move {
            let mut tx = store.begin().await.unwrap();
            let replay = tx.replay("jd", "key", "request", now).await.unwrap();
            tx.rollback().await.unwrap();
            replay
        }
    });
    first.store_answer("jd", "key", &answer).await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(second.await.unwrap(), Replay::Answered(answer.clone()), "it waited for the first");

    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.replay("jd", "key", "another", samples.now()).await.unwrap(), Replay::Different);
    assert_eq!(tx.replay("someone else", "key", "request", samples.now()).await.unwrap(), Replay::First);
    let later = samples.now() + TimeDelta::microseconds(1);
    assert_eq!(tx.prune_idempotency_keys(later).await.unwrap(), 2);
    assert_eq!(tx.replay("jd", "key", "another", samples.now()).await.unwrap(), Replay::First);
}
