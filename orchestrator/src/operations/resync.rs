//! Saying everything again.

use hostwright_model::change::{Change, ChangeEnding, ChangeKind, TaskState};
use hostwright_model::compile;
use hostwright_model::host::Host;
use hostwright_model::ids::AgentId;
use hostwright_protocol::messages::{HighWater, OnError, ResourceRef, Resync, Task, ToAgent};

use super::ledger::{self, Ledger};
use super::sending::{self, New};
use super::{OperationError, Work};

/// Tells an agent that lost count everything that it was told, then again what waits, and first of all what it could not
/// take: `lost` is the change that did not follow. No action of it was begun, so all of it is sent once more.
pub(crate) async fn say_again(
    work: &mut Work,
    host: &mut Host,
    agent: AgentId,
    reached: u64,
    lost: Option<Change>,
) -> Result<(), OperationError> {
    let waiting = take_back(work, host, agent).await?;
    let told = work.tx.desired_set(host.organization, host.id).await?;
    let generation = reached.max(host.generation);
    let mut ledger = Ledger { told: told.clone(), desired: told.clone(), open: Vec::new(), generation };
    let resync = New {
        description: format!("Synchronize {}", host.name),
        tasks: compile::resync(&told),
        remove: Vec::new(),
        on_error: OnError::Continue,
        kind: ChangeKind::Resync,
    };
    sending::enqueue(work, host, agent, &mut ledger, resync).await?;
    for change in lost.into_iter().filter(|lost| lost.kind == ChangeKind::Change) {
        let tasks = change.tasks.iter().map(|task| task.task.clone()).collect();
        let new = New {
            description: change.description,
            tasks,
            remove: Vec::new(),
            on_error: change.on_error,
            kind: ChangeKind::Change,
        };
        sending::enqueue(work, host, agent, &mut ledger, new).await?;
    }
    for taken in waiting {
        put_back(work, host, agent, &mut ledger, taken).await?;
    }
    Ok(())
}

/// Takes changes out of the lane that were not handed to the bus.
async fn take_back(work: &mut Work, host: &Host, agent: AgentId) -> Result<Vec<TakenBack>, OperationError> {
    let entries = ledger::waiting(work, agent).await?;
    let mut taken = Vec::new();
    for change in work.tx.open_changes(host.organization, host.id).await? {
        if work.tx.withdraw_message(host.organization, change.id).await? {
            let entry = entries.iter().find(|entry| entry.message.change == Some(change.id));
            let remove = match entry.map(|entry| &entry.message.content) {
                Some(ToAgent::Resync(resync)) => resync.remove.clone(),
                _ => Vec::new(),
            };
            taken.push(TakenBack { change, remove });
        }
    }
    Ok(taken)
}

/// A change that was taken out of the lane.
struct TakenBack {
    change: Change,
    remove: Vec<ResourceRef>,
}

/// Puts a change at the end of the lane that was there before.
async fn put_back(
    work: &mut Work,
    host: &mut Host,
    agent: AgentId,
    ledger: &mut Ledger,
    taken: TakenBack,
) -> Result<(), OperationError> {
    let TakenBack { mut change, remove } = taken;
    change.follows = ledger.generation;
    change.generation = ledger.generation.saturating_add(1);
    ledger::advance(&mut ledger.desired, &change);
    change.desired_digest = ledger.desired.digest();
    ledger.generation = change.generation;
    let mut message = change.to_message();
    let is_left = |task: &Task| {
        let state =
            change.tasks.iter().find(|other| other.task.number == task.number).map(|task| &task.state);
        !matches!(state, Some(TaskState::Dropped { .. }))
    };
    message.tasks.retain(is_left);
    let content = match change.kind {
        ChangeKind::Change => ToAgent::Change(message),
        ChangeKind::Resync => ToAgent::Resync(Resync { change: message, remove }),
    };
    work.tx.save_change(&change).await?;
    sending::append(work, host, agent, content, Some(&change)).await?;
    ledger.open.push(change);
    host.generation = ledger.generation;
    work.tx.save_host_state(host).await?;
    Ok(())
}

/// Begins anew with an agent of which one end was set back: what it lost cannot be told, so no action of what was under
/// way is run again, and everything is said again in a new epoch.
pub(crate) async fn begin_anew(
    work: &mut Work,
    host: &mut Host,
    agent: AgentId,
    seen: HighWater,
) -> Result<(), OperationError> {
    let entries = ledger::waiting(work, agent).await?;
    for mut change in work.tx.open_changes(host.organization, host.id).await? {
        if entries.iter().any(|entry| entry.message.change == Some(change.id)) {
            continue;
        }
        let message = "one end was set back, so nobody knows how far this came".to_owned();
        change.end(ChangeEnding::Interrupted, work.now(), Some(message)).map_err(OperationError::internal)?;
        work.tx.save_change(&change).await?;
        sending::record_states(work, host, &change).await?;
    }
    work.tx.begin_epoch(agent, seen.epoch).await?;
    say_again(work, host, agent, host.generation, None).await
}
