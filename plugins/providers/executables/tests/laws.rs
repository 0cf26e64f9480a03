//! Executables have one law: begun at most once.

#![expect(clippy::unwrap_used, reason = "what helpers of tests cannot do ends the test")]

use std::sync::Arc;

use hostwright_runtime::machine::{Output, Request, ScriptInvocation};
use hostwright_runtime::provider::{Desired, Observation, ProviderError, State};
use hostwright_runtime::{Call, CallError};
use hostwright_testkit::{Bench, FakeMachine, component, laws};
use serde_json::json;

const SCRIPT: &str = "#!/bin/sh\necho migrated\n";

fn machine() -> FakeMachine {
    FakeMachine::new().with_user("postgres", 100).with_file("/srv/migrate", SCRIPT).with_scripts(
        |script: &ScriptInvocation| {
            let status = i32::from(script.arguments.iter().any(|argument| argument == "--fail"));
            let stdout = format!("{} {}", script.user, script.arguments.join(" "));
            Output { status, stdout: stdout.into(), stderr: bytes::Bytes::new(), truncated: false }
        },
    )
}

async fn bench() -> Bench {
    let component = component(env!("CARGO_MANIFEST_DIR")).unwrap();
    let bench = Bench::of(component, Arc::new(machine())).unwrap().load().await.unwrap();
    bench.store.deliver_script("/srv/migrate", SCRIPT.as_bytes());
    bench
}

#[tokio::test]
async fn a_script_is_begun_at_most_once() {
    let bench = bench().await;
    let is_run = |request: &Request| matches!(request, Request::RunScript(_));
    let attributes = json!({"user": "postgres", "arguments": ["--all"]});
    laws::begun_at_most_once(&bench, "/srv/migrate", "execute", &attributes, is_run).await.assert_kept();
}

#[tokio::test]
async fn what_a_script_wrote_and_how_it_failed_is_told() {
    let bench = bench().await;
    let run = async |attributes: serde_json::Value| {
        bench.provider.perform(&Call::apply("test"), "/srv/migrate", "execute", &attributes.to_string()).await
    };
    let done = run(json!({"user": "postgres", "arguments": ["--all"]})).await.unwrap();
    assert_eq!((done.changed, done.message.as_deref()), (true, Some("postgres --all")));
    let failed = run(json!({"arguments": ["--fail"]})).await.unwrap_err();
    let CallError::Refused(ProviderError::Failed { message, status, output, .. }) = failed else {
        panic!("{failed}")
    };
    assert_eq!(message, "`/srv/migrate` failed as user `root`");
    assert_eq!((status, output.as_deref()), (Some(1), Some("root --fail")));
    let bad = run(json!({"timeout_ms": 0})).await.unwrap_err();
    assert!(
        matches!(bad, CallError::Refused(ProviderError::Invalid { pointer, .. }) if pointer == "/timeout_ms")
    );
}

#[tokio::test]
async fn a_script_that_no_change_delivered_is_not_run() {
    let component = component(env!("CARGO_MANIFEST_DIR")).unwrap();
    let bench = Bench::of(component, Arc::new(machine())).unwrap().load().await.unwrap();
    let refused =
        bench.provider.perform(&Call::apply("test"), "/srv/migrate", "execute", "{}").await.unwrap_err();
    assert!(refused.to_string().contains("/srv/migrate"), "{refused}");
    assert!(!bench.machine.take_requests().iter().any(|request| matches!(request, Request::RunScript(_))));
}

#[tokio::test]
async fn there_is_no_state_to_read_or_apply() {
    let bench = bench().await;
    let ids = ["/srv/migrate".to_owned()];
    let observed = bench.provider.read(&Call::plan(), &ids).await.unwrap();
    assert!(matches!(observed[0], Observation::Unreadable(ProviderError::Unsupported(_))));
    let wanted = [Desired { id: ids[0].clone(), state: State::Present("{}".into()) }];
    let applied = bench.provider.apply(&Call::apply("test"), &wanted, &observed).await.unwrap();
    assert!(matches!(applied[0], Err(ProviderError::Unsupported(_))));
}
