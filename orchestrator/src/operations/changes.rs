//! Changes: looking at them, waiting for them, giving them up.

use std::time::Duration;

use hostwright_model::change::{Change, ChangeEnding, ChangeState};
use hostwright_model::event::Actor;
use hostwright_model::host::Host;
use hostwright_model::ids::{AgentId, ChangeId};
use hostwright_model::organization::Organization;
use hostwright_protocol::messages::{Cancel, ToAgent};
use tokio::time::Instant;

use super::{HostPath, OperationError, Work, hosts, ledger, sending};
use crate::app::App;

/// How often is looked, because another orchestrator may have written.
const POLL: Duration = Duration::from_secs(1);

/// Which changes are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that have not ended.
    Open,
    /// All.
    All,
    /// Those that have ended.
    Ended,
}

/// What became of a change that somebody wanted to be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is not there any more.
    Removed,
    /// It was sent already: the agent was asked to give it up, and will say whether it could.
    Asked,
}

/// Lists the changes of a host, by order number.
pub async fn list_changes(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    which: Which,
) -> Result<Vec<Change>, OperationError> {
    let host = hosts::find_host(work, organization, path).await?;
    let mut changes = work.tx.changes(organization.id, host.id, which != Which::Open).await?;
    if which == Which::Ended {
        changes.retain(|change| !change.state.is_open());
    }
    Ok(changes)
}

/// Finds a change by its place among the host's changes.
pub async fn find_change(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    order_number: u64,
) -> Result<Change, OperationError> {
    let host = hosts::find_host(work, organization, path).await?;
    let found = work.tx.change_by_number(organization.id, host.id, order_number).await?;
    found.ok_or_else(|| OperationError::not_found("change", order_number))
}

/// Finds a change by its key.
pub async fn find_change_by_key(
    work: &mut Work,
    organization: &Organization,
    key: ChangeId,
) -> Result<Change, OperationError> {
    let found = work.tx.change(organization.id, key).await?;
    found.ok_or_else(|| OperationError::not_found("change", key))
}

/// Waits until a change has ended, or for so long; returns it as it is then.
pub async fn wait_for_change(
    app: &App,
    organization: &Organization,
    key: ChangeId,
    at_most: Duration,
) -> Result<Change, OperationError> {
    let deadline = Instant::now() + at_most;
    let mut commits = app.commits();
    loop {
        commits.mark_unchanged();
        let mut work = app.look(Actor::System).await?;
        // Most commits are none of its end: its tasks, of which there may be thousands, are read for the answer only.
        let change = work.tx.change_alone(organization.id, key).await?;
        let change = change.ok_or_else(|| OperationError::not_found("change", key))?;
        if !change.state.is_open() || Instant::now() >= deadline {
            return find_change_by_key(&mut work, organization, key).await;
        }
        drop(work);
        let next_look = deadline.min(Instant::now() + POLL);
        tokio::select! {
            _ = commits.changed() => {}
            () = tokio::time::sleep_until(next_look) => {}
        }
    }
}

/// Removes a change: one that has ended is forgotten, one that waits is given up, one at work is not to be stopped.
pub async fn remove_change(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    order_number: u64,
) -> Result<Removal, OperationError> {
    let found = hosts::find_host(work, organization, path).await?;
    let mut host = hosts::locked(work, organization, found.id).await?;
    let change = work.tx.change_by_number(organization.id, host.id, order_number).await?;
    let change = change.ok_or_else(|| OperationError::not_found("change", order_number))?;
    let agent = sending::reachable(work, &host).await?;
    let removal = remove(work, &mut host, agent, change).await?;
    settle(work, &mut host).await?;
    Ok(removal)
}

/// Removes the changes of a host that have ended, and with [`Which::All`] gives up what waits, too. What is at work goes on.
/// A host in error is ready again.
pub async fn clear_changes(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    which: Which,
) -> Result<(), OperationError> {
    let found = hosts::find_host(work, organization, path).await?;
    let mut host = hosts::locked(work, organization, found.id).await?;
    let agent = sending::reachable(work, &host).await?;
    // The last first: what waits follows what waits before it.
    for change in work.tx.changes(organization.id, host.id, true).await?.into_iter().rev() {
        let is_open = change.state.is_open();
        let is_meant = match which {
            Which::All => true,
            Which::Open => is_open,
            Which::Ended => !is_open,
        };
        if is_meant && !matches!(change.state, ChangeState::Running { .. }) {
            remove(work, &mut host, agent, change).await?;
        }
    }
    settle(work, &mut host).await
}

