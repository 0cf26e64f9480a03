//! The sandbox of queries, on a machine where there is a systemd to ask.

use std::time::Duration;

use bytes::Bytes;
use hostwright_manifest::grants::Effect;
use hostwright_runtime::machine::{Invocation, Output, Reply, Request};
use hostwright_tests::hosts;

use super::Served;

async fn query(served: &Served, program: &str, arguments: &[&str]) -> Output {
    let invocation = Invocation {
        program: program.to_owned(),
        arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
        environment: Vec::new(),
        stdin: Bytes::new(),
        effect: Effect::Query,
        timeout: Duration::from_mins(1),
        output_bytes: 1 << 20,
        name: None,
    };
    match served.machine.call(Request::Run(invocation)).await.unwrap() {
        Reply::Ran(output) => output,
        other => panic!("{other:?}"),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn systemd_answers_in_the_sandbox_where_nothing_can_be_written() {
    if !hosts::available() {
        return;
    }
    let served = Served::boot("queries", |_| {});
    let show = [
        "show",
        "--property=Id,LoadState,ActiveState,SubState,UnitFileState",
        "--",
        "dbus.service",
        "nosuch.service",
    ];
    let asked = query(&served, "/usr/bin/systemctl", &show).await;
    assert_eq!((asked.status, text(&asked.stderr).as_str()), (0, ""));
    let outside = served.host.program("/usr/bin/systemctl").args(show).capture().unwrap();
    assert_eq!(text(&asked.stdout), outside);
    assert!(outside.contains("Id=dbus.service\nLoadState=loaded\nActiveState=active"), "{outside}");

    // More than a pipe holds, through the way to systemd's socket.
    let every = ["show", "--all", "*"];
    let answer = query(&served, "/usr/bin/systemctl", &every).await;
    assert!(answer.status == 0 && answer.stdout.len() > 1 << 17, "{} bytes", answer.stdout.len());
    let failed = query(&served, "/usr/bin/systemctl", &["is-active", "--", "nosuch.service"]).await;
    assert_ne!(failed.status, 0, "an exit status comes through");

    // It is a sandbox all the while: nothing of the machine can be written, and none of its processes is seen.
    let line = "for file in /etc/mark /run/mark /run/systemd/mark /var/lib/mark; do touch $file; done; \
                mount -o remount,rw / && touch /etc/mark; ls /proc | grep -c '^[0-9]'";
    let tried = query(&served, "/bin/sh", &["-c", line]).await;
    let complaints = text(&tried.stderr);
    assert_eq!(complaints.matches("Read-only file system").count(), 4, "{complaints}");
    assert_eq!(served.shell("find /etc /run /var/lib -name mark"), "", "{complaints}");
    let seen: u32 = text(&tried.stdout).trim().parse().unwrap();
    let outside: u32 = served.shell("ls /proc | grep -c '^[0-9]'").trim().parse().unwrap();
    assert!((1..outside).contains(&seen) && seen < 10, "{seen} processes are seen, outside {outside}");
    served.put_away();
}
