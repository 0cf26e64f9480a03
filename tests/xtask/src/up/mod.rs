//! `cargo xtask up`: the whole system on this machine, with one real host.
//!
//! [`announcement`] says what is going to happen, [`site`] makes it happen, [`screen`] says what is there then, [`state`]
//! is what scripts find. Without root the host is a confined directory ([`confined`]).

mod announcement;
mod command_line;
mod confined;
mod example;
mod leftovers;
mod screen;
mod site;
pub mod state;

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Child;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use self::state::{Hold, UpState};
use crate::programs::Program;
use crate::setup::{Missing, Purpose};
use crate::workspace::Workspace;
use crate::{build, setup};

pub use self::example::PACKAGES as EXAMPLE_PACKAGES;

/// How `up` is to be run.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Does not ask before installing anything.
    pub assume_yes: bool,
    /// Returns when all is ready and leaves it running.
    pub detach: bool,
    /// Takes programs and plugins as they were built before.
    pub is_built: bool,
    /// Keeps a directory instead of booting a host, for root too.
    pub confined: bool,
}

/// What the example is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HostKind {
    /// A real Debian in namespaces of its own.
    Booted,
    /// A directory.
    Confined,
}

impl HostKind {
    /// A site stays what it began as.
    fn choose(workspace: &Workspace, confined: bool) -> Result<Self> {
        let hosts = workspace.site().join("hosts");
        let wanted = if confined || !setup::is_root() { Self::Confined } else { Self::Booted };
        match wanted {
            Self::Confined if hosts.join(example::HOST).exists() => bail!(
                "what is kept here is a booted host, which needs root and no `--confined`; \
                 `cargo xtask down --purge` removes it"
            ),
            Self::Booted if hosts.join(site::CONFINED).exists() => Ok(Self::Confined),
            wanted => Ok(wanted),
        }
    }
}

const STOP_DEADLINE: Duration = Duration::from_mins(1);
const READY_DEADLINE: Duration = Duration::from_mins(10);

/// Brings everything up, and unless detached keeps it up until Ctrl-C.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    if let Some(state) = UpState::load(workspace)? {
        say("It is up already.");
        say(&screen::render(&state, workspace));
        return Ok(());
    }
    let kind = HostKind::choose(workspace, options.confined)?;
    if !options.is_built {
        let missing = Missing::find(Purpose::Up)?;
        if !announcement::confirm(workspace, &missing, kind == HostKind::Booted, options.assume_yes)? {
            bail!("nothing was done");
        }
        missing.install(&mut |line| say(&format!("  {line}")))?;
        step("building the orchestrator, the agent and the command line", || build::binaries(workspace))?;
        step("building and signing the plugins", || build::plugins(workspace))?;
    }
    if options.detach {
        return detach(workspace, kind);
    }
    let Some(_hold) = Hold::take(workspace)? else { bail!("another `up` is starting here") };
    leftovers::end(workspace)?;
    let (stop, stopped) = mpsc::channel();
    ctrlc::set_handler(move || {
        // A second Ctrl-C finds nobody listening, and the first one is being obeyed.
        let _ = stop.send(());
    })
    .context("listen for Ctrl-C")?;
    let site = site::Site::start(workspace, kind)?;
    site.state().save(workspace)?;
    say(&screen::render(site.state(), workspace));
    say("Ctrl-C stops it; what it keeps stays.");
    let _ = stopped.recv();
    say("stopping");
    UpState::forget(workspace);
    site.stop()?;
    leftovers::forget(workspace);
    Ok(())
}

