//! A change runs apart from the agent, begins at most once, and is found again.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use hostwright_runtime::machine::local::RunState;
use hostwright_runtime::machine::{Invocation, MachineError, Output};

use crate::world::{Mounted, World, change, eventually, message, supervisor};

/// A text for the shell that says it began, then waits for leave to end.
fn patient(world: &World) -> String {
    format!(
        "echo $$ >> {0}/begun; until [ -e {0}/leave ]; do sleep 0.05; done; echo done; exit 4",
        world.directory.path().display()
    )
}

fn begun_count(world: &World) -> usize {
    fs::read_to_string(world.path("begun")).map_or(0, |text| text.lines().count())
}

fn program_pid(world: &World) -> i32 {
    fs::read_to_string(world.path("begun")).unwrap().trim().parse().unwrap()
}

/// The parent of a process, while it has one.
fn parent(pid: i32) -> i32 {
    stat_field(&pid.to_string(), 1).parse().unwrap()
}

/// A field of a process's status, counted from its state.
fn stat_field(process: &str, number: usize) -> String {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    stat.rsplit_once(')').unwrap().1.split_whitespace().nth(number).unwrap().to_owned()
}

fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

fn lives(pid: i32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

fn is_done(output: &Output) {
    assert_eq!((output.status, &output.stdout[..]), (4, &b"done\n"[..]));
}

#[tokio::test]
async fn the_same_name_begins_once_and_answers_every_time() {
    let Some(world) = World::new() else { return };
    world.write("leave", "");
    let text = patient(&world);
    let (one, other) = tokio::join!(world.run(change("task-1", &text)), world.run(change("task-1", &text)));
    is_done(&one.unwrap());
    is_done(&other.unwrap());
    is_done(&world.run(change("task-1", &text)).await.unwrap());
    assert_eq!(begun_count(&world), 1);

    let other = message(world.run(change("task-1", "echo something else")).await);
    assert!(other.contains("was not begun: a run of that name is /bin/sh -c"), "{other}");
    world.machine.forget("task-1").await.unwrap();
    is_done(&world.run(change("task-1", &text)).await.unwrap());
    assert_eq!(begun_count(&world), 2);
}

#[tokio::test]
async fn the_program_lives_in_a_session_of_its_own() {
    let Some(world) = World::new() else { return };
    let run = change("apart", "ps -o sid= -p $$; cat /proc/self/cgroup; tty");
    let output = world.run(run).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mine = stat_field("self", 3);
    assert_ne!(text.lines().next().unwrap().trim(), mine);
    if Path::new("/sys/fs/cgroup/unified/cgroup.procs").exists()
        || Path::new("/sys/fs/cgroup/cgroup.procs").exists()
    {
        assert!(text.contains("/hostwright-run-apart"), "{text}");
    }
    world.machine.forget("apart").await.unwrap();
    for mount in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] {
        assert!(!Path::new(mount).join("hostwright-run-apart").exists());
    }
}

#[tokio::test]
async fn an_agent_that_is_killed_kills_nothing_and_its_successor_waits() {
    let Some(world) = World::new() else { return };
    let text = patient(&world);
    #[expect(clippy::disallowed_methods, reason = "the agent of this test is a process of its own")]
    let mut agent = Command::new(supervisor())
        .args(["agent", &world.text("runs"), "task-2", "/bin/sh", "-c", &text])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    eventually("it began", || begun_count(&world) == 1).await;
    agent.kill().unwrap();
    agent.wait().unwrap();

    let pid = program_pid(&world);
    assert_eq!(world.machine.adopt("task-2").await, Ok(Some(RunState::Running)));
    assert!(message(world.machine.forget("task-2").await).contains("has not ended"));
    let (joined, waited) = tokio::join!(world.run(change("task-2", &text)), async {
        assert!(lives(pid));
        world.write("leave", "");
        world.machine.wait("task-2", Duration::from_secs(20)).await
    });
    is_done(&joined.unwrap());
    is_done(&waited.unwrap());
    let Ok(Some(RunState::Exited(output))) = world.machine.adopt("task-2").await else { panic!() };
    is_done(&output);
    assert_eq!(begun_count(&world), 1);
}

#[tokio::test]
async fn a_lost_supervisor_leaves_doubt_and_says_so() {
    let Some(world) = World::new() else { return };
    let text = patient(&world);
    let run = world.run(change("task-3", &text));
    let kill_supervisor = async {
        eventually("it began", || begun_count(&world) == 1).await;
        kill(parent(program_pid(&world)));
    };
    let (result, ()) = tokio::join!(run, kill_supervisor);
    let Err(MachineError::Interrupted(message)) = result else { panic!("{result:?}") };
    let pid = program_pid(&world);
    assert!(message.contains("was begun as run `task-3` and nobody knows how it ended"), "{message}");
    assert!(message.contains(&format!("process {pid} still runs")), "{message}");
    assert!(lives(pid), "the program is not killed");

    assert!(matches!(world.run(change("task-3", &text)).await, Err(MachineError::Interrupted(_))));
    assert!(matches!(world.machine.adopt("task-3").await, Ok(Some(RunState::Lost(_)))));
    assert_eq!(begun_count(&world), 1, "what may have run is not run again");
    world.write("leave", "");
    eventually("the program ended", || !lives(pid)).await;
}

