//! A query looks and cannot change anything.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use hostwright_manifest::grants::Effect;
use hostwright_runtime::machine::local::{LocalMachine, QueryIsolation};
use hostwright_runtime::machine::{Invocation, Machine, MachineError, Output, Request};
use rustix::fs::{CWD, FileType, Mode};

use crate::world::{
    NOBODY, World, as_nobody, eventually, message, options, query, ran, reason, shell, supervisor,
};

async fn ask(world: &World, text: &str) -> Output {
    world.run(query(text)).await.unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Whether a process runs that has this in its command line, be it the program or its supervisor.
fn runs(mark: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .any(|line| String::from_utf8_lossy(&line).contains(mark))
}

#[tokio::test]
async fn a_program_gets_what_it_was_given_and_nothing_else() {
    let Some(world) = World::new() else { return };
    for effect in [Effect::Query, Effect::Change] {
        let mut invocation =
            shell(effect, None, "env | sort; pwd; umask; ls /proc/self/fd; cat; echo $0 >&2; exit 7");
        invocation.environment = vec![("DEBIAN_FRONTEND".to_owned(), "non interactive".to_owned())];
        invocation.stdin = "from stdin".into();
        let output = world.run(invocation).await.unwrap();
        let expected = "DEBIAN_FRONTEND=non interactive\nLC_ALL=C.UTF-8\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/\n\
                        /\n0022\n0\n1\n2\n3\nfrom stdin";
        assert_eq!(text(&output.stdout), expected, "{effect:?}; 3 is the listing itself");
        assert_eq!((text(&output.stderr), output.status, output.truncated), ("/bin/sh\n", 7, false));
    }
}

#[tokio::test]
async fn a_signal_is_told_as_a_shell_tells_it() {
    let Some(world) = World::new() else { return };
    for effect in [Effect::Query, Effect::Change] {
        let output = world.run(shell(effect, None, "kill -SEGV $$")).await.unwrap();
        assert_eq!(output.status, 128 + 11);
    }
}

#[tokio::test]
async fn it_cannot_write_anywhere() {
    let Some(world) = World::new() else { return };
    world.write("file", "old");
    let places = [
        world.text("file"),
        world.text("new"),
        "/var/lib/hostwright-test-new".to_owned(),
        "/etc/hostwright-test-new".to_owned(),
        "/run/hostwright-test-new".to_owned(),
        "/dev/hostwright-test-new".to_owned(),
        "/dev/shm/hostwright-test-new".to_owned(),
        "/proc/sys/kernel/core_pattern".to_owned(),
        "/proc/sysrq-trigger".to_owned(),
        "/sys/kernel/mm/ksm/run".to_owned(),
    ];
    for place in places {
        let before = fs::read(&place).ok();
        let output = ask(&world, &format!("echo x > {place}")).await;
        assert_ne!(output.status, 0, "{place} was written");
        if !place.starts_with("/proc") {
            assert_eq!(fs::read(&place).ok(), before, "{place}");
        }
    }
}

#[tokio::test]
async fn its_tmp_is_its_own() {
    let Some(world) = World::new() else { return };
    let host = tempfile::NamedTempFile::new_in("/tmp").unwrap();
    let name = host.path().file_name().unwrap().to_str().unwrap();
    let output =
        ask(&world, &format!("ls -A /tmp; echo x > /tmp/{name}.query && cat /tmp/{name}.query")).await;
    assert_eq!(text(&output.stdout), "x\n");
    assert!(!std::path::Path::new(&format!("/tmp/{name}.query")).exists());
}

#[tokio::test]
async fn a_device_cannot_be_written_past_the_read_only_mounts() {
    let Some(world) = World::new() else { return };
    // Memory-backed or not: what counts is that the node cannot be opened.
    let device = rustix::fs::makedev(1, 3);
    rustix::fs::mknodat(CWD, world.path("null"), FileType::CharacterDevice, Mode::RWXU, device).unwrap();
    assert!(fs::OpenOptions::new().write(true).open(world.path("null")).is_ok());
    let output = ask(&world, &format!("echo x > {}", world.text("null"))).await;
    assert_ne!(output.status, 0);
    let output = ask(&world, "ls /dev; echo x > /dev/null && head -c 2 /dev/zero | wc -c").await;
    assert_eq!(text(&output.stdout), "fd\nfull\nnull\nrandom\nstderr\nstdin\nstdout\nurandom\nzero\n2\n");
}

#[tokio::test]
async fn it_has_no_power_to_undo_that() {
    let Some(world) = World::new() else { return };
    let output = ask(&world, "grep -E 'Cap(Eff|Prm|Bnd|Amb)|NoNewPrivs' /proc/self/status").await;
    let reading = "0000000000000004";
    let expected = format!(
        "CapPrm:\t{reading}\nCapEff:\t{reading}\nCapBnd:\t{reading}\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\n"
    );
    assert_eq!(text(&output.stdout), expected);
    for attempt in [
        "mount -o remount,rw /",
        "umount /tmp",
        "umount -l /dev",
        "mount -t tmpfs tmpfs /mnt",
        "mknod /tmp/node c 1 3",
        "chroot /proc/1/root true",
        "hostname other",
        "date -s 2001-01-01",
    ] {
        assert_ne!(ask(&world, attempt).await.status, 0, "{attempt}");
    }
    // In namespaces of its own it has power, but not over these mounts.
    let place = world.text("new");
    let attempt =
        format!("unshare -Urm sh -c 'mount -o remount,bind,rw /; umount -l /dev; echo x > {place}'");
    ask(&world, &attempt).await;
    assert!(!world.path("new").exists());
}

#[tokio::test]
async fn it_reaches_no_process_and_no_network() {
    let Some(world) = World::new() else { return };
    let mine = std::process::id();
    let output = ask(&world, &format!("kill -0 {mine} || echo nobody; ls -d /proc/[0-9]* | wc -l")).await;
    let (first, count) = text(&output.stdout).split_once('\n').unwrap();
    assert_eq!(first, "nobody");
    assert!(count.trim().parse::<u32>().unwrap() < 8, "{count}");

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut attempt = query(&format!("exec 3<>/dev/tcp/127.0.0.1/{port}"));
    attempt.program = "/bin/bash".to_owned();
    assert_ne!(world.run(attempt).await.unwrap().status, 0);
    assert_eq!(text(&ask(&world, "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '").await.stdout), "lo\n");
}

#[tokio::test]
async fn what_providers_ask_works() {
    let Some(world) = World::new() else { return };
    let run = |program: &str, arguments: &[&str]| {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        world.run(Invocation { program: program.to_owned(), arguments, ..query("") })
    };
    let installed =
        run("/usr/bin/dpkg-query", &["-W", "-f", "${Package} ${Status}\n", "--", "dpkg"]).await.unwrap();
    assert_eq!((installed.status, text(&installed.stdout)), (0, "dpkg install ok installed\n"));
    let plan = run("/usr/bin/apt-get", &["-s", "install", "dpkg"]).await.unwrap();
    assert_eq!(plan.status, 0, "{plan:?}");
    // Root's own files can be read, and those of others that root could read.
    let secret = world.text("private");
    fs::write(&secret, "yes").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::chown(&secret, Some(NOBODY), None).unwrap();
    assert_eq!(text(&ask(&world, &format!("cat {secret}")).await.stdout), "yes");
}

#[tokio::test]
async fn systemd_can_be_asked() {
    let Some(world) = World::new() else { return };
    if !Path::new("/run/systemd/system").exists() {
        return;
    }
    let state =
        ask(&world, "systemctl show --property=ActiveState,SubState -- systemd-journald.service").await;
    assert_eq!(text(&state.stdout), "ActiveState=active\nSubState=running\n", "{state:?}");
    // The status of what is not there differs between versions.
    let units =
        ask(&world, "systemctl is-enabled systemd-journald.service; systemctl is-active no-such.service")
            .await;
    assert_eq!(text(&units.stdout), "static\ninactive\n", "{units:?}");
}

#[tokio::test]
async fn a_time_limit_ends_it_with_all_its_children() {
    let Some(world) = World::new() else { return };
    let mut slow = query("echo begun; setsid sleep 98761 & sleep 98761");
    slow.timeout = Duration::from_millis(700);
    let start = Instant::now();
    let MachineError::Failed { message, run: Some((line, output)) } = world.run(slow).await.unwrap_err()
    else {
        panic!()
    };
    assert!(start.elapsed() < Duration::from_secs(10));
    assert!(message.contains("was ended after 700 ms, its time limit"), "{message}");
    assert!(line.starts_with("/bin/sh -c"), "{line}");
    assert_eq!(output.stdout, "begun\n");
    eventually("nothing of it is left", || !runs("98761")).await;
}

#[tokio::test]
async fn it_ends_when_nobody_waits_any_more() {
    let Some(world) = World::new() else { return };
    // Given up at any moment, from the first process to the program itself.
    for mark in ["supervise query", "supervise sandbox", "/usr/bin/sleep"] {
        let pause = if mark.starts_with('/') { "exec -a /usr/bin/sleep sleep 98762" } else { "sleep 98762" };
        let mut query = query(pause);
        query.program = "/bin/bash".to_owned();
        let mut run = Box::pin(world.run(query));
        let has_come = || runs("98762") && runs(&mark.replace(' ', "\0"));
        tokio::select! {
            ended = &mut run => panic!("{ended:?}"),
            () = eventually(mark, has_come) => {}
        }
        drop(run);
        eventually("nothing of it is left", || !runs("98762")).await;
    }
}

#[tokio::test]
async fn a_flood_is_bounded_and_does_not_stop_the_program() {
    let Some(world) = World::new() else { return };
    for effect in [Effect::Query, Effect::Change] {
        let flood = "echo first; yes | head -c 3000000; yes n | head -c 3000000 >&2; echo last >&2; exit 5";
        let output =
            world.run(Invocation { output_bytes: 1000, ..shell(effect, None, flood) }).await.unwrap();
        assert_eq!((output.status, output.truncated), (5, true));
        assert_eq!((output.stdout.len(), output.stderr.len()), (1000, 1000));
        assert!(output.stdout.starts_with(b"first\ny\n"), "the beginning of standard output is kept");
        assert!(output.stderr.ends_with(b"n\nlast\n"), "the end of standard error is kept");
    }
}

#[tokio::test]
async fn only_programs_that_root_alone_could_change_are_run() {
    let Some(world) = World::new() else { return };
    let program = |below: &str, mode: u32| {
        world.write(below, "#!/bin/sh\necho ran\n");
        fs::set_permissions(world.path(below), fs::Permissions::from_mode(mode)).unwrap();
        Invocation { program: world.text(below), arguments: Vec::new(), ..query("") }
    };
    assert_eq!(world.run(program("good", 0o755)).await.unwrap().stdout, "ran\n");
    symlink("good", world.path("link")).unwrap();
    let by_link = Invocation { program: world.text("link"), ..program("good", 0o755) };
    assert_eq!(world.run(by_link).await.unwrap().stdout, "ran\n");

    assert!(reason(world.run(program("group", 0o775)).await).contains("can be changed by others than root"));
    assert!(
        reason(world.run(program("plain", 0o644)).await)
            .contains("is not a regular file that may be executed")
    );
    let owned = program("owned", 0o755);
    std::os::unix::fs::chown(world.path("owned"), Some(NOBODY), None).unwrap();
    assert!(reason(world.run(owned).await).contains("can be changed by others than root"));
    for (directory, mode, owner) in [("shared", 0o1777, 0), ("home", 0o755, NOBODY)] {
        world.make(directory, mode, owner);
        world.make(&format!("{directory}/bin"), 0o755, 0);
        let refused = world.run(program(&format!("{directory}/bin/program"), 0o755)).await;
        assert!(reason(refused).contains("a directory above it can be changed by others than root"));
        symlink("/bin/true", world.path(directory).join("true")).unwrap();
        let by_link = Invocation { program: world.text(&format!("{directory}/true")), ..query("") };
        assert!(reason(world.run(by_link).await).contains("is a link where not only root may write"));
    }
    for odd in ["sh", "./sh", "/bin/../bin/sh", "/usr/bin", "/proc/self/exe"] {
        assert!(!reason(world.run(Invocation { program: odd.to_owned(), ..query("") }).await).is_empty());
    }
    assert!(
        message(world.run(Invocation { program: "/usr/bin/no-such".to_owned(), ..query("") }).await)
            .contains("does not exist")
    );
    let nul = Invocation { arguments: vec!["a\0b".to_owned()], ..query("") };
    assert!(reason(world.run(nul).await).contains("NUL"));
}

#[tokio::test]
async fn a_program_that_cannot_begin_says_why() {
    let Some(world) = World::new() else { return };
    world.write("broken", "#!/no/such/interpreter\n");
    fs::set_permissions(world.path("broken"), fs::Permissions::from_mode(0o755)).unwrap();
    for effect in [Effect::Query, Effect::Change] {
        let broken = Invocation { program: world.text("broken"), ..shell(effect, None, "") };
        let message = message(world.run(broken).await);
        assert!(message.contains("/broken") && message.contains("No such file"), "{message}");
    }
}

#[test]
fn without_privileges_a_query_runs_plainly_and_still_ends() {
    let Some(world) = World::new() else { return };
    // Where the tests were built may be nobody's business.
    fs::copy(supervisor(), world.path("supervisor")).unwrap();
    let home = world.make("home", 0o755, NOBODY);
    let mut options = options(Path::new("/"), &home, Vec::new());
    options.supervisor.program = world.path("supervisor");
    as_nobody(|| async move {
        let machine = LocalMachine::new(options).unwrap();
        assert_eq!(machine.query_isolation(), QueryIsolation::Pattern);
        let run = |invocation| async { ran(machine.call(Request::Run(invocation)).await) };
        let output = run(query("id -u; cat; echo $0 >&2; exit 3")).await.unwrap();
        assert_eq!((output.status, text(&output.stdout), text(&output.stderr)), (3, "65534\n", "/bin/sh\n"));

        let slow = Invocation { timeout: Duration::from_millis(300), ..query("sleep 98765 & sleep 98765") };
        assert!(message(run(slow).await).contains("its time limit"));
        eventually("nothing of it is left", || !runs("98765")).await;

        let output = run(shell(Effect::Change, Some("plain"), "id -u; exit 4")).await.unwrap();
        assert_eq!((output.status, text(&output.stdout)), (4, "65534\n"));
    });
}
