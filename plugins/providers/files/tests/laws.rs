//! The laws, kept by the real component on a fake machine and on a real tree.

#![expect(clippy::unwrap_used, reason = "what helpers of tests cannot do ends the test")]

use std::path::Path;
use std::sync::Arc;

use hostwright_runtime::machine::local::{LocalMachine, LocalOptions, Supervisor};
use hostwright_runtime::machine::{Facts, Machine};
use hostwright_runtime::provider::{Desired, Observation, State, Value};
use hostwright_runtime::{Call, CallError};
use hostwright_testkit::{Bench, Crash, FakeMachine, Node, component, digest, laws};
use serde_json::{Value as Json, json};

const DIGEST_KEY: [u8; 32] = [7; 32];

async fn bench(machine: Arc<dyn Machine>) -> Bench {
    Bench::of(component(env!("CARGO_MANIFEST_DIR")).unwrap(), machine).unwrap().load().await.unwrap()
}

fn fake() -> FakeMachine {
    FakeMachine::new()
        .with_user("www-data", 33)
        .with_group("adm", 4)
        .with_directory("/etc")
        .with_file("/etc/issue", "Debian\n")
        .with("/etc/link", Node::link("/etc/issue"))
}

fn cases(bench: &Bench, is_owned: bool) -> Vec<laws::Case> {
    let blob = bench.store.blob(b"from a blob\n").unwrap();
    let other = bench.store.blob(b"from another blob\n").unwrap();
    let mut cases = vec![
        laws::Case::new("a new file").resource("/etc/motd", json!({"content": "hello\n", "mode": "0600"})),
        laws::Case::new("another content").resource("/etc/motd", json!({"content": "hullo\n"})),
        laws::Case::new("another mode").resource("/etc/motd", json!({"mode": "644"})),
        laws::Case::new("a blob").resource("/etc/motd", json!({"content": blob})),
        laws::Case::new("nothing asked").resource("/etc/motd", json!({})),
        laws::Case::new("an empty file").resource("/etc/empty", json!({})).then_removed(),
        laws::Case::new("missing parents")
            .resource("/srv/web/site/index.html", json!({"content": blob, "mode": "0640"}))
            .resource("/srv/web/site/style.css", json!({"content": "p{}"}))
            .then_removed(),
        laws::Case::new("a batch of both kinds")
            .resource("/etc/issue", json!({"content": other}))
            .resource("/etc/issue.net", json!({"mode": "0600"}))
            .resource("/etc/motd", json!({"content": blob})),
        laws::Case::new("gone").resource("/etc/motd", json!({"mode": "0600"})).then_removed(),
        laws::Case::bad("a typo", "/etc/motd", json!({"ower": "root"}), "/ower"),
        laws::Case::bad("a numeric mode", "/etc/motd", json!({"mode": 644}), "/mode"),
        laws::Case::bad("no such mode", "/etc/motd", json!({"mode": "u=rw"}), "/mode"),
        laws::Case::bad(
            "no blob",
            "/etc/motd",
            json!({"content": {"$hostwright": {"blob": "x", "size": 1}}}),
            "/content/$hostwright/blob",
        ),
        laws::Case::bad("a relative path", "etc/motd", json!({}), ""),
        laws::Case::bad("a way up", "/etc/../motd", json!({}), ""),
        laws::Case::bad(
            "a validation of nothing",
            "/etc/motd",
            json!({"validate": ["/bin/true"]}),
            "/validate",
        ),
    ];
    if is_owned {
        cases.push(
            laws::Case::new("owners")
                .resource("/srv/page", json!({"content": "x", "owner": "www-data", "group": "adm"}))
                .resource("/srv/numbers", json!({"owner": "33", "group": "4"}))
                .then_removed(),
        );
    }
    cases
}

#[tokio::test]
async fn the_laws_are_kept_on_a_fake_machine() {
    let machine = Arc::new(fake());
    let bench = bench(machine.clone()).await;
    let cases = cases(&bench, true);
    laws::check_with(&bench, &cases, &|| format!("{:?}", machine.tree())).await.assert_kept();
}

#[tokio::test]
async fn the_laws_are_kept_on_a_real_tree() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("etc")).unwrap();
    std::fs::write(root.path().join("etc/issue"), "Debian\n").unwrap();
    let bench = bench(Arc::new(local(root.path()))).await;
    let cases = cases(&bench, false);
    laws::check_with(&bench, &cases, &|| snapshot(root.path())).await.assert_kept();
    assert!(root.path().join("srv/web/site").is_dir(), "parents stay when a file goes");
}

fn local(root: &Path) -> LocalMachine {
    let options = LocalOptions {
        root: root.to_owned(),
        protected: Vec::new(),
        digest_key: DIGEST_KEY,
        supervisor: Supervisor { program: "/nonexistent".into(), arguments_prefix: Vec::new() },
        runs_directory: root.join("runs"),
    };
    LocalMachine::new(options).unwrap()
}