#[tokio::test]
async fn a_time_limit_asks_and_never_kills() {
    let Some(world) = World::new() else { return };
    let stubborn = format!("trap 'echo asked >> {}' TERM; {}", world.text("asked"), patient(&world));
    let limited =
        |name: &str, text: &str| Invocation { timeout: Duration::from_millis(500), ..change(name, text) };
    let message = message(world.run(limited("stubborn", &stubborn)).await);
    let pid = program_pid(&world);
    assert!(message.contains("was asked to end after 500 ms, its time limit, and still runs"), "{message}");
    let whereabouts = if Path::new("/run/systemd/system").exists() {
        "unit hostwright-run-stubborn.service"
    } else {
        "run `stubborn`"
    };
    assert!(message.ends_with(&format!("{whereabouts}, process {pid}")), "{message}");
    assert!(lives(pid));
    assert_eq!(fs::read_to_string(world.path("asked")).unwrap(), "asked\n", "it is asked once");
    assert_eq!(world.machine.adopt("stubborn").await, Ok(Some(RunState::Running)));

    world.write("leave", "");
    let ended = world.machine.wait("stubborn", Duration::from_secs(20)).await.unwrap_err();
    let MachineError::Failed { message, run: Some((_, output)) } = ended else { panic!("{ended:?}") };
    assert!(message.contains("its time limit, and ended with status 4"), "{message}");
    is_done(&output);

    let ended = world.run(limited("obedient", "exec sleep 98763")).await.unwrap_err();
    let MachineError::Failed { run: Some((_, output)), .. } = ended else { panic!("{ended:?}") };
    assert_eq!(output.status, 128 + 15);
}

#[tokio::test]
async fn what_was_recorded_and_not_begun_never_begins() {
    let Some(world) = World::new() else { return };
    assert_eq!(world.machine.adopt("task-4").await, Ok(None));
    // As after a crash between the record and the start.
    world.write("leave", "");
    world.run(change("task-4", &patient(&world))).await.unwrap();
    for name in ["started", "exit", "lock", "process"] {
        fs::remove_file(world.path("runs/task-4").join(name)).unwrap();
    }
    world.write("runs/task-4/stdin", "");
    assert_eq!(world.machine.adopt("task-4").await, Ok(None));
    assert!(!world.path("runs/task-4").exists());
    assert_eq!(begun_count(&world), 1);
}

#[tokio::test]
async fn a_record_that_was_not_begun_is_begun_by_the_next_call() {
    let Some(world) = World::new() else { return };
    world.write("leave", "");
    let text = patient(&world);
    world.run(change("task-5", &text)).await.unwrap();
    for name in ["started", "exit", "lock", "process"] {
        fs::remove_file(world.path("runs/task-5").join(name)).unwrap();
    }
    world.write("runs/task-5/stdin", "");
    is_done(&world.run(change("task-5", &text)).await.unwrap());
    assert_eq!(begun_count(&world), 2);
}

#[tokio::test]
async fn standard_input_does_not_stay_on_the_disk() {
    let Some(world) = World::new() else { return };
    let run = Invocation { stdin: "canary-4711".into(), ..change("secret", "wc -c") };
    assert_eq!(world.run(run).await.unwrap().stdout, "11\n");
    for entry in fs::read_dir(world.path("runs/secret")).unwrap() {
        let content = fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&content).contains("canary"));
    }
}

#[tokio::test]
async fn without_room_for_the_record_nothing_begins() {
    let Some(world) = World::new() else { return };
    let runs = world.make("runs", 0o700, 0);
    let _mounted = Mounted::file_system("tmpfs", &runs, c"size=16k");
    fs::write(runs.join("filler"), [0; 12 * 1024]).unwrap();
    let run = Invocation { stdin: vec![b'x'; 8192].into(), ..change("task-6", &patient(&world)) };
    assert!(message(world.run(run).await).contains("was not begun: cannot record it: No space left"));
    assert_eq!(begun_count(&world), 0);
}

#[tokio::test]
async fn the_end_is_recorded_on_a_full_disk() {
    let Some(world) = World::new() else { return };
    let runs = world.make("runs", 0o700, 0);
    let _mounted = Mounted::file_system("tmpfs", &runs, c"size=256k");
    let fill = format!("yes | head -c 100000; cat /dev/zero > {}; exit 6", world.text("runs/filler"));
    let output = world.run(Invocation { output_bytes: 200_000, ..change("full", &fill) }).await.unwrap();
    assert_eq!((output.status, output.truncated), (6, true), "the outputs had no room, the status has");
}

#[tokio::test]
async fn names_of_runs_are_plain() {
    let Some(world) = World::new() else { return };
    for name in ["", "..", "a/b", "A", "a b", "a.service"] {
        assert!(message(world.run(change(name, "true")).await).contains("is no name for a run"), "{name}");
    }
}

#[tokio::test]
async fn runs_without_a_name_leave_nothing() {
    let Some(world) = World::new() else { return };
    let run = Invocation { name: None, ..change("", "echo done; exit 4") };
    is_done(&world.run(run).await.unwrap());
    assert_eq!(fs::read_dir(world.path("runs")).unwrap().count(), 0);
}