async fn remove(
    work: &mut Work,
    host: &mut Host,
    agent: Option<AgentId>,
    change: Change,
) -> Result<Removal, OperationError> {
    match change.state {
        ChangeState::Ended { .. } => {
            work.tx.delete_change(host.organization, change.id).await?;
            Ok(Removal::Removed)
        }
        ChangeState::Running { .. } => Err(OperationError::conflict(format!(
            "change {} is at work and cannot be given up: wait until it has ended",
            change.order_number
        ))),
        ChangeState::Pending => {
            if give_up(work, host, agent, change.clone(), ChangeEnding::Cancelled).await? {
                work.tx.delete_change(host.organization, change.id).await?;
                return Ok(Removal::Removed);
            }
            if let Some(agent) = agent {
                sending::append(work, host, agent, ToAgent::Cancel(Cancel { change: change.id }), None)
                    .await?;
            }
            Ok(Removal::Asked)
        }
    }
}

/// Ends a change that was not handed to the bus; says whether it could be.
pub(crate) async fn give_up(
    work: &mut Work,
    host: &mut Host,
    agent: Option<AgentId>,
    mut change: Change,
    ending: ChangeEnding,
) -> Result<bool, OperationError> {
    if !work.tx.withdraw_message(host.organization, change.id).await? {
        return Ok(false);
    }
    let reached = work.tx.open_changes(host.organization, host.id).await?;
    let reached = reached.first().map_or(host.generation, |first| first.follows);
    change.end(ending, work.now(), None).map_err(OperationError::internal)?;
    work.tx.save_change(&change).await?;
    if let Some(agent) = agent {
        ledger::rechain(work, host, agent, reached).await?;
    }
    sending::record_states(work, host, &change).await?;
    Ok(true)
}

/// Ends a change that was sent and of which nothing is heard; says what a person should know of it. An agent that has begun
/// it has taken it; else it is as if it had never been sent, and one that did begin it will say so.
pub(crate) async fn presume_ended(
    work: &mut Work,
    host: &mut Host,
    agent: Option<AgentId>,
    mut change: Change,
) -> Result<String, OperationError> {
    let was_begun = matches!(change.state, ChangeState::Running { .. });
    if was_begun {
        let told = work.tx.desired_set(host.organization, host.id).await?;
        let mut after = told.clone();
        ledger::advance(&mut after, &change);
        ledger::store(work, host, &told, &after).await?;
    }
    change.presume_ended(work.now()).map_err(OperationError::internal)?;
    work.tx.save_change(&change).await?;
    if let Some(agent) = agent {
        let reached = if was_begun { change.generation } else { change.follows };
        ledger::rechain(work, host, agent, reached).await?;
        work.wake(agent);
    }
    sending::record_states(work, host, &change).await?;
    match change.state {
        ChangeState::Ended { message: Some(message), .. } => Ok(message),
        _ => Ok(String::new()),
    }
}

/// Opens a change again whose end was presumed: its agent is heard again, and says how it really is.
pub(crate) async fn reopen(
    work: &mut Work,
    host: &mut Host,
    agent: AgentId,
    id: ChangeId,
) -> Result<(), OperationError> {
    let Some(mut change) = work.tx.change(host.organization, id).await? else { return Ok(()) };
    change.reopen();
    work.tx.save_change(&change).await?;
    settle(work, host).await?;
    if let Ok(state) = host.state.clone().begin_update(work.now()) {
        host.state = state;
    }
    ledger::rechain(work, host, agent, change.follows).await?;
    sending::record_states(work, host, &change).await
}

/// Brings the host's state in line with what is left of its changes: what failed is told while a change that failed is
/// there.
pub(crate) async fn settle(work: &mut Work, host: &mut Host) -> Result<(), OperationError> {
    if !host.state.is_provisioned() {
        return Ok(());
    }
    let left = work.tx.changes(host.organization, host.id, true).await?;
    let before = host.state.clone();
    if !left.iter().any(Change::has_failed) {
        host.state = host.state.clone().clear(work.now());
    }
    if !left.iter().any(|change| change.state.is_open()) {
        host.state =
            host.state.clone().end_update(work.now(), false, None).map_err(OperationError::conflict_of)?;
    }
    if host.state != before {
        work.tx.save_host_state(host).await?;
    }
    if host.state.name() != before.name() {
        let path = hosts::path_of(work, host).await?.to_string();
        let state = host.state.name().to_owned();
        let occurrence = hostwright_model::event::Occurrence::HostState { host: host.id, path, state };
        work.record(host.organization, occurrence);
    }
    Ok(())
}
