//! Real hosts for one test.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use xtask::lab::base::Base;
use xtask::lab::host::{Host, Tree};
use xtask::lab::managed::{self, PACKAGES_PORT};
use xtask::lab::repository::Repository;
use xtask::up::EXAMPLE_PACKAGES;
use xtask::workspace::Workspace;

use crate::System;

const AGENT_UNIT: &str = "hostwright-agent.service";

static COUNT: AtomicU32 = AtomicU32::new(0);

/// Returns whether real hosts can be had, and says loudly when they cannot.
#[expect(clippy::print_stderr, reason = "a skipped part is counted by what it prints")]
pub fn available() -> bool {
    let available = xtask::setup::is_root();
    if !available {
        eprintln!("SKIPPED: real hosts need root");
    }
    available
}

/// Boots a host of its own for one test, which reaches the example's packages and nothing else.
pub fn boot(name: &str) -> Result<Host> {
    let workspace = Workspace::locate();
    let lab = workspace.lab();
    let base = Base::prepare(&lab)?;
    let packages = Repository::prepare(&lab, &base, EXAMPLE_PACKAGES)?;
    let tree = tree(&workspace, &base, name)?;
    tree.write("/etc/apt/sources.list", "")?;
    tree.write("/etc/apt/sources.list.d/lab.sources", Repository::source(PACKAGES_PORT))?;
    let host = Host::boot(tree, &label())?;
    managed::connect(&host, None, Some(packages.serve()?))?;
    Ok(host)
}

/// Boots a host with an agent that is enrolled as the host of that name.
pub async fn boot_managed(system: &System, name: &str) -> Result<Host> {
    let token = system.define_host(name).await?;
    let host = boot(name)?;
    system.agent_programs().install(host.tree())?;
    managed::connect(&host, Some(system.address()?), None)?;
    managed::enrol(&host, &token)?;
    Ok(host)
}

/// The process of a host's agent, if it runs.
pub fn agent_pid(host: &Host) -> Result<Option<u32>> {
    let shown = host.program("systemctl").args(["show", "-P", "MainPID", AGENT_UNIT]).capture()?;
    let pid: u32 = shown.trim().parse().context("read the pid of the agent")?;
    Ok((pid != 0).then_some(pid))
}

/// Kills a host's agent, and nothing else, as a crash would; its unit starts it again.
pub fn kill_agent(host: &Host) -> Result<()> {
    let pid = agent_pid(host)?.context("the agent does not run")?;
    host.program("kill").args(["-s", "KILL", &pid.to_string()]).capture()?;
    Ok(())
}

/// Lets systemd start a host's agent again without a pause, however often it is killed.
pub fn restart_agent_at_once(host: &Host) -> Result<()> {
    let directory = format!("/etc/systemd/system/{AGENT_UNIT}.d");
    let text = "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestartSec=100ms\n";
    host.tree().write(&format!("{directory}/at-once.conf"), text)?;
    host.program("systemctl").arg("daemon-reload").capture()?;
    Ok(())
}

/// Asks a host's own web server for a page; nothing if it does not answer.
pub fn page(host: &Host, port: u16) -> Option<Page> {
    let mut connection = host.sockets().connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).ok()?;
    connection.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    connection.write_all(b"GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let header = |name: &str| {
        head.lines()
            .find_map(|line| Some(line.split_once(": ")?).filter(|(key, _)| key.eq_ignore_ascii_case(name)))
    };
    Some(Page {
        served_for: header("X-Hostwright-Host").map(|(_, host)| host.to_owned()),
        body: body.to_owned(),
    })
}

/// What a host's web server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The header that only the example's site has.
    pub served_for: Option<String>,
    /// The page.
    pub body: String,
}

/// Boots a tree that an earlier host left.
pub fn boot_again(tree: Tree) -> Result<Host> {
    Host::boot(tree, &label())
}

/// Removes a host's files.
pub fn remove(tree: Tree) -> Result<()> {
    let directory = tree.directory().to_owned();
    drop(tree);
    std::fs::remove_dir_all(&directory).with_context(|| format!("remove {}", directory.display()))
}

fn tree(workspace: &Workspace, base: &Base, name: &str) -> Result<Tree> {
    let hosts = workspace.private().join("test-hosts");
    // A test that was killed leaves its host; the next one puts it away.
    xtask::lab::janitor::sweep(&hosts, |directory| !owner_lives(directory))?;
    Tree::mount(base, &hosts.join(label()), name)
}

/// Returns whether the test process that a host's directory is named after still runs.
fn owner_lives(directory: &Path) -> bool {
    let name = directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('-').nth(1).is_some_and(|pid| Path::new("/proc").join(pid).exists())
}

/// Unique among all tests that run on this machine at the time.
fn label() -> String {
    format!("hwt-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
