//! The laws, kept by the real component with a stand-in for systemctl; the real one is asked on booted hosts.

#![expect(clippy::unwrap_used, reason = "what helpers of tests cannot do ends the test")]

use std::sync::Arc;

use hostwright_runtime::machine::Request;
use hostwright_runtime::provider::{Desired, Observation, ProviderError, State};
use hostwright_runtime::{Call, CallError};
use hostwright_testkit::programs::{Start, Systemd, Unit};
use hostwright_testkit::{Bench, FakeMachine, component, laws};
use serde_json::{Value as Json, json};

fn systemd() -> Systemd {
    Systemd::default()
        .with_unit("nginx.service", Unit::default())
        .with_unit("cron.service", Unit { is_active: true, file_state: "enabled".into(), ..Unit::default() })
        .with_unit("static.service", Unit { file_state: "static".into(), ..Unit::default() })
        .with_unit("broken.service", Unit { start: Start::Fails, ..Unit::default() })
        .with_unit("brief.service", Unit { start: Start::Ends, ..Unit::default() })
        .with_unit(
            "masked.service",
            Unit { load_state: "masked".into(), file_state: "masked".into(), ..Unit::default() },
        )
        .with_unit("new.service", Unit { is_new: true, ..Unit::default() })
}

async fn bench(systemd: &Systemd) -> Bench {
    let machine = Arc::new(systemd.on(FakeMachine::new()));
    Bench::of(component(env!("CARGO_MANIFEST_DIR")).unwrap(), machine).unwrap().load().await.unwrap()
}

fn desired(id: &str, attributes: &Json) -> Desired {
    Desired { id: id.to_owned(), state: State::Present(attributes.to_string()) }
}

async fn apply(bench: &Bench, id: &str, attributes: &Json) -> Result<bool, String> {
    let outcomes = bench
        .provider
        .apply(&Call::apply("test"), &[desired(id, attributes)], &[Observation::Absent])
        .await
        .unwrap();
    match outcomes.into_iter().next().unwrap() {
        Ok(outcome) => Ok(outcome.changed),
        Err(ProviderError::Failed { message, output, .. }) => {
            Err(format!("{message}|{}", output.unwrap_or_default()))
        }
        Err(other) => Err(other.to_string()),
    }
}

#[tokio::test]
async fn the_laws_are_kept() {
    let bench = bench(&systemd()).await;
    let both = json!({"running": true, "enabled": true});
    let cases = [
        laws::Case::new("two at once").resource("nginx", both.clone()).resource("cron.service", both.clone()),
        laws::Case::new("stopped").resource("nginx", json!({"running": false})),
        laws::Case::new("disabled").resource("nginx", json!({"enabled": false})),
        laws::Case::new("nothing asked").resource("cron", json!({})),
        laws::Case::new("what cannot be enabled").resource("static", json!({"running": true})).then_removed(),
        laws::Case::new("gone").resource("nginx", both).then_removed(),
        laws::Case::bad("a typo", "nginx", json!({"runing": true}), "/runing"),
        laws::Case::bad("no boolean", "nginx", json!({"enabled": "yes"}), "/enabled"),
        laws::Case::bad("a glob", "ng*", json!({}), ""),
        laws::Case::bad("an option", "--now", json!({}), ""),
    ];
    laws::check(&bench, &cases).await.assert_kept();
}

