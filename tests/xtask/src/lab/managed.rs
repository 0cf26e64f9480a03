//! A host with an agent in it.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::host::{Host, Tree};
use super::relay;

/// Where the orchestrator is found, seen from inside a host.
pub const ORCHESTRATOR_PORT: u16 = 7690;
/// Where the packages are found, seen from inside a host.
pub const PACKAGES_PORT: u16 = 7691;

/// Programs that a managed host has.
#[derive(Clone, Debug)]
pub struct AgentPrograms {
    /// The agent.
    pub agent: PathBuf,
    /// The compiler of components.
    pub compiler: PathBuf,
    /// The agent's systemd unit.
    pub unit: PathBuf,
}

impl AgentPrograms {
    /// Puts them into a host's tree, where its package would.
    pub fn install(&self, tree: &Tree) -> Result<()> {
        tree.install(&self.agent, "/usr/bin/hostwright-agent")?;
        tree.install(&self.compiler, "/usr/lib/hostwright/hostwright-compiler")?;
        tree.install(&self.unit, "/lib/systemd/system/hostwright-agent.service")
    }
}

/// Lets a host reach the orchestrator and the packages as given, and nothing else.
pub fn connect(host: &Host, orchestrator: Option<SocketAddr>, packages: Option<SocketAddr>) -> Result<()> {
    let towards = [(ORCHESTRATOR_PORT, orchestrator), (PACKAGES_PORT, packages)];
    for (port, target) in towards {
        let Some(target) = target else { continue };
        let listener = host.sockets().listen(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        relay::start(listener, move || {
            TcpStream::connect_timeout(&target, Duration::from_secs(5)).context("connect across")
        });
    }
    Ok(())
}

/// Enrols the agent of a host and starts its unit.
pub fn enrol(host: &Host, token: &str) -> Result<()> {
    // On standard input, because arguments can be seen by every process of the machine.
    host.program("hostwright-agent")
        .args(["enrol", "-"])
        .feed(token.as_bytes())
        .context("enrol the agent")?;
    host.program("systemctl")
        .args(["enable", "--now", "hostwright-agent.service"])
        .capture()
        .context("start the agent")?;
    Ok(())
}
