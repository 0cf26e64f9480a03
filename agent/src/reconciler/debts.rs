//! Actions that earlier changes owe: paid at the end of a change that went well, once what they wait for is applied.

use hostwright_protocol::messages::TaskOutcome;
use tracing::{info, warn};

use super::change_run::{ChangeRun, Stop};
use super::perform::{as_text, found_again};
use crate::ledger::{Standing, Trigger, TriggerState};

impl ChangeRun<'_> {
    /// Pays what can be paid. Returns whether an action failed.
    pub(super) async fn pay_debts(&self) -> Result<bool, Stop> {
        let mut has_failed = false;
        let mut number = 0;
        while let Some(trigger) = self.next_payable().await? {
            number += 1;
            let Trigger { resource, action, attributes, .. } = &trigger;
            let outcome = if let TriggerState::Begun { run } = &trigger.state {
                found_again(action, self.options.runs.settle(run).await)
            } else {
                let run = self.change.run_name(&format!("owed-{number}"));
                let mut tx = self.options.ledger.begin().await?;
                tx.begin_triggers(resource, action, &run).await?;
                tx.commit().await?;
                let performed = match self.providers.get(&resource.collection) {
                    Ok(provider) => provider.perform(&run, &resource.id, action, &as_text(attributes)).await,
                    Err(error) => Err(error),
                };
                match performed {
                    Ok(outcome) => TaskOutcome::Done {
                        changed: outcome.changed,
                        message: outcome.message,
                        differences: Vec::new(),
                    },
                    Err(error) => TaskOutcome::Failed { error: error.to_string() },
                }
            };
            let mut tx = self.options.ledger.begin().await?;
            tx.triggers_are_paid(resource, action).await?;
            tx.commit().await?;
            let id = &resource.id;
            match outcome {
                TaskOutcome::Failed { error } | TaskOutcome::Interrupted { error } => {
                    has_failed = true;
                    warn!(change.id = %trigger.change, "`{action}` of `{id}`, owed since an earlier change, failed: {error}");
                }
                _ => {
                    info!(change.id = %trigger.change, "`{action}` of `{id}`, owed since an earlier change, is done");
                }
            }
        }
        Ok(has_failed)
    }

    async fn next_payable(&self) -> Result<Option<Trigger>, Stop> {
        let mut tx = self.options.ledger.begin().await?;
        for trigger in tx.triggers().await? {
            if trigger.state == TriggerState::Possible {
                continue;
            }
            let mut waits = false;
            for reference in &trigger.waits_for {
                let resource = tx.resource(reference).await?;
                waits |= resource.is_some_and(|resource| resource.standing == Standing::Accepted);
            }
            if !waits {
                return Ok(Some(trigger));
            }
        }
        Ok(None)
    }
}
