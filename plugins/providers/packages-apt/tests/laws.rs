//! The laws, kept by the real component with stand-ins for dpkg and apt; the real ones are asked on booted hosts.

#![expect(clippy::unwrap_used, reason = "what helpers of tests cannot do ends the test")]

use std::sync::Arc;

use hostwright_runtime::Call;
use hostwright_runtime::machine::Facts;
use hostwright_runtime::provider::{Desired, Observation, Outcome, ProviderError, State, Support};
use hostwright_testkit::programs::Debian;
use hostwright_testkit::{Bench, Crash, FakeMachine, Node, component, laws};
use serde_json::{Value as Json, json};

const POLICY: &str = "/usr/sbin/policy-rc.d";

fn debian() -> Debian {
    Debian::default()
        .offering("nginx-light", "1.22.1-9", &["nginx", "nginx-common"])
        .offering("nginx", "1.22.1-9", &["nginx-common"])
        .offering("nginx-common", "1.22.1-9", &[])
        .offering("curl", "7.88.1-10", &[])
        .offering("curl", "7.88.1-9", &[])
        .offering("postfix", "3.7", &[])
        .offering("exim4", "4.96", &[])
        .conflicting("postfix", "exim4")
        .offering_after_update("late", "1.0")
}

fn machine(debian: &Debian) -> Arc<FakeMachine> {
    Arc::new(debian.on(FakeMachine::new().with_directory("/usr/sbin")))
}

async fn bench(machine: Arc<FakeMachine>) -> Bench {
    Bench::of(component(env!("CARGO_MANIFEST_DIR")).unwrap(), machine).unwrap().load().await.unwrap()
}

fn desired(id: &str, attributes: &Json) -> Desired {
    Desired { id: id.to_owned(), state: State::Present(attributes.to_string()) }
}

async fn apply(bench: &Bench, batch: &[(&str, Json)]) -> Vec<Result<Outcome, ProviderError>> {
    let wanted: Vec<Desired> = batch.iter().map(|(id, attributes)| desired(id, attributes)).collect();
    let ids: Vec<String> = batch.iter().map(|(id, _)| (*id).to_owned()).collect();
    let observed = bench.provider.read(&Call::plan(), &ids).await.unwrap();
    bench.provider.apply(&Call::apply("test"), &wanted, &observed).await.unwrap()
}

fn error(outcome: &Result<Outcome, ProviderError>) -> String {
    outcome.as_ref().unwrap_err().to_string()
}

#[tokio::test]
async fn the_laws_are_kept() {
    let debian = debian();
    let machine = machine(&debian);
    let bench = bench(machine.clone()).await;
    let cases = [
        laws::Case::new("two at once")
            .resource("nginx-light", json!({}))
            .resource("curl", json!({"version": "7.88.1-9"})),
        laws::Case::new("a hold").resource("curl", json!({"hold": true})),
        laws::Case::new("through a hold").resource("curl", json!({"version": "7.88.1-10", "hold": true})),
        laws::Case::new("a downgrade without hold")
            .resource("curl", json!({"version": "7.88.1-9", "hold": false})),
        laws::Case::new("there already").resource("nginx-common", json!({})),
        laws::Case::new("gone").resource("curl", json!({})).resource("nginx-light", json!({})).then_removed(),
        laws::Case::new("exactly what is not offered yet").resource("late", json!({"version": "1.0"})),
        laws::Case::bad("a typo", "curl", json!({"versoin": "1"}), "/versoin"),
        laws::Case::bad("a pattern", "curl", json!({"version": "7.*"}), "/version"),
        laws::Case::bad("a removal", "curl-", json!({}), ""),
        laws::Case::bad("an option", "-y", json!({}), ""),
    ];
    laws::check_with(&bench, &cases, &|| format!("{:?}", machine.tree())).await.assert_kept();
    assert!(machine.tree().get(POLICY).is_none());
    assert!(debian.held_back().iter().all(|held| *held) && !debian.held_back().is_empty());
}

