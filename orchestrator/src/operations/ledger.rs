//! Where a host's machine stands: what it was told, and what it will have been told once everything open is done.
//!
//! The agent moves its desired set when it takes a change, not when it succeeds; a failed task is drift from then on. So
//! the set here moves by every task of a change that was taken, and the two stay equal.

use hostwright_model::change::{Change, ChangeKind};
use hostwright_model::desired::DesiredSet;
use hostwright_model::host::Host;
use hostwright_model::ids::{AgentId, ChangeId};
use hostwright_protocol::messages::{HighWater, Resync, ToAgent};
use hostwright_store::OutboxEntry;

use super::{OperationError, Work};

/// How many messages of a lane are looked at at once; more than ever wait.
const WHOLE_LANE: u32 = 100_000;

/// Where a host's machine stands.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    /// What the agent was told by changes that ended.
    pub(crate) told: DesiredSet,
    /// What it will have been told once all open changes are done.
    pub(crate) desired: DesiredSet,
    /// Changes that have not ended, in order.
    pub(crate) open: Vec<Change>,
    /// The generation after them, which the next change follows.
    pub(crate) generation: u64,
}

pub(crate) async fn load(work: &mut Work, host: &Host) -> Result<Ledger, OperationError> {
    let told = work.tx.desired_set(host.organization, host.id).await?;
    let open = work.tx.open_changes(host.organization, host.id).await?;
    let mut desired = told.clone();
    for change in &open {
        advance(&mut desired, change);
    }
    let generation = open.last().map_or(host.generation, |change| change.generation);
    Ok(Ledger { told, desired, open, generation })
}

/// Moves on by a whole change, as the agent does when it takes it.
pub(crate) fn advance(desired: &mut DesiredSet, change: &Change) {
    if change.kind == ChangeKind::Resync {
        *desired = DesiredSet::default();
    }
    for task in &change.tasks {
        // What a newer change has taken over is not sent with this one.
        if !is_dropped(task) {
            desired.advance(&task.task);
        }
    }
}

fn is_dropped(task: &hostwright_model::change::ChangeTask) -> bool {
    matches!(task.state, hostwright_model::change::TaskState::Dropped { .. })
}

/// Puts what an agent was told in place of what was stored.
pub(crate) async fn store(
    work: &mut Work,
    host: &Host,
    before: &DesiredSet,
    after: &DesiredSet,
) -> Result<(), OperationError> {
    for (resource, _) in before.iter() {
        if after.get(resource).is_none() {
            work.tx.remove_desired(host.organization, host.id, resource).await?;
        }
    }
    for (resource, desired) in after.iter() {
        if before.get(resource) != Some(desired) {
            work.tx.put_desired(host.organization, host.id, resource, desired).await?;
        }
    }
    Ok(())
}

/// Returns the messages that an agent has not receipted, in order.
pub(crate) async fn waiting(work: &mut Work, agent: AgentId) -> Result<Vec<OutboxEntry>, OperationError> {
    Ok(work.tx.messages_after(agent, HighWater::default(), WHOLE_LANE).await?)
}

/// Returns whether a change was not handed to the bus yet.
pub(crate) fn is_unsent(entries: &[OutboxEntry], change: ChangeId) -> bool {
    let mut own = entries.iter().filter(|entry| entry.message.change == Some(change));
    own.next().is_some_and(|entry| entry.sent_at.is_none())
}

/// Lets the open changes that were not sent follow each other again, after one of them, or one before them, has gone:
/// generations and digests are those of what is left. Returns the generation after all of them.
///
/// Generations that no agent has seen are given anew; an agent refuses what does not follow its own.
pub(crate) async fn rechain(
    work: &mut Work,
    host: &mut Host,
    agent: AgentId,
    reached: u64,
) -> Result<(), OperationError> {
    let entries = waiting(work, agent).await?;
    let Ledger { told, open, .. } = load(work, host).await?;
    let (mut desired, mut generation) = (told, reached);
    for mut change in open {
        advance(&mut desired, &change);
        if !is_unsent(&entries, change.id) {
            generation = change.generation;
            continue;
        }
        let (follows, digest) = (generation, desired.digest());
        generation = generation.saturating_add(1);
        if (change.follows, change.generation, &change.desired_digest) == (follows, generation, &digest) {
            continue;
        }
        (change.follows, change.generation, change.desired_digest) = (follows, generation, digest);
        amend(work, &entries, &change).await?;
    }
    host.generation = generation;
    work.tx.save_host_state(host).await?;
    Ok(())
}

/// Stores a change that was not sent, and what will be sent of it.
pub(crate) async fn amend(
    work: &mut Work,
    entries: &[OutboxEntry],
    change: &Change,
) -> Result<(), OperationError> {
    work.tx.save_change(change).await?;
    let mut message = change.to_message();
    let dropped = change.tasks.iter().filter(|task| is_dropped(task)).map(|task| task.task.number);
    let dropped: Vec<u32> = dropped.collect();
    message.tasks.retain(|task| !dropped.contains(&task.number));
    let entry = entries.iter().find(|entry| entry.message.change == Some(change.id));
    let content = match entry.map(|entry| &entry.message.content) {
        Some(ToAgent::Resync(Resync { remove, .. })) => {
            ToAgent::Resync(Resync { change: message, remove: remove.clone() })
        }
        _ => ToAgent::Change(message),
    };
    work.tx.amend_message(change.organization, change.id, &content).await?;
    Ok(())
}