/// Paths with inode, mode and content: a file that was replaced by an equal one is another file.
fn snapshot(root: &Path) -> String {
    use std::os::unix::fs::MetadataExt as _;
    let mut lines = Vec::new();
    let mut next = vec![root.to_owned()];
    while let Some(path) = next.pop() {
        let metadata = path.symlink_metadata().unwrap();
        let content =
            if metadata.is_file() { std::fs::read_to_string(&path).unwrap() } else { String::new() };
        lines.push(format!("{} {} {:o} {content:?}", path.display(), metadata.ino(), metadata.mode()));
        if metadata.is_dir() {
            next.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    lines.sort();
    lines.join("\n")
}

fn desired(id: &str, attributes: &Json) -> Desired {
    Desired { id: id.to_owned(), state: State::Present(attributes.to_string()) }
}

async fn apply(bench: &Bench, id: &str, attributes: &Json) -> Result<Option<String>, String> {
    let observed = bench.provider.read(&Call::plan(), &[id.to_owned()]).await.unwrap();
    let outcomes =
        bench.provider.apply(&Call::apply("test"), &[desired(id, attributes)], &observed).await.unwrap();
    outcomes.into_iter().next().unwrap().map(|outcome| outcome.message).map_err(|error| error.to_string())
}

#[tokio::test]
async fn what_is_no_regular_file_is_neither_replaced_nor_removed() {
    let machine = Arc::new(fake().with("/etc/pipe", Node::other()));
    let bench = bench(machine.clone()).await;
    let before = format!("{:?}", machine.tree());
    let mut told = Vec::new();
    for id in ["/etc/link", "/etc", "/etc/pipe"] {
        told.push(apply(&bench, id, &json!({"content": "x"})).await.unwrap_err());
        let removed = bench.provider.remove(&Call::apply("test"), &[id.to_owned()]).await.unwrap();
        told.push(removed[0].clone().unwrap_err().to_string());
        let checked =
            bench.provider.check(&Call::plan(), &[desired(id, &json!({"mode": "0644"}))]).await.unwrap();
        assert_eq!((checked.len(), &checked[0].before), (1, &Some(Value::Opaque)), "it is not as desired");
    }
    assert_eq!(
        told,
        [
            "`/etc/link` is a symbolic link to `/etc/issue`, not a regular file; it is neither read nor replaced, remove it first",
            "`/etc/link` is a symbolic link, not a regular file; it is left as it is",
            "`/etc` is a directory, not a regular file; it is neither read nor replaced, remove it first",
            "`/etc` is a directory, not a regular file; it is left as it is",
            "`/etc/pipe` is a device, socket or pipe, not a regular file; it is neither read nor replaced, remove it first",
            "`/etc/pipe` is a device, socket or pipe, not a regular file; it is left as it is",
        ]
    );
    assert_eq!(format!("{:?}", machine.tree()), before);
}

#[tokio::test]
async fn an_owner_that_does_not_exist_yet_is_planned_as_unknown_and_not_applied() {
    let machine = Arc::new(fake());
    let bench = bench(machine.clone()).await;
    let wanted = json!({"content": "x", "owner": "ghost"});
    let file = [desired("/srv/a/b", &wanted)];
    let planned = bench.provider.planned(&Call::plan(), &file, &[Observation::Absent]).await.unwrap();
    let Observation::Present(planned) = &planned[0] else { panic!("{planned:?}") };
    let planned: Json = serde_json::from_str(planned).unwrap();
    assert_eq!(planned["owner"], json!({"$hostwright": {"unknown": true}}));
    let refused = apply(&bench, "/srv/a/b", &wanted).await.unwrap_err();
    assert_eq!(refused, "there is no user `ghost` on this machine; declare it, or the package that makes it");
    assert!(machine.tree().get("/srv").is_none(), "nothing was begun");
}

#[tokio::test]
async fn owners_are_left_alone_where_they_are_not_managed() {
    let facts = Facts { owners: false, os: "debian".into(), ..Facts::default() };
    let machine = Arc::new(fake().with_facts(facts));
    let bench = bench(machine.clone()).await;
    let message = apply(&bench, "/etc/motd", &json!({"content": "x", "owner": "www-data"})).await.unwrap();
    assert_eq!(message.as_deref(), Some("owner and group are not managed on this machine"));
    assert_eq!(machine.tree().get("/etc/motd").unwrap().uid, 0);
    let wanted = [desired("/etc/motd", &json!({"owner": "www-data"}))];
    assert!(bench.provider.check(&Call::plan(), &wanted).await.unwrap().is_empty());
}

#[tokio::test]
async fn content_that_holds_secrets_is_compared_under_the_machines_key() {
    let machine = Arc::new(fake());
    let bench = bench(machine.clone()).await;
    let secret = b"password=1234\n";
    let reference = bench.store.sensitive_blob(secret, digest(secret, true)).unwrap();
    let wanted = json!({"content": reference, "mode": "0600"});
    apply(&bench, "/etc/secret", &wanted).await.unwrap();
    let kept = bench.provider.check(&Call::plan(), &[desired("/etc/secret", &wanted)]).await.unwrap();
    assert!(kept.is_empty(), "{kept:?}");
    assert_eq!(machine.tree().text("/etc/secret").as_deref(), Some("password=1234\n"));
    machine.tree().put("/etc/secret", Node { mode: 0o600, ..Node::file("password=0000\n") });
    let drift = bench
        .provider
        .check(&Call::plan(), &[desired("/etc/secret", &json!({"content": reference}))])
        .await
        .unwrap();
    let told = format!("{drift:?}");
    assert!(told.contains("hmac-sha256:") && !told.contains("\"sha256:"), "{told}");
}

#[tokio::test]
async fn a_crash_at_any_call_leaves_a_file_whole_and_the_next_apply_finishes() {
    for call in 1..20 {
        for crash in [Crash::Before(call), Crash::After(call)] {
            let machine = Arc::new(fake());
            let bench = bench_once(machine.clone()).await;
            let wanted = [desired("/srv/a/page", &json!({"content": "new", "owner": "www-data"}))];
            bench.machine.crash(crash);
            let crashed = bench.provider.apply(&Call::apply("crash"), &wanted, &[Observation::Absent]).await;
            let has_crashed = bench.machine.revive();
            let text = machine.tree().text("/srv/a/page");
            assert!(text.is_none() || text.as_deref() == Some("new"), "{crash:?} left {text:?}");
            let has_failed = crashed.as_ref().map_or(true, |outcomes| outcomes[0].is_err());
            assert_eq!(has_failed, has_crashed, "{crash:?}: {crashed:?}");
            let again =
                bench.provider.apply(&Call::apply("again"), &wanted, &[Observation::Absent]).await.unwrap();
            again[0].as_ref().unwrap();
            assert!(bench.provider.check(&Call::plan(), &wanted).await.unwrap().is_empty(), "{crash:?}");
            if !has_crashed {
                return;
            }
        }
    }
    panic!("the crash points never ended");
}

/// The component is built once and compiled for each machine.
async fn bench_once(machine: Arc<dyn Machine>) -> Bench {
    use std::sync::OnceLock;
    static COMPONENT: OnceLock<Vec<u8>> = OnceLock::new();
    let component = COMPONENT.get_or_init(|| component(env!("CARGO_MANIFEST_DIR")).unwrap().to_vec());
    Bench::of(component.clone().into(), machine).unwrap().load().await.unwrap()
}

#[tokio::test]
async fn five_thousand_files_are_checked_with_one_look() {
    let mut machine = fake();
    let mut wanted = Vec::new();
    for number in 0..5000 {
        let path = format!("/srv/data/{number}");
        machine = machine.with_file(&path, format!("{number}"));
        wanted.push(desired(&path, &json!({"content": number.to_string(), "mode": "0644", "owner": "root"})));
    }
    let bench = bench(Arc::new(machine)).await;
    bench.machine.take_requests();
    assert!(bench.provider.check(&Call::plan(), &wanted).await.unwrap().is_empty());
    assert!(bench.machine.take_requests().len() <= 3, "facts, accounts and one look");
}

#[tokio::test]
async fn what_was_not_granted_is_refused_for_its_file_only() {
    let machine = Arc::new(fake());
    let grants = serde_json::from_value(json!({"files": {"write": ["/srv"]}, "facts": true})).unwrap();
    let component = component(env!("CARGO_MANIFEST_DIR")).unwrap();
    let bench = Bench::of(component, machine.clone()).unwrap().grants(grants).load().await.unwrap();
    let wanted =
        [desired("/srv/page", &json!({"content": "x"})), desired("/etc/motd", &json!({"content": "x"}))];
    let observed = [Observation::Absent, Observation::Absent];
    let outcomes = bench.provider.apply(&Call::apply("test"), &wanted, &observed).await.unwrap();
    assert!(outcomes[0].as_ref().unwrap().changed);
    let refused = outcomes[1].as_ref().unwrap_err().to_string();
    assert!(refused.contains("/etc/motd"), "{refused}");
    assert!(machine.tree().get("/etc/motd").is_none());
}

#[tokio::test]
async fn a_plan_that_tries_to_apply_changes_nothing() {
    let machine = Arc::new(fake());
    let bench = bench(machine.clone()).await;
    let before = format!("{:?}", machine.tree());
    let wanted = [desired("/etc/motd", &json!({"content": "x"}))];
    match bench.provider.apply(&Call::plan(), &wanted, &[Observation::Absent]).await {
        Ok(outcomes) => assert!(outcomes[0].is_err(), "{outcomes:?}"),
        Err(CallError::Refused(_)) => {}
        Err(other) => panic!("{other}"),
    }
    assert_eq!(format!("{:?}", machine.tree()), before);
}