#[tokio::test]
async fn a_batch_is_one_run_of_apt_at_the_simulated_versions() {
    let debian = debian();
    let bench = bench(machine(&debian)).await;
    debian.take_commands();
    let outcomes =
        apply(&bench, &[("nginx-light", json!({})), ("curl", json!({"version": "7.88.1-9"}))]).await;
    let message = outcomes[0].as_ref().unwrap().message.as_deref();
    assert_eq!(message, Some("installed 1.22.1-9, with nginx-common 1.22.1-9, nginx 1.22.1-9"));
    let commands = debian.take_commands();
    let installs: Vec<&String> =
        commands.iter().filter(|command| command.starts_with("/usr/bin/apt-get install")).collect();
    assert_eq!(installs.len(), 1, "{commands:?}");
    assert!(installs[0].ends_with(" -- nginx-light=1.22.1-9 curl=7.88.1-9"), "{installs:?}");
    assert!(!installs[0].contains("downgrades"), "{installs:?}");
    let at = |part: &str| commands.iter().position(|command| command.contains(part)).unwrap();
    assert!(at("apt-get -s install") < at("apt-get install"), "{commands:?}");
    assert!(!commands.iter().any(|command| command.contains("apt-get update")), "{commands:?}");
}

#[tokio::test]
async fn dependencies_and_versions_are_in_the_plan() {
    let bench = bench(machine(&debian())).await;
    let batch = [desired("nginx-light", &json!({})), desired("late", &json!({}))];
    let observed = [Observation::Absent, Observation::Absent];
    let plan = bench.provider.diff(&Call::plan(), &batch, &observed).await.unwrap();
    let told: Vec<String> = plan
        .iter()
        .map(|difference| format!("{} {:?} {:?}", difference.index, difference.pointer, difference.after))
        .collect();
    assert_eq!(
        told,
        [
            "0 \"\" Some(Known(\"{\\\"version\\\":\\\"1.22.1-9\\\",\\\"dependencies\\\":{\\\"nginx-common\\\":\\\"1.22.1-9\\\",\\\"nginx\\\":\\\"1.22.1-9\\\"}}\"))",
            "1 \"\" Some(Known(\"{}\"))",
            "1 \"/version\" Some(KnownAfterApply)",
        ]
    );
}

#[tokio::test]
async fn the_repositories_are_asked_only_for_what_is_not_known() {
    let debian = debian();
    let bench = bench(machine(&debian)).await;
    assert!(apply(&bench, &[("late", json!({}))]).await[0].as_ref().unwrap().changed);
    assert!(debian.take_commands().iter().any(|command| command.contains("apt-get update")));
    let outcomes =
        apply(&bench, &[("nosuch", json!({})), ("curl", json!({"version": "9"})), ("nginx", json!({}))])
            .await;
    assert_eq!(error(&outcomes[0]), "no repository of this machine offers `nosuch`");
    assert_eq!(
        error(&outcomes[1]),
        "no repository of this machine offers version 9 of `curl`, only 7.88.1-10, 7.88.1-9"
    );
    assert!(outcomes[2].as_ref().unwrap().changed, "the sound one of the batch is installed");
}

#[tokio::test]
async fn nothing_is_removed_that_nobody_asked_to_remove() {
    let debian = debian();
    debian.install("exim4", "4.96");
    debian.install("nginx-light", "1.22.1-9");
    debian.install("nginx", "1.22.1-9");
    let bench = bench(machine(&debian)).await;
    let outcomes = apply(&bench, &[("postfix", json!({}))]).await;
    assert_eq!(
        error(&outcomes[0]),
        "installing postfix would remove exim4, which nobody asked for; declare it absent first"
    );
    let removed = bench.provider.remove(&Call::apply("test"), &["nginx".to_owned()]).await.unwrap();
    assert_eq!(
        error(&removed[0]),
        "removing nginx would also remove nginx-light, which nobody asked for; declare them absent too"
    );
    assert!(debian.installed("exim4").is_some() && debian.installed("nginx").is_some());
    let both = ["nginx".to_owned(), "nginx-light".to_owned()];
    let removed = bench.provider.remove(&Call::apply("test"), &both).await.unwrap();
    assert!(removed.iter().all(|outcome| outcome.as_ref().unwrap().changed));
}

