//! What a well-behaved provider can do.

use hostwright_runtime::machine::Facts;
use hostwright_runtime::provider::{Desired, Observation, State, Support};
use hostwright_runtime::{Call, CallError, Mode};

use crate::world::World;

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|&id| id.to_owned()).collect()
}

fn present(json: &str) -> Observation {
    Observation::Present(json.to_owned())
}

fn desired(id: &str, json: &str) -> Desired {
    Desired { id: id.to_owned(), state: State::Present(json.to_owned()) }
}

#[tokio::test]
async fn a_provider_says_what_it_is_and_whether_it_fits_the_machine() {
    let world = World::new();
    let provider = world.hostile().await;
    assert_eq!((provider.plugin(), provider.version()), ("test/hostile", "1.0.0"));
    assert_eq!((provider.collection(), provider.describe().rank), ("test.hostile", 800));
    let on = |os: &str| Facts { os: os.to_owned(), ..Facts::default() };
    assert_eq!(provider.supports(&Call::plan(), &on("debian")).await, Ok(Support::Yes(10)));
    assert_eq!(
        provider.supports(&Call::plan(), &on("plan9")).await,
        Ok(Support::No("not on plan9".to_owned()))
    );
}

#[tokio::test]
async fn answers_come_back_by_position() {
    let world = World::new();
    let provider = world.hostile().await;
    let read = provider.read(&Call::plan(), &ids(&["echo", "none", "read:/etc/motd"])).await.unwrap();
    assert_eq!(read, [present(r#"{"says": "echo"}"#), Observation::Absent, present(r#"{"says": "hello"}"#)]);
    let wanted = [desired("echo", r#"{"says": "echo"}"#), desired("echo", "{}")];
    let differences = provider.check(&Call::plan(), &wanted).await.unwrap();
    assert_eq!(differences.iter().map(|difference| difference.index).collect::<Vec<_>>(), [1]);
    let absent_differs = provider.diff(&Call::plan(), &wanted, &read[..2]).await.unwrap();
    assert_eq!(absent_differs.iter().map(|difference| difference.index).collect::<Vec<_>>(), [1]);
    assert_eq!(provider.diff(&Call::plan(), &wanted[..1], &read[..1]).await.unwrap(), []);
    assert_eq!(provider.planned(&Call::plan(), &wanted[1..], &read[..1]).await.unwrap(), [present("{}")]);
    assert_eq!(provider.list(&Call::plan(), None).await.unwrap()[0].id, "echo");
    assert_eq!(provider.watches(&Call::plan(), &ids(&["/etc/motd"])).await.unwrap()[0].path, "/etc/motd");
}

#[tokio::test]
async fn applying_changes_the_machine_and_planning_does_not() {
    let world = World::new();
    let provider = world.hostile().await;
    let wanted = [desired("/srv/a", "{}"), desired("/root/b", "{}")];
    let observed = [Observation::Absent, Observation::Absent];
    let planned = provider.apply(&Call::plan(), &wanted, &observed).await.unwrap();
    assert_eq!(world.machine.files.lock().unwrap().len(), 1, "the plan wrote nothing");
    let applied = provider.apply(&Call::apply("task-1"), &wanted, &observed).await.unwrap();
    assert!(world.machine.files.lock().unwrap().contains_key("/srv/a"));
    let shown: Vec<String> = planned
        .iter()
        .chain(&applied)
        .map(|outcome| outcome.as_ref().map_or_else(ToString::to_string, |outcome| format!("{outcome:?}")))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
    let removed = provider.remove(&Call::apply("task-2"), &ids(&["/srv/a"])).await.unwrap();
    assert!(removed[0].as_ref().unwrap().changed);
    assert!(!world.machine.files.lock().unwrap().contains_key("/srv/a"));
}

#[tokio::test]
async fn programs_run_as_granted_and_changes_are_named() {
    let world = World::new();
    let provider = world.hostile().await;
    let apply = Call::apply("change-7-task-3");
    for line in ["/usr/bin/apt-get install -y curl", "/usr/bin/dpkg-query -W -- curl"] {
        let outcome = provider.perform(&apply, line, "run", "{}").await.unwrap();
        assert_eq!(outcome.message.as_deref(), Some("ran"));
    }
    let expected = [
        r#"/usr/bin/apt-get install -y curl Change Some("change-7-task-3-1")"#,
        "/usr/bin/dpkg-query -W -- curl Query None",
    ];
    assert_eq!(*world.machine.programs.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_provider_that_refuses_is_told_from_one_that_fails() {
    let world = World::new();
    let provider = world.hostile().await;
    let busy = provider.read(&Call::plan(), &ids(&["busy"])).await.unwrap_err();
    assert!(matches!(busy, CallError::Refused(_)), "{busy:?}");
    let unknown = provider.perform(&Call::plan(), "x", "dance", "{}").await.unwrap_err();
    insta::assert_snapshot!(format!("{busy}\n{unknown}"));
}

#[tokio::test]
async fn looking_never_changes_anything_even_where_the_call_would_allow_it() {
    let world = World::new();
    let provider = world.hostile().await;
    let call = Call { mode: Mode::Apply, ..Call::apply("task-1") };
    let read =
        provider.read(&call, &ids(&["write:/srv/a", "run:/usr/bin/apt-get install -y curl"])).await.unwrap();
    let shown: Vec<String> = read
        .iter()
        .map(|observation| match observation {
            Observation::Unreadable(error) => error.to_string(),
            other => format!("{other:?}"),
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
    assert!(world.machine.programs.lock().unwrap().is_empty());
    assert!(!world.machine.files.lock().unwrap().contains_key("/srv/a"));
}

#[tokio::test]
async fn wasi_gives_no_power() {
    let world = World::new();
    let provider = world.hostile().await;
    let read =
        provider.read(&Call::plan(), &ids(&["open", "connect", "environment", "speak"])).await.unwrap();
    let shown: Vec<String> = read.iter().map(|observation| format!("{observation:?}")).collect();
    insta::assert_snapshot!(shown.join("\n"));
    let mut lines = world.machine.lines();
    lines.sort();
    assert_eq!(
        lines,
        ["Debug test/hostile 1.0.0: to standard output", "Warn test/hostile 1.0.0: to standard error"]
    );
}

#[tokio::test]
async fn what_calls_take_is_counted() {
    let world = World::new();
    let provider = world.hostile().await;
    provider.read(&Call::plan(), &ids(&["read:/etc/motd", "read:/etc/motd"])).await.unwrap();
    provider.read(&Call::plan(), &ids(&["trap"])).await.unwrap_err();
    let usage = provider.usage();
    let read = usage["read"];
    assert_eq!((read.calls, read.failures, read.host_calls), (2, 1, 2));
    assert!(read.peak_memory_bytes > 64 << 10 && read.wall >= read.own, "{read:?}");
    assert_eq!(usage["describe"].calls, 1);
}
