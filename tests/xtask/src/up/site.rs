//! The orchestrator, the host and what connects them, as one thing that starts and stops.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::command_line::CommandLine;
use super::confined::ConfinedHost;
use super::example::{self, ENVIRONMENT, HOST, ORGANIZATION};
use super::state::UpState;
use super::{EXAMPLE_PACKAGES, HostKind, leftovers, say, step};
use crate::build;
use crate::lab::base::Base;
use crate::lab::host::{Host, Tree};
use crate::lab::managed::{self, AgentPrograms, ORCHESTRATOR_PORT, PACKAGES_PORT};
use crate::lab::orchestrator::{Options, Orchestrator};
use crate::lab::relay;
use crate::lab::repository::Repository;
use crate::workspace::Workspace;

const PAGE_PORT: u16 = 7680;
const READY_DEADLINE: Duration = Duration::from_mins(3);
/// The directory, among hosts, of a host that runs no programs.
pub(super) const CONFINED: &str = "confined";

/// Everything that is up.
#[derive(Debug)]
pub(super) struct Site {
    machine: Machine,
    orchestrator: Orchestrator,
    state: UpState,
}

#[derive(Debug)]
enum Machine {
    Booted(Host),
    Confined(ConfinedHost),
}

impl Site {
    /// Starts it all, or goes on with what an earlier start has kept.
    pub(super) fn start(workspace: &Workspace, kind: HostKind) -> Result<Self> {
        let kept = workspace.site();
        let programs = AgentPrograms {
            agent: workspace.binary("hostwright-agent"),
            compiler: workspace.binary("hostwright-compiler"),
            unit: workspace.root().join("agent/systemd/hostwright-agent.service"),
        };
        let orchestrator = step("starting the orchestrator", || start_orchestrator(workspace, kind))?;
        leftovers::note(workspace, orchestrator.pid(), &workspace.binary("hostwright-orchestrator"))?;
        let password = orchestrator.password()?;
        let command_line = CommandLine::new(workspace, &orchestrator.api(), &password);
        let is_first = !kept.join("example").exists();
        if is_first {
            step("applying the example", || {
                command_line.apply(&example::lay_out(workspace, kind == HostKind::Booted)?)
            })?;
        }
        if command_line.host_state()? == "DEFINED" {
            command_line.provision()?;
        }
        let machine = match kind {
            HostKind::Booted => Machine::Booted(boot(workspace, &programs, &orchestrator, &command_line)?),
            HostKind::Confined => {
                let directory = kept.join("hosts").join(CONFINED);
                let host = ConfinedHost::start(&directory, &programs, orchestrator.address(), &command_line)?;
                leftovers::note(workspace, host.pid(), &programs.agent)?;
                Machine::Confined(host)
            }
        };
        step("waiting until the host is as the example wants it", || wait_until_ready(&command_line))?;
        let (page, leader) = match &machine {
            Machine::Booted(host) => (Some(serve_page(host, kept)?), Some(host.leader())),
            Machine::Confined(_) => (None, None),
        };
        let state = UpState {
            api: orchestrator.api(),
            user: "admin".to_owned(),
            password,
            organization: ORGANIZATION.to_owned(),
            environment: ENVIRONMENT.to_owned(),
            host: HOST.to_owned(),
            page,
            supervisor: std::process::id(),
            leader,
        };
        Ok(Self { machine, orchestrator, state })
    }

    pub(super) fn state(&self) -> &UpState {
        &self.state
    }

    /// Ends it all in order; everything kept stays.
    pub(super) fn stop(self) -> Result<()> {
        let Self { machine, orchestrator, state: _ } = self;
        match machine {
            Machine::Booted(host) => drop(host.power_off()?),
            Machine::Confined(host) => host.stop()?,
        }
        orchestrator.terminate()?;
        Ok(())
    }
}

/// Starts the orchestrator where it was before, or at another port if somebody else has that one now.
fn start_orchestrator(workspace: &Workspace, kind: HostKind) -> Result<Orchestrator> {
    let kept = workspace.site();
    let publisher_key = build::publisher_key(workspace)?;
    let mut attempts = 3;
    loop {
        let listen = claim(&kept.join("listen"), ORCHESTRATOR_PORT)?.local_addr().context("an address")?;
        // Inside a booted host the orchestrator is always found at the same port.
        let public_port = if kind == HostKind::Booted { ORCHESTRATOR_PORT } else { listen.port() };
        let started = Orchestrator::start(Options {
            program: workspace.binary("hostwright-orchestrator"),
            directory: kept.join("orchestrator"),
            listen,
            public_url: format!("http://127.0.0.1:{public_port}"),
            compiler: workspace.binary("hostwright-compiler"),
            plugins: workspace.plugins(),
            publisher_keys: vec![publisher_key.clone()],
            more: String::new(),
        });
        attempts -= 1;
        // Between the claim and the start somebody else may have been quicker.
        if started.is_ok() || attempts == 0 || TcpListener::bind(listen).is_ok() {
            return started;
        }
    }
}