#[tokio::test]
async fn a_service_that_does_not_start_is_told_with_its_journal() {
    let bench = bench(&systemd()).await;
    let failed = apply(&bench, "broken", &json!({"running": true})).await.unwrap_err();
    assert!(failed.starts_with("the unit `broken.service` did not start|Job failed"), "{failed}");
    assert!(failed.ends_with("cannot bind to port 80"), "{failed}");
    let ended = apply(&bench, "brief", &json!({"running": true})).await.unwrap_err();
    assert!(ended.starts_with("the unit `brief.service` does not run although it was started"), "{ended}");
    assert!(ended.ends_with("cannot bind to port 80"), "{ended}");
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_the_reason() {
    let bench = bench(&systemd()).await;
    let told = [
        apply(&bench, "nosuch", &json!({"running": true})).await.unwrap_err(),
        apply(&bench, "masked", &json!({"running": true})).await.unwrap_err(),
        apply(&bench, "static", &json!({"enabled": true})).await.unwrap_err(),
    ];
    assert_eq!(
        told,
        [
            "there is no unit `nosuch.service` on this machine; declare the package or the file that it comes with|",
            "the unit `masked.service` is masked: an administrator made it impossible to start (`systemctl unmask masked.service` undoes that)|",
            "the unit `static.service` cannot be enabled: it has no `[Install]` section and is started by others; leave `enabled` out|",
        ]
    );
    assert_eq!(apply(&bench, "masked", &json!({"running": false, "enabled": false})).await, Ok(false));
    assert_eq!(apply(&bench, "static", &json!({"enabled": false})).await, Ok(false));
}

#[tokio::test]
async fn a_unit_file_that_was_just_written_is_found() {
    let systemd = systemd();
    let bench = bench(&systemd).await;
    assert_eq!(apply(&bench, "new", &json!({"running": true})).await, Ok(true));
    assert!(systemd.take_commands().contains(&"daemon-reload".to_owned()));
    assert!(systemd.unit("new.service").unwrap().is_active);
}

#[tokio::test]
async fn restart_starts_and_reload_leaves_a_stopped_service_alone() {
    let systemd = systemd();
    let bench = bench(&systemd).await;
    let perform =
        async |id: &str, action: &str| bench.provider.perform(&Call::apply("test"), id, action, "{}").await;
    let idle = perform("nginx", "reload").await.unwrap();
    assert!(!idle.changed && idle.message.unwrap().contains("does not run"));
    assert!(!systemd.unit("nginx.service").unwrap().is_active);
    assert!(perform("nginx", "restart").await.unwrap().changed);
    assert!(systemd.unit("nginx.service").unwrap().is_active);
    systemd.take_commands();
    assert!(perform("nginx", "reload").await.unwrap().changed);
    assert!(systemd.take_commands().contains(&"reload-or-restart -- nginx.service".to_owned()));
    let unknown = perform("nginx", "explode").await.unwrap_err();
    assert!(matches!(&unknown, CallError::Refused(ProviderError::Unsupported(_))), "{unknown}");
    let missing = perform("nosuch", "restart").await.unwrap_err().to_string();
    assert!(missing.contains("there is no unit `nosuch.service`"), "{missing}");
}

#[tokio::test]
async fn a_restart_is_begun_at_most_once() {
    let bench = bench(&systemd()).await;
    let is_restart = |request: &Request| matches!(request, Request::Run(run) if run.arguments.first().is_some_and(|verb| verb == "restart"));
    laws::begun_at_most_once(&bench, "cron", "restart", &json!({}), is_restart).await.assert_kept();
}

#[tokio::test]
async fn a_batch_is_read_with_one_run() {
    let systemd = systemd();
    let bench = bench(&systemd).await;
    systemd.take_commands();
    let ids = ["nginx", "cron", "nosuch"].map(str::to_owned);
    let observed = bench.provider.read(&Call::plan(), &ids).await.unwrap();
    assert_eq!(observed[0], Observation::Present(r#"{"running":false,"enabled":false}"#.into()));
    assert_eq!(observed[1], Observation::Present(r#"{"running":true,"enabled":true}"#.into()));
    assert_eq!(observed[2], Observation::Absent);
    assert_eq!(systemd.take_commands().len(), 1);
    let watches = bench.provider.watches(&Call::plan(), &ids).await.unwrap();
    assert!(
        watches.iter().any(|watch| watch.path == "/sys/fs/cgroup/system.slice/cron.service/cgroup.events")
    );
}
