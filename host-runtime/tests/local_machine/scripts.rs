//! A delivered script runs as the user it is for, and only as it was delivered.

use std::fs;
use std::time::Duration;

use hostwright_runtime::machine::{Machine, MachineError, Output, Request, ScriptInvocation};
use sha2::{Digest, Sha256};

use crate::world::{NOBODY, World, message, ran, reason};

fn script(world: &World, below: &str, content: &str, user: &str) -> ScriptInvocation {
    world.write(below, content);
    ScriptInvocation {
        path: world.text(below),
        digest: Sha256::digest(content).into(),
        arguments: vec!["one".to_owned(), "two words".to_owned()],
        user: user.to_owned(),
        stdin: "from stdin".into(),
        timeout: Duration::from_secs(20),
        output_bytes: 10_000,
        name: None,
    }
}

async fn run(world: &World, script: ScriptInvocation) -> Result<Output, MachineError> {
    ran(world.machine.call(Request::RunScript(script)).await)
}

#[tokio::test]
async fn it_runs_as_its_user_with_what_it_was_given() {
    let Some(world) = World::new() else { return };
    // Readable for root only: what the user runs is a copy.
    let text = "#!/bin/bash\nid -u; id -g; id -G; pwd; env | grep -E '^(HOME|USER|LOGNAME)='; echo \"$1,$2\"; cat; exit 9\n";
    let output = run(&world, script(&world, "script", text, "nobody")).await.unwrap();
    let expected =
        "65534\n65534\n65534\n/\nHOME=/nonexistent\nUSER=nobody\nLOGNAME=nobody\none,two words\nfrom stdin";
    let mut lines: Vec<_> = std::str::from_utf8(&output.stdout).unwrap().lines().collect();
    lines[4..7].sort_unstable();
    let mut expected: Vec<_> = expected.lines().collect();
    expected[4..7].sort_unstable();
    assert_eq!(lines, expected, "{output:?}");
    assert_eq!(output.status, 9);
}

#[tokio::test]
async fn other_interpreters_and_root_work_too() {
    let Some(world) = World::new() else { return };
    let text = "#!/usr/bin/perl\nprint \"$> @ARGV\\n\";\n";
    assert_eq!(run(&world, script(&world, "perl", text, "root")).await.unwrap().stdout, "0 one two words\n");
    let home = run(&world, script(&world, "home", "#!/bin/sh\npwd\n", "root")).await.unwrap();
    assert_eq!(home.stdout, "/root\n");
}

#[tokio::test]
async fn what_is_not_as_delivered_is_not_run() {
    let Some(world) = World::new() else { return };
    let delivered = script(&world, "script", "#!/bin/sh\ntrue\n", "root");
    world.write("script", "#!/bin/sh\nfalse\n");
    assert!(reason(run(&world, delivered).await).contains("is not what was delivered"));

    let text = "#!/bin/sh\necho ran\n";
    world.make("home", 0o755, NOBODY);
    world.write("elsewhere", text);
    fs::hard_link(world.path("elsewhere"), world.path("home/linked")).unwrap();
    assert!(reason(run(&world, script(&world, "home/linked", text, "root")).await).contains("has 2 names"));
    std::os::unix::fs::symlink(world.path("elsewhere"), world.path("home/link")).unwrap();
    let by_link =
        ScriptInvocation { path: world.text("home/link"), ..script(&world, "elsewhere", text, "root") };
    assert!(message(run(&world, by_link).await).contains("is a symbolic link"));

    let nobody = script(&world, "script", text, "no-such-user");
    assert!(message(run(&world, nobody).await).contains("there is no user `no-such-user`"));
}

#[tokio::test]
async fn its_time_limit_reaches_its_children() {
    let Some(world) = World::new() else { return };
    let slow = script(&world, "slow", "#!/bin/sh\nsleep 98764\necho woken\n", "nobody");
    let slow = ScriptInvocation { timeout: Duration::from_millis(400), ..slow };
    let ended = run(&world, slow).await.unwrap_err();
    let MachineError::Failed { message, run: Some((_, output)) } = ended else { panic!("{ended:?}") };
    assert!(message.contains("was asked to end after 400 ms"), "{message}");
    assert_eq!(output.status, 128 + 15);
}