/// Boots the host, with an enrolled agent.
fn boot(
    workspace: &Workspace,
    programs: &AgentPrograms,
    orchestrator: &Orchestrator,
    command_line: &CommandLine<'_>,
) -> Result<Host> {
    let lab = workspace.lab();
    let base = step("preparing a Debian tree", || Base::prepare(&lab))?;
    let packages = step("preparing packages", || Repository::prepare(&lab, &base, EXAMPLE_PACKAGES))?;
    let directory = workspace.site().join("hosts").join(HOST);
    step("booting the host", || {
        let tree = Tree::mount(&base, &directory, HOST)?;
        programs.install(&tree)?;
        tree.write("/etc/apt/sources.list", "")?;
        tree.write("/etc/apt/sources.list.d/lab.sources", Repository::source(PACKAGES_PORT))?;
        let host = Host::boot(tree, &format!("hostwright-up-{}", std::process::id()))?;
        managed::connect(&host, Some(orchestrator.address()), Some(packages.serve()?))?;
        if host.program("test").args(["-e", "/var/lib/hostwright/agent/ledger.db"]).output()?.status.success()
        {
            return Ok(host);
        }
        managed::enrol(&host, &command_line.token()?)?;
        Ok(host)
    })
}

fn wait_until_ready(command_line: &CommandLine<'_>) -> Result<()> {
    let begun = Instant::now();
    let mut state = String::new();
    while begun.elapsed() < READY_DEADLINE {
        state = command_line.host_state()?;
        match state.as_str() {
            "READY" => return Ok(()),
            "ERROR" => bail!(
                "the host reports an error; see `wright changes list {ORGANIZATION} {ENVIRONMENT} {HOST}`"
            ),
            _ => thread::sleep(Duration::from_millis(200)),
        }
    }
    bail!("the host is still {state} after {READY_DEADLINE:?}")
}

/// Carries a fixed port of this machine to wherever the host's site listens at the time. Returns the page's URL.
fn serve_page(host: &Host, kept: &Path) -> Result<String> {
    let listener = claim(&kept.join("page"), PAGE_PORT)?;
    let address = listener.local_addr().context("an address")?;
    let sockets = host.sockets();
    let site = host.tree().root().join("etc/nginx/conf.d/site.conf");
    relay::start(listener, move || {
        let text = fs::read_to_string(&site).with_context(|| format!("read {}", site.display()))?;
        let port = listening_port(&text).context("the site listens nowhere")?;
        sockets.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    });
    Ok(format!("http://{address}/"))
}

/// The port of the site's first `listen`.
fn listening_port(site: &str) -> Option<u16> {
    let listen = site.lines().find_map(|line| line.trim().strip_prefix("listen "))?;
    let address = listen.trim_end_matches(';').split_whitespace().next()?;
    address.rsplit(':').next()?.parse().ok()
}

/// Takes the port that was used before, else the usual one, else a free one, and writes down which.
fn claim(file: &Path, usual: u16) -> Result<TcpListener> {
    let loopback = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let kept = fs::read_to_string(file).ok().and_then(|kept| kept.trim().parse().ok());
    let wanted: u16 = kept.unwrap_or(usual);
    let listener = loopback(wanted).or_else(|_| loopback(0)).context("find a free port")?;
    let port = listener.local_addr().context("a listener without an address")?.port();
    if port != wanted {
        say(&format!("  port {wanted} is taken; using {port}"));
    }
    fs::write(file, port.to_string()).with_context(|| format!("write {}", file.display()))?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_follows_the_port_of_the_site() {
        assert_eq!(listening_port("server {\n    listen 8080;\n}"), Some(8080));
        assert_eq!(listening_port("server {\n    listen 127.0.0.1:81 default_server;\n}"), Some(81));
        assert_eq!(listening_port("server {}"), None);
    }

    #[test]
    fn a_port_is_used_again_unless_somebody_else_has_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("listen");
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
        let first = claim(&file, 0).unwrap();
        let taken = port(&first);
        assert_ne!(port(&claim(&file, 7690).unwrap()), taken, "it is taken");
        fs::write(&file, taken.to_string()).unwrap();
        drop(first);
        assert_eq!(port(&claim(&file, 7690).unwrap()), taken);
    }
}
