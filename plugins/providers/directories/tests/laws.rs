//! The laws, kept by the real component on a fake machine and on a real tree.

#![expect(clippy::unwrap_used, reason = "what helpers of tests cannot do ends the test")]

use std::path::Path;
use std::sync::Arc;

use hostwright_runtime::Call;
use hostwright_runtime::machine::Machine;
use hostwright_runtime::machine::local::{LocalMachine, LocalOptions, Supervisor};
use hostwright_runtime::provider::{Desired, Observation, State};
use hostwright_testkit::{Bench, FakeMachine, component, laws};
use serde_json::json;

async fn bench(machine: Arc<dyn Machine>) -> Bench {
    Bench::of(component(env!("CARGO_MANIFEST_DIR")).unwrap(), machine).unwrap().load().await.unwrap()
}

fn cases(is_owned: bool) -> Vec<laws::Case> {
    let mut cases = vec![
        laws::Case::new("a new directory").resource("/srv/web", json!({"mode": "0750"})),
        laws::Case::new("another mode").resource("/srv/web", json!({"mode": "755", "parents": true})),
        laws::Case::new("nothing asked").resource("/srv/web", json!({})),
        laws::Case::new("one in the other")
            .resource("/srv/a", json!({"mode": "0700"}))
            .resource("/srv/a/b/c", json!({"parents": true}))
            .resource("/srv/a/b", json!({"mode": "0711"}))
            .then_removed(),
        laws::Case::new("sticky").resource("/srv/drop", json!({"mode": "1777"})).then_removed(),
        laws::Case::bad("a typo", "/srv", json!({"parent": true}), "/parent"),
        laws::Case::bad("no boolean", "/srv", json!({"parents": "yes"}), "/parents"),
        laws::Case::bad("the root", "/", json!({}), ""),
    ];
    if is_owned {
        cases.push(
            laws::Case::new("owners")
                .resource("/srv/owned", json!({"owner": "www-data", "group": "adm"}))
                .then_removed(),
        );
    }
    cases
}

#[tokio::test]
async fn the_laws_are_kept_on_a_fake_machine() {
    let machine = FakeMachine::new().with_user("www-data", 33).with_group("adm", 4).with_directory("/srv");
    let machine = Arc::new(machine);
    let bench = bench(machine.clone()).await;
    laws::check_with(&bench, &cases(true), &|| format!("{:?}", machine.tree())).await.assert_kept();
}

#[tokio::test]
async fn the_laws_are_kept_on_a_real_tree() {
    let root = tempfile::tempdir().unwrap();
    let bench = bench(Arc::new(local(root.path()))).await;
    laws::check(&bench, &cases(false)).await.assert_kept();
    assert!(root.path().join("srv/web").is_dir());
    assert!(!root.path().join("srv/a").exists());
}

fn local(root: &Path) -> LocalMachine {
    let options = LocalOptions {
        root: root.to_owned(),
        protected: Vec::new(),
        digest_key: [7; 32],
        supervisor: Supervisor { program: "/nonexistent".into(), arguments_prefix: Vec::new() },
        runs_directory: root.join("runs"),
    };
    LocalMachine::new(options).unwrap()
}

#[tokio::test]
async fn a_directory_that_is_not_empty_is_never_removed() {
    let machine =
        Arc::new(FakeMachine::new().with_file("/srv/web/index.html", "x").with_directory("/srv/web/css"));
    let bench = bench(machine.clone()).await;
    let outcomes = bench.provider.remove(&Call::apply("test"), &["/srv/web".to_owned()]).await.unwrap();
    assert_eq!(
        outcomes[0].clone().unwrap_err().to_string(),
        "`/srv/web` is not empty and is left as it is: it has 2 entries, the first is `css`"
    );
    assert!(machine.tree().get("/srv/web").is_some());
}

#[tokio::test]
async fn missing_parents_are_made_unless_that_is_forbidden() {
    let machine = Arc::new(FakeMachine::new().with_file("/srv/file", "x"));
    let bench = bench(machine.clone()).await;
    let mut told = Vec::new();
    for (id, attributes) in [
        ("/srv/a/b", json!({"parents": false})),
        ("/srv/file/b", json!({})),
        ("/srv/a/b", json!({"mode": "0700"})),
    ] {
        let wanted = [Desired { id: id.to_owned(), state: State::Present(attributes.to_string()) }];
        let outcomes =
            bench.provider.apply(&Call::apply("test"), &wanted, &[Observation::Absent]).await.unwrap();
        told.push(outcomes.into_iter().next().unwrap().map_err(|error| error.to_string()));
    }
    assert!(told[0].as_ref().unwrap_err().contains("/srv/a"), "{told:?}");
    assert_eq!(
        told[1].as_ref().unwrap_err(),
        "`/srv/file` is a regular file, so `/srv/file/b` cannot lie in it"
    );
    assert_eq!(told[2].as_ref().unwrap().message.as_deref(), Some("made /srv/a"));
    let tree = machine.tree();
    assert_eq!((tree.get("/srv/a").unwrap().mode, tree.get("/srv/a/b").unwrap().mode), (0o755, 0o700));
}
