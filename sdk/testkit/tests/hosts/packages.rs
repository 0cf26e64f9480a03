//! Packages, with the host's own apt: from the lab's repository, and from one with packages made for this.

use std::fs;
use std::path::Path;

use hostwright_runtime::Call;
use hostwright_runtime::provider::Observation;
use hostwright_testkit::{Bench, laws};
use hostwright_tests::hosts;
use serde_json::json;
use xtask::lab::host::Tree;
use xtask::programs::Program;

use super::{Served, apply, command_lines, in_words};

/// Name, version and what else its control file says.
const PACKAGES: &[(&str, &str, &str)] = &[
    ("hw-tool", "1.0", ""),
    ("hw-tool", "2.0", ""),
    ("hw-library", "1.0", ""),
    ("hw-program", "1.0", "Depends: hw-library\n"),
    ("hw-rival", "1.0", "Conflicts: hw-tool\n"),
];
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// A repository of files in the host.
fn repository(tree: &Tree) {
    let directory = tree.root().join("srv/packages");
    for (package, version, more) in PACKAGES {
        let control = format!(
            "Package: {package}\nVersion: {version}\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\n\
             {more}Description: for tests\n"
        );
        tree.write(&format!("/srv/packages/{package}/DEBIAN/control"), control).unwrap();
        let source = directory.join(package);
        let target = directory.join(format!("{package}_{version}.deb"));
        Program::new("dpkg-deb")
            .args(["--build", "--root-owner-group"])
            .arg(&source)
            .arg(&target)
            .capture()
            .unwrap();
        fs::remove_dir_all(&source).unwrap();
    }
    index(&directory);
    tree.write("/etc/apt/sources.list.d/own.list", "deb [trusted=yes] file:/srv/packages ./\n").unwrap();
}

fn index(directory: &Path) {
    let ftparchive = |what: &str| {
        Program::new("apt-ftparchive").args([what, "."]).current_dir(directory).capture().unwrap()
    };
    fs::write(directory.join("Packages"), ftparchive("packages")).unwrap();
    fs::write(directory.join("Release"), ftparchive("release")).unwrap();
}

async fn boot() -> (Served, Bench) {
    let served = Served::boot("packages", repository);
    let bench = served.bench("packages-apt").await;
    (served, bench)
}

/// How often apt changed something, as it says itself.
fn runs_of_apt(served: &Served) -> usize {
    served.shell("cat /var/log/apt/history.log 2>/dev/null || true").matches("Start-Date:").count()
}

#[tokio::test]
async fn packages_keep_their_laws_with_the_real_apt() {
    if !hosts::available() {
        return;
    }
    let (served, bench) = boot().await;
    let cases = [
        // The package lists are empty: the versions are known after applying only.
        laws::Case::new("two at once")
            .resource("nginx-light", json!({}))
            .resource("hw-tool", json!({"version": "1.0"})),
        laws::Case::new("a hold").resource("hw-tool", json!({"hold": true})),
        laws::Case::new("through a hold").resource("hw-tool", json!({"version": "2.0", "hold": true})),
        laws::Case::new("a downgrade without hold")
            .resource("hw-tool", json!({"version": "1.0", "hold": false})),
        laws::Case::new("there already").resource("hw-tool", json!({})).resource("dpkg", json!({})),
        laws::Case::new("with what it needs").resource("hw-program", json!({})),
        laws::Case::new("gone")
            .resource("hw-program", json!({}))
            .resource("hw-library", json!({}))
            .then_removed(),
        laws::Case::new("held and gone").resource("hw-tool", json!({"hold": true})).then_removed(),
        laws::Case::new("gone from the lab's repository").resource("nginx-light", json!({})).then_removed(),
        laws::Case::bad("a typo", "hw-tool", json!({"versoin": "1"}), "/versoin"),
        laws::Case::bad("a pattern", "hw-tool", json!({"version": "1.*"}), "/version"),
        laws::Case::bad("a removal", "hw-tool-", json!({}), ""),
        laws::Case::bad("an option", "-y", json!({}), ""),
    ];
    let snapshot = || served.files();
    laws::check_with(&bench, &cases, &snapshot).await.assert_kept();
    let left = served
        .shell("dpkg-query -W -f='${Package} ${Status}\\n' 'hw-*' nginx-light | grep ' installed$' || true");
    assert_eq!(left, "");
    served.put_away();
}

