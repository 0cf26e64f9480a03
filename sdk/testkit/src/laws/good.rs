//! The laws of resources that can be realised.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use hostwright_runtime::provider::{Desired, Difference, Observation, State};
use hostwright_runtime::{Call, CallError};
use serde_json::Value as Json;

use super::report::{Law, Report};
use super::values::{attributes, broken_promises, known, unannounced};
use crate::Bench;
use crate::watched::changes;

/// Names of changing runs are used once on a machine.
static RUNS: AtomicU64 = AtomicU64::new(1);

/// Returns a call that may change something, under a name of its own.
pub(super) fn applying() -> Call {
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    Call::apply(format!("law-{}-{run}", std::process::id()))
}

/// Checks one batch.
pub(super) async fn check(
    bench: &Bench,
    case: &str,
    resources: &[(String, Json)],
    is_removed: bool,
    snapshot: &dyn Fn() -> String,
    report: &mut Report,
) {
    let trial = Trial::new(bench, case, resources, snapshot);
    if let Err(broken) = trial.run(is_removed, report).await {
        report.add(broken.law, case, broken.detail);
    }
}

/// One batch on its way through the laws.
struct Trial<'a> {
    bench: &'a Bench,
    case: &'a str,
    ids: Vec<String>,
    declared: Vec<Json>,
    desired: Vec<Desired>,
    snapshot: &'a dyn Fn() -> String,
}

/// After this the rest of the laws cannot be checked.
struct Broken {
    law: Law,
    detail: String,
}

/// What a plan says.
struct Plan {
    observed: Vec<Observation>,
    differences: Vec<Difference>,
    planned: Vec<Observation>,
}

impl<'a> Trial<'a> {
    fn new(
        bench: &'a Bench,
        case: &'a str,
        resources: &[(String, Json)],
        snapshot: &'a dyn Fn() -> String,
    ) -> Self {
        let desired = |(id, attributes): &(String, Json)| Desired {
            id: id.clone(),
            state: State::Present(attributes.to_string()),
        };
        Self {
            bench,
            case,
            ids: resources.iter().map(|(id, _)| id.clone()).collect(),
            declared: resources.iter().map(|(_, attributes)| attributes.clone()).collect(),
            desired: resources.iter().map(desired).collect(),
            snapshot,
        }
    }

    async fn run(&self, is_removed: bool, report: &mut Report) -> Result<(), Broken> {
        let plan = self.plan(report).await?;
        let after = self.apply(&plan, report).await?;
        self.hold_against_plan(&plan, &after, report);
        self.apply_again(&after, report).await?;
        if is_removed { self.remove(report).await } else { Ok(()) }
    }

    async fn plan(&self, report: &mut Report) -> Result<Plan, Broken> {
        let before = (self.snapshot)();
        self.bench.machine.take_requests();
        let (provider, call) = (&self.bench.provider, Call::plan());
        let observed = provider.read(&call, &self.ids).await.map_err(broken(Law::Plan, "read"))?;
        let differences =
            provider.diff(&call, &self.desired, &observed).await.map_err(broken(Law::Plan, "diff"))?;
        let planned =
            provider.planned(&call, &self.desired, &observed).await.map_err(broken(Law::Plan, "planned"))?;
        let checked = provider.check(&call, &self.desired).await.map_err(broken(Law::Plan, "check"))?;
        if let Some(request) = self.bench.machine.take_requests().iter().find(|request| changes(request)) {
            report.add(Law::PlanChangesNothing, self.case, format!("it asked the machine for {request:?}"));
        }
        if (self.snapshot)() != before {
            report.add(Law::PlanChangesNothing, self.case, "the machine is not as it was before planning");
        }
        let (told, found) = (indices(&differences), indices(&checked));
        if told != found {
            let detail = format!("`diff` tells of the resources {told:?}, `check` of {found:?}");
            report.add(Law::Plan, self.case, detail);
        }
        let again = provider.diff(&call, &self.desired, &planned).await.map_err(broken(Law::Plan, "diff"))?;
        let again = Self::unexpected(&again);
        if !again.is_empty() {
            report.add(Law::Plan, self.case, format!("what is planned is not what is desired: {again:?}"));
        }
        Ok(Plan { observed, differences, planned })
    }

    /// What is unknown until applied may differ; what is known may not.
    fn unexpected(differences: &[Difference]) -> Vec<&Difference> {
        differences.iter().filter(|difference| difference.after.as_ref().and_then(known).is_some()).collect()
    }

