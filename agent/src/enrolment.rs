//! How this machine becomes an agent: keys made here, one exchange over the bus, an identity stored.

use std::fs;
use std::path::Path;
use std::time::Duration;

use hostwright_bus::{AgentBus, ConnectError, Login, PublishError};
use hostwright_protocol::enrolment::{AgentSide, AgentStep, Enrolled, EnrolmentError, MachineDescription};
use hostwright_protocol::keys::AgentKeys;
use hostwright_protocol::token::Token;
use tokio::time::timeout;
use tracing::info;

use crate::clock;
use crate::keys::{self, LocalKeys};
use crate::ledger::{self, Identity, IdentityDocument, Ledger};
use crate::state_directory::StateDirectory;

/// An orchestrator answers each step within this time.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why this machine is not an agent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is one already.
    #[error(
        "this machine is agent {agent} of organization {organization} already; `--force` makes it another one"
    )]
    EnrolledAlready {
        /// Who it is.
        agent: hostwright_protocol::ids::AgentId,
        /// Whom it serves.
        organization: hostwright_protocol::ids::OrganizationId,
    },
    /// Its keys cannot be made or read.
    #[error(transparent)]
    Keys(#[from] keys::Error),
    /// The ledger fails.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The bus was not reached.
    #[error("failed to begin the enrolment")]
    Connect(#[from] ConnectError),
    /// The bus did not take what was said.
    #[error("failed to go on with the enrolment")]
    Publish(#[from] PublishError),
    /// Nobody answered.
    #[error("no orchestrator answered the enrolment within {} s", PATIENCE.as_secs())]
    NoAnswer,
    /// The connection ended.
    #[error("the bus ended the connection before the enrolment was over")]
    Ended,
    /// The exchange failed.
    #[error(transparent)]
    Exchange(#[from] EnrolmentError),
}

impl Error {
    /// Returns whether trying again later may help.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Connect(_) | Self::Publish(_) | Self::NoAnswer | Self::Ended | Self::Ledger(_))
    }
}

/// Enrols this machine and stores its identity.
///
/// With `force`, whatever an earlier identity left is forgotten; what it made of the machine stays.
pub async fn enrol(
    state: &StateDirectory,
    ledger: &Ledger,
    root: &Path,
    bus: &dyn AgentBus,
    token: &Token,
    force: bool,
) -> Result<Identity, Error> {
    let known = ledger.begin().await?.identity().await?;
    if let Some(Identity { agent, organization, .. }) = known.filter(|_| !force) {
        return Err(Error::EnrolledAlready { agent, organization });
    }
    let keys = LocalKeys::pending(state)?;
    let machine = describe_machine(root);
    let machine_id = machine.machine_id.clone();
    let Enrolled { identity, host, bus, pinned, time } =
        exchange(bus, token.clone(), keys.agent.clone(), machine).await?;
    keys.keep(state)?;
    let identity = Identity {
        agent: identity.agent,
        organization: identity.organization,
        machine_id,
        document: IdentityDocument { host, bus, pinned, keys: keys.file_name() },
        enrolled_at: clock::now(),
    };
    let mut tx = ledger.begin().await?;
    tx.become_agent(&identity).await?;
    tx.raise_bus_time(time).await?;
    tx.commit().await?;
    keys.remove_others(state);
    info!(agent.id = %identity.agent, "this machine is agent {} of organization {}", identity.agent, identity.organization);
    Ok(identity)
}

async fn exchange(
    bus: &dyn AgentBus,
    token: Token,
    keys: AgentKeys,
    machine: MachineDescription,
) -> Result<Enrolled, Error> {
    let session = bus.connect(&Login::Enrolment { token: token.id }).await?;
    let (mut side, frame) = AgentSide::begin(token, keys, machine);
    session.publish(frame).await?;
    loop {
        let Ok(received) = timeout(PATIENCE, session.receive()).await else { return Err(Error::NoAnswer) };
        let Some((frame, ack)) = received else { return Err(Error::Ended) };
        ack.stored();
        let step = side.receive(&frame, clock::now(), &mut rand::thread_rng())?;
        match step {
            AgentStep::Send { next, frame } => {
                side = *next;
                session.publish(frame).await?;
            }
            AgentStep::Enrolled(enrolled) => return Ok(enrolled),
        }
    }
}

/// Returns what this machine calls itself. A directory that is managed as a root may say so itself.
pub(crate) fn describe_machine(root: &Path) -> MachineDescription {
    let first_line = |path: &Path| {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines()
            .next()
            .map(str::trim)
            .filter(|line| !line.is_empty() && *line != "uninitialized")
            .map(str::to_owned)
    };
    let unknown = || "unknown".to_owned();
    let machine_id = first_line(&root.join("etc/machine-id"))
        .or_else(|| first_line(Path::new("/etc/machine-id")))
        .unwrap_or_else(unknown);
    let node_name = || Some(rustix::system::uname().nodename().to_string_lossy().into_owned());
    let hostname = if root == Path::new("/") { node_name() } else { first_line(&root.join("etc/hostname")) };
    let hostname = hostname.or_else(node_name).filter(|name| !name.is_empty()).unwrap_or_else(unknown);
    MachineDescription { machine_id, hostname }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_managed_directory_may_name_itself() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        fs::write(root.path().join("etc/machine-id"), "0123456789abcdef0123456789abcdef\n").unwrap();
        fs::write(root.path().join("etc/hostname"), "web1\n").unwrap();
        let described = describe_machine(root.path());
        assert_eq!(described.machine_id, "0123456789abcdef0123456789abcdef");
        assert_eq!(described.hostname, "web1");
    }

    #[test]
    fn what_nobody_named_is_not_empty() {
        let root = tempfile::tempdir().unwrap();
        let MachineDescription { machine_id, hostname } = describe_machine(root.path());
        assert!(!machine_id.is_empty() && !hostname.is_empty());
    }
}
