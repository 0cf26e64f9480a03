//! Both databases keep every promise of the store.

use hostwright_store::Store;
use hostwright_store::testing::postgres::Postgres;
use hostwright_store::testing::{CASES, Case};

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_every_promise() {
    let directory = tempfile::tempdir().unwrap();
    let mut broken = Vec::new();
    for case in CASES {
        let path = directory.path().join(format!("{}.db", case.name));
        let store = Store::connect(&format!("sqlite://{}", path.display())).await.unwrap();
        broken.extend(check(case, store).await);
    }
    assert!(broken.is_empty(), "broken on SQLite: {broken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_every_promise() {
    let Some(postgres) = Postgres::start().await.unwrap() else { return };
    let mut broken = Vec::new();
    for case in CASES {
        let store = Store::connect(&postgres.database().await.unwrap()).await.unwrap();
        broken.extend(check(case, store).await);
    }
    assert!(broken.is_empty(), "broken on PostgreSQL: {broken:?}");
}

/// Runs a case by itself, so that the others are checked even if it panics; returns its name if it does.
async fn check(case: &Case, store: Store) -> Option<&'static str> {
    let Case { name, run } = *case;
    let outcome = tokio::spawn(run(store.clone())).await;
    store.close().await;
    outcome.err().map(|_| name)
}
