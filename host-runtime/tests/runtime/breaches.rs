//! Every way in which a plugin can misbehave costs one failed call with a clear reason.

use std::time::{Duration, Instant};

use hostwright_runtime::provider::{Desired, Observation, State};
use hostwright_runtime::{Call, CallError, Limits};

use crate::world::World;

/// Small enough that a test does not wait, large enough for a busy machine.
const TIGHT: Limits = Limits {
    call: Duration::from_millis(500),
    memory_bytes: 16 << 20,
    host_calls: 1000,
    output_bytes: 1 << 20,
    log_bytes: 10_000,
    ..Limits::CEILINGS
};

async fn commit(world: &World, breach: &str) -> CallError {
    let provider = world.hostile().await;
    let error = provider.read(&Call::plan(), &[breach.to_owned()]).await.unwrap_err();
    let after = provider.read(&Call::plan(), &["echo".to_owned()]).await.unwrap();
    assert!(matches!(after[0], Observation::Present(_)), "the next call is served");
    error
}

macro_rules! breach {
    ($name:ident, $breach:expr) => {
        #[tokio::test]
        async fn $name() {
            let error = commit(&World::with_ceilings(TIGHT), $breach).await;
            insta::assert_snapshot!(stringify!($name), error);
        }
    };
}

breach!(an_endless_loop_is_stopped, "loop");
breach!(an_endless_wait_is_stopped, "sleep");
breach!(hoarding_memory_is_stopped, "hog");
breach!(a_trap_fails_the_call_with_its_last_words, "trap");
breach!(an_exit_fails_the_call, "exit");
breach!(endless_recursion_fails_the_call, "recurse");
breach!(a_flood_of_output_is_stopped, "output-flood:2000000");
breach!(a_flood_of_arguments_is_stopped, "argument-flood:200000");
breach!(a_flood_of_log_lines_is_stopped, "log-flood");
breach!(a_flood_on_standard_output_is_stopped, "stdout-flood");
breach!(a_flood_of_host_calls_is_stopped, "call-flood");
breach!(using_http_fails_the_call, "http");
breach!(too_few_answers_are_refused, "fewer");
breach!(attributes_that_are_no_json_are_refused, "nonsense");

#[tokio::test]
async fn a_batch_of_too_many_is_stopped_however_small_each_is() {
    let ceilings = Limits { output_bytes: 64 << 20, ..TIGHT };
    let error = commit(&World::with_ceilings(ceilings), "argument-flood:70000").await;
    insta::assert_snapshot!(error, @"plugin test/hostile 1.0.0 was stopped in `read`: it named more than 65536 things in one call of a host function");
}

#[tokio::test]
async fn a_plugin_may_do_with_the_memory_it_gets() {
    let world = World::with_ceilings(TIGHT);
    let provider = world.hostile().await;
    let read = provider.read(&Call::plan(), &["modest-hog".to_owned()]).await.unwrap();
    assert_eq!(read, [Observation::Present(r#"{"says": "8 MiB, then no more"}"#.to_owned())]);
}

#[tokio::test]
async fn a_plugin_that_loops_lets_others_run() {
    // One thread for everything, as in the agent.
    let world = World::with_ceilings(Limits { call: Duration::from_secs(20), ..TIGHT });
    let provider = world.hostile().await;
    let looping = provider.clone();
    let task = tokio::spawn(async move { looping.read(&Call::plan(), &["loop".to_owned()]).await });
    for _ in 0..5 {
        provider.read(&Call::plan(), &["echo".to_owned()]).await.unwrap();
    }
    assert!(!task.is_finished());
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn the_callers_deadline_ends_a_call_also_in_a_host_function() {
    let world = World::new();
    let provider = world.hostile().await;
    let call = Call::plan().within(Duration::from_millis(100));
    let start = Instant::now();
    let error = provider.read(&call, &["read:/etc/slow".to_owned()]).await.unwrap_err();
    insta::assert_snapshot!(error);
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn what_was_not_granted_is_refused_with_the_grant_to_add() {
    let world = World::new();
    let provider = world.hostile().await;
    let breaches = [
        "read:/root/.ssh/id_ed25519",
        "read:/etc/../root/.ssh/id_ed25519",
        "read:etc/motd",
        "run:/bin/sh -c id",
        "run:/usr/bin/dpkg-query -W -- curl-",
        "run:/usr/bin/dpkg-query -W -- --admindir=/tmp",
        "run:/usr/bin/dpkg-query -W -- ./x.deb",
        "run:dpkg-query -W -- curl",
        "run:/usr/bin/apt-get install -y curl",
    ];
    let read = provider.read(&Call::plan(), &breaches.map(str::to_owned)).await.unwrap();
    let shown: Vec<String> = read
        .iter()
        .map(|observation| match observation {
            Observation::Unreadable(error) => error.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[tokio::test]
async fn less_granted_than_asked_is_refused_where_it_is_missed() {
    let world = World::new();
    let component = crate::guests::guest("hostile");
    let mut grants = crate::world::asked(&component);
    grants.files.read = vec!["/etc/motd".to_owned()];
    let provider = world.runtime.load_provider(component, &grants, world.host.clone()).await.unwrap();
    let ids = ["read:/etc/motd", "read:/etc/passwd"].map(str::to_owned);
    let read = provider.read(&Call::plan(), &ids).await.unwrap();
    assert!(matches!(&read[0], Observation::Present(_)));
    let Observation::Unreadable(error) = &read[1] else { panic!("{read:?}") };
    insta::assert_snapshot!(error);
}

#[tokio::test]
async fn a_difference_of_a_resource_that_was_not_asked_for_is_refused() {
    let world = World::new();
    let provider = world.hostile().await;
    let desired = Desired { id: "beyond".to_owned(), state: State::Absent };
    let error = provider.check(&Call::plan(), &[desired]).await.unwrap_err();
    insta::assert_snapshot!(error);
}

#[tokio::test]
async fn watching_a_path_that_is_none_is_refused() {
    let world = World::new();
    let provider = world.hostile().await;
    let error = provider.watches(&Call::plan(), &["/etc/../root".to_owned()]).await.unwrap_err();
    insta::assert_snapshot!(error);
}
