//! Actions: begun at most once. Where a crash leaves it unknown whether one ran, it is interrupted and says so.

use std::collections::BTreeMap;
use std::sync::Arc;

use hostwright_protocol::messages::{Operation, Task, TaskOutcome};
use serde_json::Value as Json;

use super::change_run::{ChangeRun, Stop};
use super::effects;
use crate::ledger::{TaskRecord, TaskState, TriggerState};
use crate::provider::{Observation, Provider};
use crate::runs::Settled;
use crate::survey;

impl ChangeRun<'_> {
    /// Does one action.
    pub(super) async fn perform(&self, records: &BTreeMap<u32, TaskRecord>, task: &Task) -> Result<(), Stop> {
        let Operation::Perform { action, attributes, owed: _ } = &task.operation else { return Ok(()) };
        let change = self.change.body.change.id;
        if let Some(TaskState::Begun { run, .. }) = records.get(&task.number).map(|record| &record.state) {
            let outcome = found_again(action, self.options.runs.settle(run).await);
            return self.end_action(task, action, &outcome).await;
        }
        let provider = match self.providers.get(&task.resource.collection) {
            Ok(provider) => provider,
            Err(error) => return self.fail_all(&[task], &error).await,
        };
        let run = self.change.run_name(&task.number.to_string());
        let mut tx = self.options.ledger.begin().await?;
        tx.begin_task(change, task.number, &run, &[]).await?;
        tx.begin_triggers(&task.resource, action, &run).await?;
        tx.commit().await?;
        let outcome = match provider.perform(&run, &task.resource.id, action, &as_text(attributes)).await {
            Ok(outcome) => TaskOutcome::Done {
                changed: outcome.changed,
                message: outcome.message,
                differences: Vec::new(),
            },
            Err(error) => TaskOutcome::Failed { error: error.told_of(provider.plugin()) },
        };
        self.end_action(task, action, &outcome).await
    }

    async fn end_action(&self, task: &Task, action: &str, outcome: &TaskOutcome) -> Result<(), Stop> {
        let mut tx = self.options.ledger.begin().await?;
        tx.triggers_are_paid(&task.resource, action).await?;
        tx.end_task(self.change.body.change.id, task.number, outcome).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Pays what is owed to a resource that was just applied. Nothing if nothing is owed; else what to say of it, or how
    /// the task ends on its account.
    pub(super) async fn refresh(
        &self,
        provider: &Arc<dyn Provider>,
        task: &Task,
    ) -> Result<Option<Result<String, TaskOutcome>>, Stop> {
        let Operation::Apply { refresh: Some(refresh), .. } = &task.operation else { return Ok(None) };
        let change = self.change.body.change.id;
        let mut tx = self.options.ledger.begin().await?;
        let owed: Vec<_> = tx
            .triggers()
            .await?
            .into_iter()
            .filter(|trigger| trigger.resource == task.resource && trigger.action == refresh.action)
            .filter(|trigger| trigger.state != TriggerState::Possible)
            .collect();
        let was_begun = matches!(
            tx.task(change, task.number).await?.map(|record| record.state),
            Some(TaskState::Begun { .. })
        );
        drop(tx);
        if owed.is_empty() {
            return Ok(None);
        }
        for trigger in owed {
            if let TriggerState::Begun { run } = trigger.state {
                return Ok(Some(match found_again(&refresh.action, self.options.runs.settle(&run).await) {
                    TaskOutcome::Done { message, .. } => {
                        Ok(message.unwrap_or_else(|| in_the_past(&refresh.action)))
                    }
                    bad => Err(bad),
                }));
            }
        }
        let observed = survey::read(provider, std::slice::from_ref(&task.resource.id)).await;
        if !observed.first().is_some_and(effects::was_active) {
            // Nothing runs that could still hold the old state; the next start takes the new one.
            return Ok(observed.into_iter().next().and_then(|observation| match observation {
                Observation::Unreadable(error) => Some(Err(TaskOutcome::Failed { error: error.to_string() })),
                _ => None,
            }));
        }
        let run = self.change.run_name(&format!("{}-refresh", task.number));
        let mut tx = self.options.ledger.begin().await?;
        if !was_begun {
            tx.begin_task(change, task.number, &run, &[]).await?;
        }
        tx.begin_triggers(&task.resource, &refresh.action, &run).await?;
        tx.commit().await?;
        Ok(Some(match provider.perform(&run, &task.resource.id, &refresh.action, "{}").await {
            Ok(outcome) => Ok(outcome.message.unwrap_or_else(|| in_the_past(&refresh.action))),
            Err(error) => Err(TaskOutcome::Failed { error: format!("{} failed: {error}", refresh.action) }),
        }))
    }
}

/// How an action that an earlier life of the agent began ended.
pub(super) fn found_again(action: &str, settled: Settled) -> TaskOutcome {
    match settled {
        Settled::Ended { status: 0, .. } => TaskOutcome::Done {
            changed: true,
            message: Some(format!("{}; the agent ended meanwhile and found it done", in_the_past(action))),
            differences: Vec::new(),
        },
        Settled::Ended { status, output } => TaskOutcome::Failed {
            error: format!(
                "{action} ended with status {status} while the agent was away:\n{}",
                output.trim()
            ),
        },
        Settled::NothingRan => TaskOutcome::Interrupted {
            error: format!(
                "the agent ended after it began to {action}; no program of it is known to have run"
            ),
        },
        Settled::Unknown { reason } => TaskOutcome::Interrupted {
            error: format!(
                "the agent ended after it began to {action}, and nobody knows whether it ran: {reason}"
            ),
        },
    }
}

pub(super) fn as_text(attributes: &Json) -> String {
    if attributes.is_null() { "{}".to_owned() } else { attributes.to_string() }
}

pub(super) fn in_the_past(action: &str) -> String {
    match action {
        "restart" => "restarted".to_owned(),
        "reload" => "reloaded".to_owned(),
        "execute" => "executed".to_owned(),
        other => format!("{other} done"),
    }
}
