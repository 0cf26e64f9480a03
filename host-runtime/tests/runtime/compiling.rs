//! The helper program: what it gives up, and what becomes of one that does not do its work.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use hostwright_runtime::{Call, Compiler, Limits, LoadError};

use crate::guests::guest;
use crate::world::{World, chain};

const HELPER: &str = env!("CARGO_BIN_EXE_hostwright-compiler");

/// A world whose compiler is a script.
fn with_script(script: &str, limit: Duration) -> (World, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("compiler");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    let world = World::with(Compiler::Program(path), Limits { compile: limit, ..Limits::CEILINGS });
    (world, directory)
}

async fn failure(script: &str, limit: Duration) -> String {
    let (world, directory) = with_script(script, limit);
    let error = world.load(guest("hostile")).await.unwrap_err();
    assert!(matches!(error, LoadError::Compile { .. }), "{error:?}");
    assert_eq!(world.cache_files().len(), 0);
    chain(&error).replace(&directory.path().display().to_string(), "DIRECTORY")
}

#[tokio::test]
async fn the_helper_compiles_what_runs_here() {
    let world = World::with(Compiler::Program(HELPER.into()), Limits::CEILINGS);
    let provider = world.hostile().await;
    provider.read(&Call::plan(), &["echo".to_owned()]).await.unwrap();
}

#[tokio::test]
async fn a_helper_that_never_ends_is_killed() {
    insta::assert_snapshot!(failure("exec sleep 1000", Duration::from_millis(300)).await);
}

#[tokio::test]
async fn a_helper_that_breaks_down_is_told_with_its_last_words() {
    insta::assert_snapshot!(failure("echo 'out of memory' >&2; kill -ABRT $$", Duration::from_mins(1)).await);
    insta::assert_snapshot!(
        failure("cat >/dev/null; echo 'unknown section' >&2; exit 3", Duration::from_mins(1)).await
    );
}

#[tokio::test]
async fn what_a_helper_writes_must_be_machine_code() {
    insta::assert_snapshot!(failure("cat >/dev/null; echo nonsense", Duration::from_mins(1)).await);
    insta::assert_snapshot!(failure("exec cat", Duration::from_mins(1)).await);
}

#[tokio::test]
async fn a_helper_that_is_not_there_is_named() {
    let world = World::with(Compiler::Program("/nonexistent/compiler".into()), Limits::CEILINGS);
    let error = world.load(guest("hostile")).await.unwrap_err();
    insta::assert_snapshot!(chain(&error));
}

#[tokio::test]
async fn the_helper_has_given_up_everything_before_it_reads() {
    // It waits for its input; until then its state can be looked at.
    let mut child = spawn_helper();
    let of_child = PathBuf::from(format!("/proc/{}", child.id().unwrap()));
    let status = eventually_status(&of_child).await;
    let of = |name: &str| {
        let line =
            status.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {status}"));
        line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(of("NoNewPrivs:"), "1");
    assert_eq!(of("Threads:"), "1");
    let limits = fs::read_to_string(of_child.join("limits")).unwrap();
    for (limit, value) in [("Max processes", "0"), ("Max file size", "0"), ("Max core file size", "0")] {
        let line = limits.lines().find(|line| line.starts_with(limit)).unwrap();
        assert_eq!(line[limit.len()..].split_whitespace().next(), Some(value), "{line}");
    }
    if rustix::process::geteuid().is_root() {
        assert_eq!(of("Uid:"), "65534 65534 65534 65534");
        assert_eq!(of("Gid:"), "65534 65534 65534 65534");
        assert_eq!(of("Groups:"), "");
        assert_eq!(of("CapEff:"), "0000000000000000");
        assert_eq!(of("CapPrm:"), "0000000000000000");
    }
    child.kill().await.unwrap();
}

#[expect(clippy::disallowed_methods, reason = "the helper is what is tested")]
fn spawn_helper() -> tokio::process::Child {
    tokio::process::Command::new(HELPER)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

async fn eventually_status(of_child: &std::path::Path) -> String {
    for _ in 0..1000 {
        let status = fs::read_to_string(of_child.join("status")).unwrap();
        let limits = fs::read_to_string(of_child.join("limits")).unwrap();
        // The last thing that it gives up.
        if limits
            .lines()
            .any(|line| line.starts_with("Max processes") && line.split_whitespace().nth(2) == Some("0"))
        {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the helper did not give up its privileges within 10 s");
}