    async fn apply(&self, plan: &Plan, report: &mut Report) -> Result<Vec<Observation>, Broken> {
        let provider = &self.bench.provider;
        let outcomes = provider.apply(&applying(), &self.desired, &plan.observed).await;
        let outcomes = outcomes.map_err(broken(Law::ReadAfterApply, "apply"))?;
        let differing = indices(&plan.differences);
        for (index, outcome) in outcomes.into_iter().enumerate() {
            let id = &self.ids[index];
            match outcome {
                Err(error) => {
                    return Err(Broken {
                        law: Law::ReadAfterApply,
                        detail: format!("`{id}` was not applied: {error} {error:?}"),
                    });
                }
                Ok(outcome) if outcome.changed != differing.contains(&index) => {
                    let detail =
                        format!("`{id}`: changed is {}, the plan differed in {differing:?}", outcome.changed);
                    report.add(Law::Plan, self.case, detail);
                }
                Ok(_) => {}
            }
        }
        let after = provider.read(&Call::plan(), &self.ids).await;
        let after = after.map_err(broken(Law::ReadAfterApply, "read"))?;
        let left = provider.diff(&Call::plan(), &self.desired, &after).await;
        let left = left.map_err(broken(Law::ReadAfterApply, "diff"))?;
        if !left.is_empty() {
            report.add(Law::ReadAfterApply, self.case, format!("differences are left: {left:?}"));
        }
        let checked = provider.check(&Call::plan(), &self.desired).await;
        let checked = checked.map_err(broken(Law::ReadAfterApply, "check"))?;
        if !checked.is_empty() {
            report.add(Law::ReadAfterApply, self.case, format!("`check` finds differences: {checked:?}"));
        }
        Ok(after)
    }

    fn hold_against_plan(&self, plan: &Plan, after: &[Observation], report: &mut Report) {
        let mut promises = Vec::new();
        for (planned, after) in plan.planned.iter().zip(after) {
            match (attributes(planned), attributes(after)) {
                (Some(planned), Some(after)) => broken_promises(&planned, &after, "", &mut promises),
                (None, None) => {}
                (planned, after) => promises.push(format!("planned was {planned:?} and it is {after:?}")),
            }
        }
        for difference in &plan.differences {
            let after = after.get(difference.index as usize).and_then(attributes).unwrap_or(Json::Null);
            let (Some(said), Some(is)) =
                (difference.after.as_ref().and_then(known), after.pointer(&difference.pointer))
            else {
                continue;
            };
            broken_promises(&said, is, &difference.pointer, &mut promises);
        }
        for (index, declared) in self.declared.iter().enumerate() {
            let (before, after) = (&plan.observed[index], &after[index]);
            if let (Some(before), Some(after)) = (attributes(before), attributes(after)) {
                promises.extend(
                    unannounced(declared, &before, &after, index, &plan.differences)
                        .into_iter()
                        .map(|pointer| format!("`{pointer}` changed and the plan did not say so")),
                );
            }
        }
        for promise in promises {
            report.add(Law::Plan, self.case, promise);
        }
    }

    async fn apply_again(&self, after: &[Observation], report: &mut Report) -> Result<(), Broken> {
        let before = (self.snapshot)();
        self.bench.machine.take_requests();
        let outcomes = self.bench.provider.apply(&applying(), &self.desired, after).await;
        for (id, outcome) in self.ids.iter().zip(outcomes.map_err(broken(Law::ApplyTwice, "apply"))?) {
            match outcome {
                Ok(outcome) if !outcome.changed => {}
                Ok(outcome) => {
                    report.add(Law::ApplyTwice, self.case, format!("`{id}` changed again: {outcome:?}"));
                }
                Err(error) => report.add(Law::ApplyTwice, self.case, format!("`{id}`: {error}")),
            }
        }
        if let Some(request) = self.bench.machine.take_requests().iter().find(|request| changes(request)) {
            report.add(Law::ApplyTwice, self.case, format!("it asked the machine for {request:?}"));
        }
        if (self.snapshot)() != before {
            report.add(Law::ApplyTwice, self.case, "the machine is not as it was after applying once");
        }
        Ok(())
    }

    async fn remove(&self, report: &mut Report) -> Result<(), Broken> {
        let provider = &self.bench.provider;
        for is_again in [false, true] {
            let outcomes =
                provider.remove(&applying(), &self.ids).await.map_err(broken(Law::Remove, "remove"))?;
            for (id, outcome) in self.ids.iter().zip(outcomes) {
                match outcome {
                    Ok(outcome) if is_again && outcome.changed => {
                        report.add(Law::Remove, self.case, format!("`{id}` was removed a second time"));
                    }
                    Ok(_) => {}
                    Err(error) => {
                        report.add(Law::Remove, self.case, format!("`{id}` was not removed: {error}"));
                    }
                }
            }
            let observed =
                provider.read(&Call::plan(), &self.ids).await.map_err(broken(Law::Remove, "read"))?;
            let absent: Vec<Desired> =
                self.ids.iter().map(|id| Desired { id: id.clone(), state: State::Absent }).collect();
            let left = provider
                .diff(&Call::plan(), &absent, &observed)
                .await
                .map_err(broken(Law::Remove, "diff"))?;
            if !left.is_empty() {
                report.add(Law::Remove, self.case, format!("it is still there: {left:?}"));
            }
        }
        Ok(())
    }
}

fn indices(differences: &[Difference]) -> BTreeSet<usize> {
    differences.iter().map(|difference| difference.index as usize).collect()
}

fn broken(law: Law, function: &'static str) -> impl Fn(CallError) -> Broken {
    move |error| Broken { law, detail: format!("`{function}` gave no result: {error} {error:?}") }
}