#[tokio::test]
async fn a_batch_is_one_run_of_apt_and_starts_no_service() {
    if !hosts::available() {
        return;
    }
    let (served, bench) = boot().await;
    served.host.tree().write(POLICY, "#!/bin/sh\n# the administrator's own\nexit 0\n").unwrap();
    let runs_before = runs_of_apt(&served);
    let outcomes = apply(
        &bench,
        &[("nginx-light", json!({})), ("hw-tool", json!({"version": "1.0"})), ("hw-program", json!({}))],
    )
    .await;
    for outcome in &outcomes {
        assert!(outcome.as_ref().unwrap().changed, "{outcomes:?}");
    }
    let told = outcomes[2].as_ref().unwrap().message.as_deref();
    assert_eq!(told, Some("installed 1.0, with hw-library 1.0"));
    assert_eq!(runs_of_apt(&served), runs_before + 1);
    let lines = command_lines(&bench.machine.take_requests());
    let installs: Vec<&String> =
        lines.iter().filter(|line| line.starts_with("/usr/bin/apt-get install")).collect();
    assert_eq!(installs.len(), 1, "{lines:#?}");
    assert!(installs[0].ends_with(" hw-tool=1.0 hw-program=1.0"), "{installs:?}");
    assert_eq!(
        served.shell("systemctl is-active nginx; true").trim(),
        "inactive",
        "services have a task of their own"
    );
    assert!(served.shell(&format!("cat {POLICY}")).contains("the administrator's own"));

    // Reading a batch is one question to dpkg, whatever is in it.
    bench.machine.take_requests();
    let ids = ["hw-tool", "nosuch", "hw-program", "hw-rival"].map(str::to_owned);
    let observed = bench.provider.read(&Call::plan(), &ids).await.unwrap();
    let installed =
        |version: &str| Observation::Present(json!({"version": version, "hold": false}).to_string());
    assert_eq!(observed, [installed("1.0"), Observation::Absent, installed("1.0"), Observation::Absent]);
    assert_eq!(command_lines(&bench.machine.take_requests()).len(), 1);
    served.put_away();
}

#[tokio::test]
async fn apt_does_nothing_that_nobody_asked_for() {
    if !hosts::available() {
        return;
    }
    let (served, bench) = boot().await;
    apply(&bench, &[("hw-tool", json!({})), ("hw-program", json!({}))]).await;
    let runs_before = runs_of_apt(&served);
    let told = [
        apply(&bench, &[("hw-rival", json!({}))]).await.remove(0).unwrap_err(),
        apply(&bench, &[("nosuch", json!({}))]).await.remove(0).unwrap_err(),
        apply(&bench, &[("hw-tool", json!({"version": "3.0"}))]).await.remove(0).unwrap_err(),
        remove(&bench, "hw-library").await.unwrap_err(),
    ];
    insta::assert_snapshot!(told.join("\n"), @r"
    installing hw-rival would remove hw-tool, which nobody asked for; declare it absent first|
    no repository of this machine offers `nosuch`|
    no repository of this machine offers version 3.0 of `hw-tool`, only 2.0, 1.0|
    removing hw-library would also remove hw-program, which nobody asked for; declare them absent too|
    ");
    assert_eq!(runs_of_apt(&served), runs_before);
    let there = served.shell("dpkg-query -W -f='${Package} ${Version} ${db:Status-Status}\\n' 'hw-*'");
    assert_eq!(there, "hw-library 1.0 installed\nhw-program 1.0 installed\nhw-tool 2.0 installed\n");
    served.put_away();
}

async fn remove(bench: &Bench, id: &str) -> Result<bool, String> {
    let mut outcomes = bench.provider.remove(&super::fresh_run(), &[id.to_owned()]).await.unwrap();
    outcomes.remove(0).map(|outcome| outcome.changed).map_err(|error| in_words(&error))
}
