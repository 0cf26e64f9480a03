//! Removals: what is ours goes, what was adopted is given back.

use std::collections::BTreeMap;
use std::sync::Arc;

use hostwright_protocol::messages::{Operation, ResourceRef, Task, TaskOutcome};
use tracing::warn;

use super::change_run::{ChangeRun, Stop};
use super::effects;
use super::restoration::{Restoration, restoration};
use crate::ledger::{Standing, TaskRecord, TaskState, Transaction};
use crate::provider::{Desired, Error, Provider, State};
use crate::showing;
use crate::survey::{self, Surveyed};

/// One resource that leaves, for a task or for a resync.
struct Leaving<'t> {
    reference: ResourceRef,
    even_if_adopted: bool,
    task: Option<&'t Task>,
    is_sensitive: bool,
}

/// What is left to do for one that leaves, and what to say of it when that is done.
struct ToDo<'t> {
    leaving: Leaving<'t>,
    surveyed: Surveyed,
    message: Option<String>,
}

impl ChangeRun<'_> {
    /// Removes a batch of one collection.
    pub(super) async fn remove(
        &self,
        records: &BTreeMap<u32, TaskRecord>,
        tasks: &[&Task],
    ) -> Result<(), Stop> {
        let Some(first) = tasks.first() else { return Ok(()) };
        let provider = match self.providers.get(&first.resource.collection) {
            Ok(provider) => provider,
            Err(error) => return self.fail_all(tasks, &error).await,
        };
        let mut leaving = Vec::with_capacity(tasks.len());
        for task in tasks {
            if let Some(TaskState::Begun { run, .. }) = records.get(&task.number).map(|record| &record.state)
            {
                self.options.runs.settle(run).await;
            }
            leaving.push(Leaving {
                reference: task.resource.clone(),
                even_if_adopted: matches!(task.operation, Operation::Remove { even_if_adopted: true }),
                task: Some(task),
                is_sensitive: false,
            });
        }
        self.let_go(&provider, leaving, &first.number.to_string()).await?;
        Ok(())
    }

    /// Removes what a resync no longer lists, the last collections of a change first. Returns whether one failed.
    pub(super) async fn remove_what_leaves(&self) -> Result<bool, Stop> {
        let resources = self.options.ledger.begin().await?.resources().await?;
        let mut by_collection: BTreeMap<String, Vec<Leaving<'_>>> = BTreeMap::new();
        for resource in resources.into_iter().filter(|resource| resource.standing == Standing::Leaving) {
            by_collection.entry(resource.reference.collection.clone()).or_default().push(Leaving {
                reference: resource.reference,
                even_if_adopted: false,
                task: None,
                is_sensitive: resource.is_sensitive,
            });
        }
        let mut has_failed = false;
        let mut served = Vec::new();
        for (collection, leaving) in by_collection {
            match self.providers.get(&collection) {
                Ok(provider) => served.push((provider, leaving)),
                Err(error) => {
                    has_failed = true;
                    warn!("resources of `{collection}` cannot be removed: {error}");
                }
            }
        }
        served.sort_by_key(|(provider, _)| std::cmp::Reverse(provider.rank()));
        for (position, (provider, leaving)) in served.into_iter().enumerate() {
            has_failed |= self.let_go(&provider, leaving, &format!("leaving{position}")).await?;
        }
        Ok(has_failed)
    }

    /// Forgets a batch of resources and leaves them as they are.
    pub(super) async fn release(&self, tasks: &[&Task]) -> Result<(), Stop> {
        let mut tx = self.options.ledger.begin().await?;
        for task in tasks {
            forget(&mut tx, &task.resource).await?;
            let message = Some("left as it is".to_owned());
            let outcome = TaskOutcome::Done { changed: false, message, differences: Vec::new() };
            tx.end_task(self.change.body.change.id, task.number, &outcome).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn let_go(
        &self,
        provider: &Arc<dyn Provider>,
        leaving: Vec<Leaving<'_>>,
        step: &str,
    ) -> Result<bool, Stop> {
        let mut has_failed = false;
        let mut wanted = Vec::new();
        for mut leaving in leaving {
            let resource = self.options.ledger.begin().await?.resource(&leaving.reference).await?;
            leaving.is_sensitive |= resource.as_ref().is_some_and(|resource| resource.is_sensitive);
            let (state, message) = match restoration(resource.as_ref(), leaving.even_if_adopted) {
                Restoration::Remove => (State::Absent, None),
                Restoration::GiveBack { attributes, message } => (State::Present(attributes), Some(message)),
                Restoration::Keep { message } => {
                    self.conclude_removal(&leaving, Ok((false, message))).await?;
                    continue;
                }
            };
            wanted.push((Desired { id: leaving.reference.id.clone(), state }, leaving, message));
        }
        let ids: Vec<String> = wanted.iter().map(|(desired, ..)| desired.id.clone()).collect();
        let observed = survey::read(provider, &ids).await;
        let desired = wanted.iter().map(|(desired, ..)| desired.clone()).collect();
        let surveyed = survey::compare(provider, desired, observed).await;
        let mut to_do: Vec<ToDo<'_>> = Vec::new();
        for ((_, leaving, message), surveyed) in wanted.into_iter().zip(surveyed) {
            match surveyed {
                Err(error) => {
                    has_failed = true;
                    self.conclude_removal(&leaving, Err(error)).await?;
                }
                Ok(surveyed) if surveyed.is_nothing_to_do() => {
                    self.conclude_removal(&leaving, Ok((false, message))).await?;
                }
                Ok(surveyed) => to_do.push(ToDo { leaving, surveyed, message }),
            }
        }
        // Giving back is an application, so both kinds of effects are carried out one after the other.
        let (removals, given_back): (Vec<_>, Vec<_>) =
            to_do.into_iter().partition(|one| one.surveyed.desired.state == State::Absent);
        for (to_do, step) in [(given_back, format!("{step}-back")), (removals, step.to_owned())] {
            has_failed |= self.carry_out(provider, to_do, &step).await?;
        }
        Ok(has_failed)
    }

    async fn carry_out(
        &self,
        provider: &Arc<dyn Provider>,
        to_do: Vec<ToDo<'_>>,
        step: &str,
    ) -> Result<bool, Stop> {
        if to_do.is_empty() {
            return Ok(false);
        }
        let run = self.change.run_name(step);
        let mut tx = self.options.ledger.begin().await?;
        for ToDo { leaving, surveyed, .. } in &to_do {
            if let Some(task) = leaving.task {
                let shown = showing::differences(&surveyed.differences, leaving.is_sensitive);
                tx.begin_task(self.change.body.change.id, task.number, &run, &shown).await?;
            }
        }
        tx.commit().await?;
        let surveyed: Vec<Surveyed> = to_do.iter().map(|one| one.surveyed.clone()).collect();
        let is_sensitive: Vec<bool> = to_do.iter().map(|one| one.leaving.is_sensitive).collect();
        let outcomes = effects::carry_out(provider, &run, &surveyed, &is_sensitive).await;
        let mut has_failed = false;
        for (ToDo { leaving, message, .. }, outcome) in to_do.into_iter().zip(outcomes) {
            has_failed |= outcome.is_err();
            let outcome = outcome.map(|outcome| (true, message.or(outcome.message)));
            self.conclude_removal(&leaving, outcome).await?;
        }
        Ok(has_failed)
    }

    async fn conclude_removal(
        &self,
        leaving: &Leaving<'_>,
        outcome: Result<(bool, Option<String>), Error>,
    ) -> Result<(), Stop> {
        let change = self.change.body.change.id;
        let mut tx = self.options.ledger.begin().await?;
        let outcome = match outcome {
            Ok((changed, message)) => {
                forget(&mut tx, &leaving.reference).await?;
                self.options.delivered.remove(&leaving.reference);
                let differences = match leaving.task {
                    Some(task) => {
                        match tx.tasks(change).await?.remove(&task.number).map(|record| record.state) {
                            Some(TaskState::Begun { differences, .. }) => differences,
                            _ => Vec::new(),
                        }
                    }
                    None => Vec::new(),
                };
                TaskOutcome::Done { changed, message, differences }
            }
            Err(error) => TaskOutcome::Failed { error: error.to_string() },
        };
        match leaving.task {
            Some(task) => tx.end_task(change, task.number, &outcome).await?,
            None => {
                if let TaskOutcome::Failed { error } = &outcome {
                    warn!(
                        "`{}` of `{}` cannot be removed: {error}",
                        leaving.reference.id, leaving.reference.collection
                    );
                }
            }
        }
        tx.commit().await?;
        Ok(())
    }
}

pub(super) async fn forget(tx: &mut Transaction, reference: &ResourceRef) -> Result<(), Stop> {
    tx.forget_resource(reference).await?;
    tx.forget_triggers(reference).await?;
    tx.close_alert_and_report(reference).await?;
    if reference.collection == "files" {
        tx.forget_delivered(&reference.id).await?;
    }
    Ok(())
}