#[tokio::test]
async fn a_lock_is_told_with_its_holder() {
    let debian = debian();
    let machine = machine(&debian);
    let bench = bench(machine.clone()).await;
    debian.lock(Some("4711 (unattended-upgr)"));
    let outcomes = apply(&bench, &[("curl", json!({}))]).await;
    assert!(matches!(&outcomes[0], Err(ProviderError::Busy(who)) if who.contains("4711 (unattended-upgr)")));
    assert!(machine.tree().get(POLICY).is_none(), "service starts are free again");
    debian.lock(None);
    assert!(apply(&bench, &[("curl", json!({}))]).await[0].as_ref().unwrap().changed);
}

#[tokio::test]
async fn what_an_interrupted_dpkg_left_is_finished_first() {
    let debian = debian();
    let bench = bench(machine(&debian)).await;
    debian.interrupt();
    assert!(apply(&bench, &[("curl", json!({}))]).await[0].as_ref().unwrap().changed);
    assert!(debian.take_commands().iter().any(|command| command.starts_with("/usr/bin/dpkg --configure -a")));
}

#[tokio::test]
async fn a_policy_that_was_there_is_put_back_also_after_a_crash() {
    for call in 1..40 {
        for crash in [Crash::Before(call), Crash::After(call)] {
            let debian = debian();
            let machine = machine(&debian);
            let own = Node { mode: 0o700, ..Node::file("#!/bin/sh\nexit 0\n") };
            machine.tree().put(POLICY, own.clone());
            let bench = bench(machine.clone()).await;
            bench.machine.crash(crash);
            let _ = bench
                .provider
                .apply(&Call::apply("crash"), &[desired("curl", &json!({}))], &[Observation::Absent])
                .await;
            let has_crashed = bench.machine.revive();
            apply(&bench, &[("curl", json!({}))]).await[0].as_ref().unwrap();
            assert_eq!(machine.tree().get(POLICY), Some(&own), "{crash:?}");
            assert!(machine.tree().get(&format!("{POLICY}.before-hostwright")).is_none(), "{crash:?}");
            if !has_crashed {
                return;
            }
        }
    }
    panic!("the crash points never ended");
}

#[tokio::test]
async fn a_policy_of_the_machine_that_is_a_link_decides_itself() {
    let debian = debian();
    let machine = machine(&debian);
    machine.tree().put(POLICY, Node::link("/etc/alternatives/policy-rc.d"));
    let bench = bench(machine.clone()).await;
    assert!(apply(&bench, &[("curl", json!({}))]).await[0].as_ref().unwrap().changed);
    assert_eq!(machine.tree().get(POLICY), Some(&Node::link("/etc/alternatives/policy-rc.d")));
    assert_eq!(debian.held_back(), [false]);
}

#[tokio::test]
async fn only_machines_with_apt_are_served() {
    let bench = bench(machine(&debian())).await;
    let facts = |os: &str, like: &[&str], programs| Facts {
        os: os.into(),
        os_like: like.iter().map(|like| (*like).to_owned()).collect(),
        programs,
        ..Facts::default()
    };
    let supports = async |facts: Facts| bench.provider.supports(&Call::plan(), &facts).await.unwrap();
    assert_eq!(supports(facts("debian", &[], true)).await, Support::Yes(100));
    assert_eq!(supports(facts("ubuntu", &["debian"], true)).await, Support::Yes(100));
    assert!(matches!(supports(facts("fedora", &[], true)).await, Support::No(why) if why.contains("fedora")));
    assert!(matches!(supports(facts("debian", &[], false)).await, Support::No(_)));
}
