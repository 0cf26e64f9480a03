//! Apply tasks: look, drop what is so already, record, apply, look again, report.

use std::collections::BTreeMap;
use std::sync::Arc;

use hostwright_protocol::messages::{Operation, ResourceRef, Task, TaskOutcome};
use serde_json::Value as Json;

use super::change_run::{ChangeRun, Stop};
use super::effects;
use crate::blobs;
use crate::ledger::{Before, Standing, TaskRecord, TaskState, Trigger, TriggerState};
use crate::provider::{Desired, Error, Observation, Provider, State};
use crate::showing;
use crate::survey::{self, Surveyed};

/// How a task came out before it was recorded.
enum Verdict {
    /// As desired; whether an effect was needed, and what there is to say.
    Converged {
        has_changed: bool,
        message: Option<String>,
    },
    Failed(Error),
}

impl ChangeRun<'_> {
    /// Applies a batch of one collection.
    pub(super) async fn apply(
        &self,
        records: &BTreeMap<u32, TaskRecord>,
        tasks: &[&Task],
    ) -> Result<(), Stop> {
        let Some(first) = tasks.first() else { return Ok(()) };
        let provider = match self.providers.get(&first.resource.collection) {
            Ok(provider) => provider,
            Err(error) => return self.fail_all(tasks, &error).await,
        };
        for task in tasks {
            // An earlier attempt may have left a package manager running; it is not disturbed.
            if let Some(TaskState::Begun { run, .. }) = records.get(&task.number).map(|record| &record.state)
            {
                self.options.runs.settle(run).await;
            }
        }
        let mut waiting = tasks.to_vec();
        for round in 0.. {
            let busy = self.apply_once(records, &provider, &waiting, round).await?;
            let Some(pause) = self.options.pace.busy.get(round).filter(|_| !busy.is_empty()) else {
                for (task, error) in busy {
                    self.conclude(&provider, task, Verdict::Failed(error)).await?;
                }
                break;
            };
            waiting = busy.into_iter().map(|(task, _)| task).collect();
            tokio::select! {
                () = tokio::time::sleep(*pause) => {}
                () = self.shutdown.asked() => return Err(Stop::ShuttingDown),
            }
        }
        Ok(())
    }

    /// Returns the tasks for which somebody else holds a lock.
    async fn apply_once<'t>(
        &self,
        records: &BTreeMap<u32, TaskRecord>,
        provider: &Arc<dyn Provider>,
        tasks: &[&'t Task],
        round: usize,
    ) -> Result<Vec<(&'t Task, Error)>, Stop> {
        let was_begun = |task: &Task| {
            matches!(records.get(&task.number).map(|record| &record.state), Some(TaskState::Begun { .. }))
        };
        let mut verdicts: Vec<(&Task, Verdict)> = Vec::new();
        let mut busy = Vec::new();
        let mut to_do: Vec<(&Task, Surveyed)> = Vec::new();
        let mut seen: Vec<(&Task, Before)> = Vec::new();
        for (task, surveyed) in self.survey(provider, tasks).await {
            match surveyed {
                Err(error @ Error::Busy(_)) => busy.push((task, error)),
                Err(error) => verdicts.push((task, Verdict::Failed(error))),
                Ok(surveyed) => {
                    seen.push((task, as_before(&surveyed.before)));
                    if surveyed.is_nothing_to_do() && !was_begun(task) {
                        verdicts.push((task, Verdict::Converged { has_changed: false, message: None }));
                    } else {
                        // What was begun before a crash may be done, and its provider not: it gets to clear up behind it.
                        to_do.push((task, surveyed));
                    }
                }
            }
        }
        let run = self.change.run_name(&match (to_do.first(), round) {
            (Some((task, _)), 0) => task.number.to_string(),
            (Some((task, _)), round) => format!("{}-again{round}", task.number),
            (None, _) => String::new(),
        });
        self.record_begin(records, &seen, &to_do, &run).await?;
        let is_sensitive: Vec<bool> = to_do.iter().map(|(task, _)| is_sensitive(task)).collect();
        let (effective, surveyed): (Vec<&Task>, Vec<Surveyed>) = to_do.into_iter().unzip();
        if !surveyed.is_empty() {
            let outcomes = effects::carry_out(provider, &run, &surveyed, &is_sensitive).await;
            for (task, outcome) in effective.into_iter().zip(outcomes) {
                match outcome {
                    Err(error @ Error::Busy(_)) => busy.push((task, error)),
                    Err(error) => verdicts.push((task, Verdict::Failed(error))),
                    Ok(outcome) => {
                        verdicts
                            .push((task, Verdict::Converged { has_changed: true, message: outcome.message }));
                    }
                }
            }
        }
        verdicts.sort_by_key(|(task, _)| task.number);
        for (task, verdict) in verdicts {
            self.conclude(provider, task, verdict).await?;
        }
        Ok(busy)
    }

    async fn survey<'t>(
        &self,
        provider: &Arc<dyn Provider>,
        tasks: &[&'t Task],
    ) -> Vec<(&'t Task, Result<Surveyed, Error>)> {
        let mut surveyed: Vec<(&Task, Result<Surveyed, Error>)> = Vec::with_capacity(tasks.len());
        let mut complete = Vec::new();
        for task in tasks {
            match attributes(task).and_then(|attributes| self.options.blobs.first_missing(attributes)) {
                Some(digest) => {
                    let error =
                        Error::Failed(format!("its content {digest} is not to be had from the orchestrator"));
                    surveyed.push((task, Err(error)));
                }
                None => complete.push(*task),
            }
        }
        let desired: Vec<Desired> = complete.iter().copied().map(desired).collect();
        let ids: Vec<String> = desired.iter().map(|desired| desired.id.clone()).collect();
        let observed = survey::read(provider, &ids).await;
        surveyed.extend(complete.into_iter().zip(survey::compare(provider, desired, observed).await));
        surveyed
    }

    /// Records, before anything is done, what was found, what is begun, and what will be owed to it.
    async fn record_begin(
        &self,
        records: &BTreeMap<u32, TaskRecord>,
        seen: &[(&Task, Before)],
        to_do: &[(&Task, Surveyed)],
        run: &str,
    ) -> Result<(), Stop> {
        let change = &self.change.body.change;
        let mut tx = self.options.ledger.begin().await?;
        for (task, before) in seen {
            tx.saw_before(&task.resource, before).await?;
        }
        for (task, surveyed) in to_do {
            if let Some(TaskState::Begun { differences, .. }) =
                records.get(&task.number).map(|record| &record.state)
                && surveyed.is_nothing_to_do()
            {
                // What it may have changed, and what is owed to that, was recorded when it was begun first.
                tx.begin_task(change.id, task.number, run, differences).await?;
                continue;
            }
            let shown = showing::differences(&surveyed.differences, is_sensitive(task));
            tx.begin_task(change.id, task.number, run, &shown).await?;
            for (other, action) in self.refreshes_owed_to(task.number) {
                tx.put_trigger(&Trigger {
                    resource: other.clone(),
                    action: action.to_owned(),
                    attributes: Json::Null,
                    change: change.id,
                    task: task.number,
                    waits_for: vec![other.clone()],
                    state: TriggerState::Possible,
                })
                .await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    fn refreshes_owed_to(&self, number: u32) -> impl Iterator<Item = (&ResourceRef, &str)> {
        self.change.body.change.tasks.iter().filter_map(move |task| match &task.operation {
            Operation::Apply { refresh: Some(refresh), .. }
                if refresh.when_changed.contains(&number) && self.change.active.contains(&task.number) =>
            {
                Some((&task.resource, refresh.action.as_str()))
            }
            _ => None,
        })
    }

    /// Pays the refresh that is owed to a converged task, if one is, and records how it ended.
    async fn conclude(
        &self,
        provider: &Arc<dyn Provider>,
        task: &Task,
        verdict: Verdict,
    ) -> Result<(), Stop> {
        let change = self.change.body.change.id;
        let (has_changed, message) = match verdict {
            Verdict::Converged { has_changed, message } => (has_changed, message),
            Verdict::Failed(error) => {
                let mut tx = self.options.ledger.begin().await?;
                let told = error.told_of(provider.plugin());
                match error {
                    Error::Refused(_) => tx.triggers_fall_away(change, task.number).await?,
                    // It may have come half-way; what is owed to it stays owed.
                    _ => tx.triggers_fall_due(change, task.number).await?,
                }
                tx.end_task(change, task.number, &TaskOutcome::Failed { error: told }).await?;
                tx.commit().await?;
                return Ok(());
            }
        };
        let mut tx = self.options.ledger.begin().await?;
        if has_changed {
            tx.triggers_fall_due(change, task.number).await?;
        } else {
            tx.triggers_fall_away(change, task.number).await?;
        }
        tx.set_standing(&task.resource, Standing::Applied).await?;
        self.remember_delivery(&mut tx, task).await?;
        tx.commit().await?;

        let refreshed = self.refresh(provider, task).await?;
        let mut tx = self.options.ledger.begin().await?;
        let differences = match tx.task(change, task.number).await?.map(|record| record.state) {
            Some(TaskState::Begun { differences, .. }) => differences,
            _ => Vec::new(),
        };
        let outcome = match refreshed {
            None => TaskOutcome::Done { changed: has_changed, message, differences },
            Some(Ok(refreshed)) => TaskOutcome::Done {
                changed: true,
                message: Some(message.map_or(refreshed.clone(), |message| format!("{message}; {refreshed}"))),
                differences,
            },
            Some(Err(bad)) => bad,
        };
        if let Operation::Apply { refresh: Some(refresh), .. } = &task.operation {
            tx.triggers_are_paid(&task.resource, &refresh.action).await?;
        }
        tx.end_task(change, task.number, &outcome).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What a signed change put into a file may be run as a script; anything else may not.
    async fn remember_delivery(&self, tx: &mut crate::ledger::Transaction, task: &Task) -> Result<(), Stop> {
        if task.resource.collection != "files" {
            return Ok(());
        }
        if let Some(digest) =
            attributes(task).and_then(|attributes| blobs::content_digest(attributes.get("content")?))
        {
            tx.delivered(&task.resource.id, digest).await?;
            self.options.delivered.insert(&task.resource.id, digest);
        }
        Ok(())
    }

    pub(super) async fn fail_all(&self, tasks: &[&Task], error: &Error) -> Result<(), Stop> {
        let failed: Vec<_> =
            tasks.iter().map(|task| (*task, TaskOutcome::Failed { error: error.to_string() })).collect();
        self.end_tasks(&failed).await
    }
}

fn attributes(task: &Task) -> Option<&Json> {
    match &task.operation {
        Operation::Apply { attributes, .. } => Some(attributes),
        _ => None,
    }
}

fn is_sensitive(task: &Task) -> bool {
    matches!(task.operation, Operation::Apply { sensitive: true, .. })
}

/// Returns what an apply task wants, as a provider understands it.
pub(crate) fn desired(task: &Task) -> Desired {
    let state = match attributes(task) {
        Some(attributes) => State::Present(attributes.to_string()),
        None => State::Absent,
    };
    Desired { id: task.resource.id.clone(), state }
}

pub(super) fn as_before(observation: &Observation) -> Before {
    match observation {
        Observation::Present(attributes) => {
            serde_json::from_str(attributes).map_or(Before::Absent, Before::Present)
        }
        Observation::Absent => Before::Absent,
        Observation::Unreadable(_) => Before::Unseen,
    }
}
