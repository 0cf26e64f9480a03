//! What could not be removed before is tried again.

use std::collections::BTreeSet;

use hostwright_model::change::{ChangeTask, TaskState};
use hostwright_model::compile::Compiled;
use hostwright_model::host::Host;
use hostwright_protocol::messages::{Operation, ResourceRef, TaskOutcome};

use super::ledger::Ledger;
use super::{OperationError, Work};

/// Adds resources whose removal has failed and that nobody has wanted since.
pub(crate) async fn add(
    work: &mut Work,
    host: &Host,
    ledger: &Ledger,
    compiled: &mut Compiled,
) -> Result<(), OperationError> {
    let mut number = compiled.tasks.iter().map(|task| task.number + 1).max().unwrap_or(0);
    for mut task in find(work, host, ledger).await? {
        if compiled.tasks.iter().any(|other| other.resource == task.resource) {
            continue;
        }
        task.number = number;
        task.requires = Vec::new();
        compiled.tasks.push(task);
        number += 1;
    }
    Ok(())
}

/// Lists resources whose removal has failed and that nobody has wanted since.
pub(crate) async fn resources(
    work: &mut Work,
    host: &Host,
    ledger: &Ledger,
) -> Result<Vec<ResourceRef>, OperationError> {
    Ok(find(work, host, ledger).await?.into_iter().map(|task| task.resource).collect())
}

async fn find(
    work: &mut Work,
    host: &Host,
    ledger: &Ledger,
) -> Result<Vec<hostwright_protocol::messages::Task>, OperationError> {
    let mut seen: BTreeSet<ResourceRef> = BTreeSet::new();
    let mut found = Vec::new();
    let changes = work.tx.changes(host.organization, host.id, true).await?;
    for task in changes.iter().rev().flat_map(|change| change.tasks.iter().rev()) {
        let is_state = !matches!(task.task.operation, Operation::Perform { .. });
        // Only what was said last of a resource counts.
        if !is_state
            || !seen.insert(task.task.resource.clone())
            || ledger.desired.get(&task.task.resource).is_some()
        {
            continue;
        }
        if matches!(task.task.operation, Operation::Remove { .. }) && has_failed(task) {
            found.push(task.task.clone());
        }
    }
    found.reverse();
    Ok(found)
}

fn has_failed(task: &ChangeTask) -> bool {
    match &task.state {
        TaskState::Reported { outcome, .. } => !matches!(outcome, TaskOutcome::Done { .. }),
        TaskState::Dropped { .. } => true,
        TaskState::Pending | TaskState::Running { .. } => false,
    }
}