/// Ends what runs; with `purge` also removes everything that was kept.
pub fn down(workspace: &Workspace, purge: bool) -> Result<()> {
    if let Some(state) = UpState::load(workspace)? {
        end(state.supervisor)?;
        say("stopped");
    } else {
        say("nothing was up");
    }
    let Some(hold) = Hold::take(workspace)? else {
        bail!("an `up` is starting here; end it with Ctrl-C first")
    };
    leftovers::end(workspace)?;
    UpState::forget(workspace);
    if purge {
        for kept in [workspace.site(), &workspace.private()] {
            if kept.exists() && workspace.site().starts_with(kept) {
                fs::remove_dir_all(kept).with_context(|| format!("remove {}", kept.display()))?;
                say(&format!("removed {}", kept.display()));
            }
        }
    }
    drop(hold);
    Ok(())
}

/// Runs the command line with the profile of what is up.
pub fn wright(workspace: &Workspace, arguments: &[String]) -> Result<i32> {
    let state = UpState::load(workspace)?.context("nothing is up; start it with `cargo xtask up`")?;
    command_line::CommandLine::of(workspace, &state).program().args(arguments).interact()
}

/// Starts another `up` that outlives this one, and waits until it is ready.
fn detach(workspace: &Workspace, kind: HostKind) -> Result<()> {
    fs::create_dir_all(workspace.site()).with_context(|| format!("create {}", workspace.site().display()))?;
    let log = workspace.site().join("up.log");
    // It begins anew, and holds the password of the last screen.
    let _ = fs::remove_file(&log);
    fs::File::options().create_new(true).write(true).mode(0o600).open(&log).context("begin a new log")?;
    let own = fs::read_link("/proc/self/exe").context("find this program")?;
    let mut child = Program::new(own)
        .arg("--site")
        .arg(workspace.site())
        .args(["up", "--no-build"])
        .args((kind == HostKind::Confined).then_some("--confined"))
        .current_dir(workspace.root())
        .start(&log)?;
    let begun = Instant::now();
    let mut shown = 0;
    while begun.elapsed() < READY_DEADLINE {
        shown += show_steps(&log, shown);
        if let Some(state) = UpState::load(workspace)?.filter(|state| state.supervisor == child.id()) {
            say(&screen::render(&state, workspace));
            let xtask = screen::xtask(workspace);
            say(&format!("It goes on running; `{xtask} down` stops it. Its log: {}", log.display()));
            return Ok(());
        }
        if let Some(status) = child.try_wait().context("look after the detached process")? {
            bail!("it ended with {status}:\n{}", fs::read_to_string(&log).unwrap_or_default());
        }
        thread::sleep(Duration::from_millis(100));
    }
    stop_child(&mut child);
    bail!("it is not ready after {READY_DEADLINE:?}, see {}", log.display())
}

/// Shows the steps that are in the log since the last look. Returns how many lines that were.
fn show_steps(log: &Path, shown: usize) -> usize {
    let text = fs::read_to_string(log).unwrap_or_default();
    let complete = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
    // The last screen comes from whoever is watching.
    let steps = complete.lines().take_while(|line| line.starts_with("- ") || line.starts_with("  "));
    let fresh: Vec<&str> = steps.skip(shown).collect();
    for line in &fresh {
        say(line);
    }
    fresh.len()
}

fn stop_child(child: &mut Child) {
    let _ = end(child.id());
    let _ = child.wait();
}

/// Asks the supervising process to stop and waits until it is gone.
fn end(supervisor: u32) -> Result<()> {
    let pid = i32::try_from(supervisor).ok().and_then(Pid::from_raw).context("a process id")?;
    kill_process(pid, Signal::TERM).context("ask it to stop")?;
    let begun = Instant::now();
    while begun.elapsed() < STOP_DEADLINE {
        // A zombie has ended; only its parent has not looked yet.
        let state = fs::read_to_string(format!("/proc/{supervisor}/stat")).unwrap_or_default();
        if state.is_empty() || state.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
        {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    bail!("process {supervisor} does not stop")
}

fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    say(&format!("- {what}"));
    let begun = Instant::now();
    let result = work()?;
    say(&format!("  {:.1} s", begun.elapsed().as_secs_f64()));
    Ok(result)
}

#[expect(clippy::print_stdout, reason = "people watch this command")]
fn say(line: &str) {
    println!("{line}");
}
