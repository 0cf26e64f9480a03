//! A plugin is replaced while it works.

use std::sync::{Arc, Mutex};

use hostwright_runtime::provider::Observation;
use hostwright_runtime::{Call, Provider};

use crate::guests::{manifest, with_manifest};
use crate::world::World;

#[tokio::test]
async fn calls_in_flight_end_on_the_old_plugin_and_new_ones_go_to_the_new() {
    let world = World::new();
    let old = world.hostile().await;
    let watched = Arc::downgrade(&old);
    let active: Arc<Mutex<Arc<Provider>>> = Arc::new(Mutex::new(old));

    let serving = active.lock().unwrap().clone();
    let in_flight = tokio::spawn(async move {
        let observations = serving.read(&Call::plan(), &["read:/etc/slow".to_owned()]).await;
        (serving.version().to_owned(), observations)
    });
    world.machine.waiting.acquire().await.unwrap().forget();

    let newer =
        with_manifest("hostile", &manifest("hostile").replace("version = \"1.0.0\"", "version = \"1.1.0\""));
    let new = world.load(newer).await.unwrap();
    *active.lock().unwrap() = new;

    let serving = active.lock().unwrap().clone();
    assert_eq!(serving.version(), "1.1.0");
    serving.read(&Call::plan(), &["echo".to_owned()]).await.unwrap();
    assert!(!in_flight.is_finished());

    world.machine.slow.add_permits(1);
    let (version, observations) = in_flight.await.unwrap();
    assert_eq!(version, "1.0.0");
    assert_eq!(observations.unwrap(), [Observation::Present(r#"{"says": "at last"}"#.to_owned())]);
    assert!(watched.upgrade().is_none(), "the old plugin went with its last call");
}

#[tokio::test]
async fn a_plugin_that_does_not_load_leaves_the_old_one_serving() {
    let world = World::new();
    let old = world.hostile().await;
    let broken = with_manifest("hostile", &manifest("hostile").replace("test.hostile", "test.other"));
    world.load(broken).await.unwrap_err();
    old.read(&Call::plan(), &["echo".to_owned()]).await.unwrap();
}
