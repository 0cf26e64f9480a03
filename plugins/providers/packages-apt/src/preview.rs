//! Tells what applying would do, and what it cannot know.

use hostwright_collections::packages::Attributes;
use hostwright_sdk::host::log;
use hostwright_sdk::types::{Desired, Difference, Observation, Planned, State, Value, unknown};
use hostwright_sdk::{Error, difference};
use serde_json::{Map, Value as Json, json};

use crate::apt::{self, Pinned};
use crate::{install, policy, remove};

/// A package that would be installed.
struct Target<'a> {
    index: usize,
    id: &'a str,
    /// The version that is asked for.
    wanted: Option<&'a str>,
    /// Nothing where the repositories, as they are known now, do not offer it.
    version: Option<String>,
}

impl Target<'_> {
    /// The version that will be there, as far as that is known: one that is asked for comes, or nothing does.
    fn known_version(&self) -> Option<&str> {
        self.version.as_deref().or(self.wanted)
    }
}

/// Returns what differs, with the versions that would be installed and what they would bring along.
pub(crate) fn differences(
    desired: &[Desired<Attributes>],
    observed: &[Observation<Attributes>],
) -> Result<Vec<Difference>, Error> {
    let mut differences = difference::compare(desired, observed, &[]);
    let surplus: Vec<String> = differences
        .iter()
        .filter(|found| found.after.is_none())
        .map(|found| desired[found.index].id.clone())
        .collect();
    if !surplus.is_empty() {
        remove::judge(&surplus)?;
    }
    let targets = targets(desired, observed)?;
    let pinned = |target: &Target<'_>| Some((target.id.to_owned(), target.version.clone()?));
    let packages: Vec<Pinned> = targets.iter().filter_map(pinned).collect();
    let simulated = if packages.is_empty() { None } else { Some(install::simulate(&packages)?) };
    let mut unknown_versions = Vec::new();
    for target in &targets {
        let along: Map<String, Json> =
            simulated.iter().fold(Map::new(), |mut along, (simulation, asked, needs)| {
                for brought in simulation.brought_by(target.id, asked, needs) {
                    along.insert(brought.package.clone(), json!(brought.after));
                }
                along
            });
        let is_creation = |found: &&mut Difference| found.index == target.index && found.pointer.is_empty();
        match differences.iter_mut().find(is_creation) {
            Some(creation) => enrich(creation, target, along),
            None if along.is_empty() => {}
            None => {
                let along: Vec<String> = along
                    .iter()
                    .map(|(package, version)| format!("{package} {}", version.as_str().unwrap_or_default()))
                    .collect();
                log::info(&format!("`{}` brings along {}", target.id, along.join(", ")));
            }
        }
        if target.known_version().is_none() && matches!(observed[target.index], Observation::Absent) {
            unknown_versions.push(Difference::change(target.index, "/version", None, Value::KnownAfterApply));
        }
    }
    differences.extend(unknown_versions);
    differences.sort_by_key(|found| found.index);
    Ok(differences)
}

/// Puts into the difference of a new package what its installation means.
fn enrich(creation: &mut Difference, target: &Target<'_>, along: Map<String, Json>) {
    let Some(Value::Known(Json::Object(attributes))) = &mut creation.after else { return };
    if let Some(version) = target.known_version() {
        attributes.insert("version".to_owned(), json!(version));
    } else {
        attributes.shift_remove("version");
    }
    if !along.is_empty() {
        attributes.insert("dependencies".to_owned(), Json::Object(along));
    }
}

/// Returns what will be observed once applied.
pub(crate) fn planned(
    desired: &[Desired<Attributes>],
    observed: &[Observation<Attributes>],
) -> Result<Vec<Planned>, Error> {
    let mut planned: Vec<Planned> = desired
        .iter()
        .zip(observed)
        .map(|(desired, observed)| difference::overlay(desired, observed, &[]))
        .collect();
    for target in targets(desired, observed)? {
        if let Planned::Present(attributes) = &mut planned[target.index] {
            let version = target.known_version().map_or_else(unknown, Json::from);
            attributes.insert("version".to_owned(), version);
            attributes.entry("hold").or_insert(json!(false));
        }
    }
    Ok(planned)
}

/// Returns the packages that would be installed, each with the version that the repositories offer for it.
fn targets<'a>(
    desired: &'a [Desired<Attributes>],
    observed: &[Observation<Attributes>],
) -> Result<Vec<Target<'a>>, Error> {
    let mut wanted: Vec<(usize, &'a str, &'a Attributes)> = Vec::new();
    for (index, (desired, observed)) in desired.iter().zip(observed).enumerate() {
        let State::Present(attributes) = &desired.state else { continue };
        let is_missing = match observed {
            Observation::Absent => true,
            Observation::Present(found) => {
                attributes.version.is_some() && attributes.version != found.version
            }
            Observation::Unreadable(_) => false,
        };
        if is_missing {
            wanted.push((index, &desired.id, attributes));
        }
    }
    let ids: Vec<String> = wanted.iter().map(|(_, id, _)| (*id).to_owned()).collect();
    let policies = apt::policies(&ids)?;
    let target = |(index, id, attributes): (usize, &'a str, &'a Attributes)| {
        let wanted = attributes.version.as_deref();
        let chosen = policy::find(&policies, id).and_then(|policy| policy.choose(wanted));
        Target { index, id, wanted, version: chosen.map(str::to_owned) }
    };
    Ok(wanted.into_iter().map(target).collect())
}
