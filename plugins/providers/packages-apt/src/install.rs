//! Installs what a batch asks for.

use std::collections::BTreeMap;

use hostwright_collections::packages::Attributes;
use hostwright_sdk::Error;
use hostwright_sdk::types::{Outcome, Resource};

use crate::apt::{self, Pinned};
use crate::decision::{self, Decision};
use crate::dependencies::Dependencies;
use crate::dpkg::{self, Record};
use crate::policy::{self, Policy};
use crate::service_starts;
use crate::simulation::Simulation;

/// Brings a batch into the desired state. An error is that of all.
pub(crate) fn apply(resources: &[Resource<Attributes>]) -> Result<Vec<Result<Outcome, Error>>, Error> {
    service_starts::clean_up()?;
    let ids: Vec<String> = resources.iter().map(|resource| resource.id.clone()).collect();
    let before = apt::records(&ids)?;
    let decisions = decide(resources, &before)?;
    let sound: Vec<(&str, &Decision)> = ids
        .iter()
        .zip(&decisions)
        .filter_map(|(id, decision)| decision.as_ref().ok().map(|decision| (id.as_str(), decision)))
        .collect();
    let installed = install(&sound);
    let marked = installed.as_ref().map_err(Clone::clone).and_then(|_| mark(&sound));
    let after =
        if sound.iter().any(|(_, decision)| decision.is_needed()) { apt::records(&ids)? } else { before };
    let mut outcomes = Vec::with_capacity(resources.len());
    for (resource, decision) in resources.iter().zip(decisions) {
        outcomes.push(decision.and_then(|decision| {
            if !decision.is_needed() {
                return Ok(Outcome::unchanged());
            }
            let record = dpkg::find(&after, &resource.id);
            // What is as desired is done, even if the run failed for another of the batch.
            if is_as_desired(&resource.attributes, record) {
                return Ok(told(&resource.id, &decision, record, installed.as_ref().ok()));
            }
            installed.as_ref().map_err(Clone::clone)?;
            marked.clone()?;
            Err(Error::failed(format!("`{}` is not as desired although apt reported success", resource.id)))
        }));
    }
    Ok(outcomes)
}

/// Decides for each package, asking the repositories again where something is not known.
fn decide(
    resources: &[Resource<Attributes>],
    records: &[Record],
) -> Result<Vec<Result<Decision, Error>>, Error> {
    let record_of = |resource: &Resource<Attributes>| dpkg::find(records, &resource.id);
    let needed: Vec<String> = resources
        .iter()
        .filter(|resource| decision::needs_installation(&resource.attributes, record_of(resource)))
        .map(|resource| resource.id.clone())
        .collect();
    let mut policies = apt::policies(&needed)?;
    let decide_one = |resource: &Resource<Attributes>, policies: &BTreeMap<String, Policy>| {
        let Resource { id, attributes } = resource;
        decision::decide(id, attributes, record_of(resource), policy::find(policies, id))
    };
    let is_unknown = |resource: &Resource<Attributes>| matches!(decide_one(resource, &policies), Ok(None));
    let mut update = Ok(());
    if resources.iter().any(is_unknown) {
        update = apt::update();
        policies = apt::policies(&needed)?;
    }
    let settled = |resource: &Resource<Attributes>| match decide_one(resource, &policies)? {
        Some(decision) => Ok(decision),
        None => match &update {
            Ok(()) => {
                Err(decision::not_offered(&resource.id, &resource.attributes, policies.get(&resource.id)))
            }
            Err(error) => Err(error.clone().context(&format!("`{}` is not known to apt", resource.id))),
        },
    };
    Ok(resources.iter().map(settled).collect())
}

/// What a run of apt did, for people.
#[derive(Default)]
struct Installed {
    simulation: Simulation,
    asked: Vec<String>,
    dependencies: Dependencies,
}

/// Simulates, judges, then installs everything in one run.
fn install(decisions: &[(&str, &Decision)]) -> Result<Installed, Error> {
    let packages: Vec<Pinned> = decisions
        .iter()
        .filter_map(|(id, decision)| Some(((*id).to_owned(), decision.install.clone()?)))
        .collect();
    if packages.is_empty() {
        return Ok(Installed::default());
    }
    let (simulation, asked, dependencies) = simulate(&packages)?;
    let held: Vec<String> = decisions
        .iter()
        .filter(|(_, decision)| decision.unhold_before)
        .map(|(id, _)| (*id).to_owned())
        .collect();
    apt::mark(&held, false)?;
    let allow_downgrades = decisions.iter().any(|(_, decision)| decision.is_downgrade);
    service_starts::held_back(|| apt::install(&packages, allow_downgrades))?;
    Ok(Installed { simulation, asked, dependencies })
}

/// Simulates an installation and refuses one that does more than was asked for.
pub(crate) fn simulate(packages: &[Pinned]) -> Result<(Simulation, Vec<String>, Dependencies), Error> {
    let asked: Vec<String> = packages.iter().map(|(package, _)| package.clone()).collect();
    let simulation = apt::simulate_installation(packages)?;
    let dependencies =
        if simulation.brings_new_ones(&asked) { apt::dependencies(&asked)? } else { Dependencies::default() };
    simulation.judge_installation(&asked, &dependencies)?;
    Ok((simulation, asked, dependencies))
}

fn mark(decisions: &[(&str, &Decision)]) -> Result<(), Error> {
    for hold in [true, false] {
        let ids: Vec<String> = decisions
            .iter()
            .filter(|(_, decision)| decision.hold_after == Some(hold))
            .map(|(id, _)| (*id).to_owned())
            .collect();
        apt::mark(&ids, hold)?;
    }
    Ok(())
}

fn is_as_desired(attributes: &Attributes, record: Option<&Record>) -> bool {
    !decision::needs_installation(attributes, record)
        && record.is_some_and(|record| attributes.hold.is_none_or(|hold| hold == record.is_held()))
}

fn told(id: &str, decision: &Decision, record: Option<&Record>, installed: Option<&Installed>) -> Outcome {
    let mut told = Vec::new();
    if decision.install.is_some() {
        let version = record.map(|record| record.version.as_str()).unwrap_or_default();
        told.push(format!("installed {version}"));
        if let Some(Installed { simulation, asked, dependencies }) = installed {
            let along = simulation.brought_by(id, asked, dependencies);
            let along: Vec<String> =
                along.iter().map(|along| format!("{} {}", along.package, along.after)).collect();
            if !along.is_empty() {
                told.push(format!("with {}", along.join(", ")));
            }
        }
    }
    match decision.hold_after {
        Some(true) => told.push("held".to_owned()),
        Some(false) => told.push("no longer held".to_owned()),
        None => {}
    }
    Outcome::changed().with_message(told.join(", "))
}
