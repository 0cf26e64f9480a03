//! Does the tasks of one change, from wherever the ledger says that it is.

use std::collections::BTreeMap;

use hostwright_protocol::messages::{
    ChangeEnded, ChangeOutcome, OnError, Operation, Task, TaskOutcome, ToOrchestrator,
};
use tracing::info;

use super::batches::batch_len;
use super::cycle::Options;
use crate::ledger::{self, BegunChange, TaskRecord, TaskState, Trigger, TriggerState};
use crate::lifecycle::Shutdown;
use crate::provider::ProviderSet;
use crate::status::Activity;

/// Why a change was left before its end; it is taken up again from the ledger.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// The agent is to end.
    #[error("the agent is shutting down")]
    ShuttingDown,
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
}

/// One change being done, with the providers that it began with.
pub(super) struct ChangeRun<'a> {
    pub(super) options: &'a Options,
    pub(super) providers: &'a ProviderSet,
    pub(super) change: &'a BegunChange,
    pub(super) shutdown: &'a Shutdown,
}

impl ChangeRun<'_> {
    /// Does what is left of the change and reports its end.
    pub(super) async fn run(&self) -> Result<ChangeOutcome, Stop> {
        let mut has_failed_besides = false;
        self.look_beforehand().await?;
        if self.change.is_resync {
            has_failed_besides |= self.remove_what_leaves().await?;
        }
        loop {
            let records = self.records().await?;
            let tasks = &self.change.body.change.tasks;
            let rest: Vec<&Task> = tasks.iter().filter(|task| !is_over(&records, task.number)).collect();
            let Some(first) = rest.first() else { break };
            let stopped_by = self.stopped_by(&records);
            if let Some(because) = blocked_by(&records, stopped_by, first) {
                self.skip(&records, first, because).await?;
                continue;
            }
            let open: Vec<&Task> = rest
                .iter()
                .take_while(|task| blocked_by(&records, stopped_by, task).is_none())
                .copied()
                .collect();
            let batch = &open[..batch_len(&open)];
            self.options.board.activity(Activity::Applying {
                change: self.change.body.change.id,
                description: self.change.body.change.description.clone(),
                task: first.description.clone(),
                number: first.number,
                count: tasks.len(),
                since: crate::clock::now(),
            });
            match first.operation {
                Operation::Apply { .. } => self.apply(&records, batch).await?,
                Operation::Remove { .. } => self.remove(&records, batch).await?,
                Operation::Release => self.release(batch).await?,
                Operation::Perform { .. } => self.perform(&records, first).await?,
            }
            if self.shutdown.is_asked() {
                return Err(Stop::ShuttingDown);
            }
        }
        let mut outcome = outcome(&self.records().await?);
        if outcome == ChangeOutcome::Done {
            has_failed_besides |= self.pay_debts().await?;
        }
        if outcome == ChangeOutcome::Done && has_failed_besides {
            outcome = ChangeOutcome::Failed;
        }
        self.end(&outcome).await?;
        Ok(outcome)
    }

    async fn records(&self) -> Result<BTreeMap<u32, TaskRecord>, Stop> {
        Ok(self.options.ledger.begin().await?.tasks(self.change.body.change.id).await?)
    }

    /// Returns the task on whose account nothing more is begun.
    fn stopped_by(&self, records: &BTreeMap<u32, TaskRecord>) -> Option<u32> {
        let change = &self.change.body.change;
        match change.on_error {
            OnError::Continue => None,
            OnError::Stop => {
                change.tasks.iter().map(|task| task.number).find(|number| is_bad(records, *number))
            }
        }
    }

    /// Records that a task is not begun. What a handler owes is not lost by that.
    async fn skip(&self, records: &BTreeMap<u32, TaskRecord>, task: &Task, because: u32) -> Result<(), Stop> {
        let mut tx = self.options.ledger.begin().await?;
        if let Operation::Perform { action, attributes, owed: true } = &task.operation {
            let before_it =
                self.change.body.change.tasks.iter().take_while(|other| other.number != task.number);
            let waits_for = before_it
                .filter(|other| matches!(other.operation, Operation::Apply { .. }))
                .filter(|other| {
                    !matches!(
                        records.get(&other.number).map(|record| &record.state),
                        Some(TaskState::Ended(TaskOutcome::Done { .. }))
                    )
                })
                .map(|other| other.resource.clone())
                .collect();
            tx.put_trigger(&Trigger {
                resource: task.resource.clone(),
                action: action.clone(),
                attributes: attributes.clone(),
                change: self.change.body.change.id,
                task: task.number,
                waits_for,
                state: TriggerState::Due,
            })
            .await?;
        }
        tx.end_task(self.change.body.change.id, task.number, &TaskOutcome::Skipped { because }).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Records and reports how tasks ended.
    pub(super) async fn end_tasks(&self, outcomes: &[(&Task, TaskOutcome)]) -> Result<(), Stop> {
        let mut tx = self.options.ledger.begin().await?;
        for (task, outcome) in outcomes {
            tx.end_task(self.change.body.change.id, task.number, outcome).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn end(&self, outcome: &ChangeOutcome) -> Result<(), Stop> {
        let change = self.change.body.change.id;
        let mut tx = self.options.ledger.begin().await?;
        tx.end_change(change, outcome).await?;
        let generation = tx.generation().await?;
        let desired_digest = tx.desired_digest().await?;
        tx.report(&ToOrchestrator::ChangeEnded(ChangeEnded {
            change,
            outcome: outcome.clone(),
            generation,
            desired_digest,
        }))
        .await?;
        tx.commit().await?;
        info!(change.id = %change, change.outcome = ?outcome, "change `{}` ended", self.change.body.change.description);
        Ok(())
    }
}

/// Returns the task on whose account this one is not begun.
fn blocked_by(records: &BTreeMap<u32, TaskRecord>, stopped_by: Option<u32>, task: &Task) -> Option<u32> {
    let needed = task.requires.iter().copied().find(|number| is_bad(records, *number));
    needed.or(stopped_by)
}

fn is_bad(records: &BTreeMap<u32, TaskRecord>, number: u32) -> bool {
    matches!(
        records.get(&number).map(|record| &record.state),
        Some(TaskState::Ended(
            TaskOutcome::Failed { .. } | TaskOutcome::Interrupted { .. } | TaskOutcome::Skipped { .. }
        ))
    )
}

fn is_over(records: &BTreeMap<u32, TaskRecord>, number: u32) -> bool {
    matches!(records.get(&number).map(|record| &record.state), Some(TaskState::Ended(_)))
}

fn outcome(records: &BTreeMap<u32, TaskRecord>) -> ChangeOutcome {
    let any = |wanted: fn(&TaskOutcome) -> bool| {
        records.values().any(|record| matches!(&record.state, TaskState::Ended(outcome) if wanted(outcome)))
    };
    if any(|outcome| matches!(outcome, TaskOutcome::Interrupted { .. })) {
        ChangeOutcome::Interrupted
    } else if any(|outcome| matches!(outcome, TaskOutcome::Failed { .. })) {
        ChangeOutcome::Failed
    } else {
        ChangeOutcome::Done
    }
}
