//! Looks at a whole batch, in as few calls as there are ways to digest.

use hostwright_collections::files::Attributes;
use hostwright_sdk::host::files::{self, Kind};
use hostwright_sdk::ownership::{self, Accounts, Names};
use hostwright_sdk::types::{Blob, Content, Desired, Difference, Digesting, Observation, Value};
use hostwright_sdk::{Error, difference};
use serde_json::Value as Json;

use crate::wanted::{self, Found, Place};

/// Resolves the accounts that a batch names.
pub(crate) fn accounts<'a>(batch: impl Iterator<Item = &'a Attributes> + Clone) -> Accounts {
    Accounts::resolve(
        batch.clone().filter_map(|attributes| attributes.owner.as_deref()),
        batch.filter_map(|attributes| attributes.group.as_deref()),
    )
}

/// How the content that is wanted was digested; nothing where content does not matter.
fn digesting(attributes: Option<&Attributes>) -> Option<Digesting> {
    match attributes?.content.as_ref()? {
        Content::Text(_) => Some(Digesting::Sha256),
        Content::Blob(blob) => Some(blob.digesting),
    }
}

/// Returns what stands at each path, its content digested as the wanted content is.
pub(crate) fn found(ids: &[String], wanted: &[Option<&Attributes>]) -> Vec<Place> {
    let ways: Vec<Option<Digesting>> = wanted.iter().map(|attributes| digesting(*attributes)).collect();
    // Almost always all are digested one way, and the batch crosses as it is.
    if let Some(first) = ways.first()
        && ways.iter().all(|way| way == first)
    {
        let entries = files::stat(ids, *first);
        let seen = |(id, entry): (&String, _)| Place::seen(id, entry, first.unwrap_or(Digesting::Sha256));
        return ids.iter().zip(entries).map(seen).collect();
    }
    let mut places = vec![Place::Free; ids.len()];
    for way in [None, Some(Digesting::Sha256), Some(Digesting::Keyed)] {
        let positions: Vec<usize> = (0..ids.len()).filter(|position| ways[*position] == way).collect();
        let paths: Vec<String> = positions.iter().map(|position| ids[*position].clone()).collect();
        for (position, entry) in positions.into_iter().zip(files::stat(&paths, way)) {
            places[position] = Place::seen(&ids[position], entry, way.unwrap_or(Digesting::Sha256));
        }
    }
    places
}

/// Compares a batch with what is there now.
pub(crate) fn compare_found(desired: &[Desired<Attributes>]) -> Result<Vec<Difference>, Error> {
    let ids: Vec<String> = desired.iter().map(|desired| desired.id.clone()).collect();
    let wanted: Vec<Option<&Attributes>> = desired.iter().map(Desired::attributes).collect();
    let accounts = accounts(wanted.iter().copied().flatten());
    compare(&wanted, &found(&ids, &wanted), &accounts, || read_again(&ids))
}

/// Compares a batch with what was observed of it.
pub(crate) fn compare_observed(
    desired: &[Desired<Attributes>],
    observed: &[Observation<Attributes>],
) -> Result<Vec<Difference>, Error> {
    let wanted: Vec<Option<&Attributes>> = desired.iter().map(Desired::attributes).collect();
    let seen = observed.iter().filter_map(|observation| match observation {
        Observation::Present(found) => Some(found),
        Observation::Absent | Observation::Unreadable(_) => None,
    });
    let accounts = accounts(wanted.iter().copied().flatten().chain(seen));
    let mut places = Vec::with_capacity(observed.len());
    for (desired, observation) in desired.iter().zip(observed) {
        places.push(match observation {
            Observation::Absent => Place::Free,
            Observation::Unreadable(error) => Place::Taken(error.clone()),
            Observation::Present(seen) => Place::File(as_found(desired, seen, &accounts)),
        });
    }
    compare(&wanted, &places, &accounts, || Ok(observed.to_vec()))
}

/// Takes back into numbers what was observed by name.
fn as_found(desired: &Desired<Attributes>, seen: &Attributes, accounts: &Accounts) -> Found {
    let content = seen.content.as_ref().map(wanted::reference);
    let way = digesting(desired.attributes());
    Found {
        content: content.map(|content| digested(&desired.id, content, way)),
        ownership: ownership::Found {
            uid: seen.owner.as_deref().and_then(|owner| accounts.user(owner).id()),
            gid: seen.group.as_deref().and_then(|group| accounts.group(group).id()),
            mode: seen.mode,
        },
    }
}

/// Observations carry the plain digest; where the desired content holds secrets, only the keyed one can be compared.
fn digested(path: &str, seen: Blob, way: Option<Digesting>) -> Blob {
    let Some(way) = way.filter(|way| *way != seen.digesting) else { return seen };
    match files::stat(&[path.to_owned()], Some(way)).pop() {
        Some(Ok(entry)) if entry.kind == Kind::Regular => {
            entry.digest.map_or(seen, |digest| Blob { digesting: way, digest, size: entry.size })
        }
        _ => seen,
    }
}

fn compare(
    wanted: &[Option<&Attributes>],
    places: &[Place],
    accounts: &Accounts,
    observe: impl Fn() -> Result<Vec<Observation<Attributes>>, Error>,
) -> Result<Vec<Difference>, Error> {
    let mut differences = Vec::new();
    let mut changed: Vec<(usize, &Attributes, &Found)> = Vec::new();
    let mut surplus = Vec::new();
    for (index, (wanted, place)) in wanted.iter().zip(places).enumerate() {
        match (wanted, place) {
            (None, Place::Free) => {}
            (None, Place::File(_)) => surplus.push(index),
            (Some(attributes), Place::Free) => {
                differences.push(wanted::creation(index, attributes, accounts));
            }
            (Some(attributes), Place::File(found)) => {
                if wanted::differs(attributes, found, accounts) {
                    changed.push((index, attributes, found));
                }
            }
            (Some(attributes), Place::Taken(_)) => {
                let creation = wanted::creation(index, attributes, accounts);
                differences.push(Difference { before: Some(Value::Opaque), ..creation });
            }
            (None, Place::Taken(_)) => {
                let removal = Difference::removal(index, Json::Null);
                differences.push(Difference { before: Some(Value::Opaque), ..removal });
            }
        }
    }
    let ids = |(_, _, found): &(usize, &Attributes, &Found)| found.ownership.uid.zip(found.ownership.gid);
    let names = Names::resolve(changed.iter().filter_map(ids));
    for (index, attributes, found) in changed {
        differences.extend(wanted::differences(index, attributes, found, accounts, &names));
    }
    if !surplus.is_empty() {
        let observed = observe()?;
        for index in surplus {
            if let Some(Observation::Present(attributes)) = observed.get(index) {
                let attributes = difference::object(attributes, &[]);
                differences.push(Difference::removal(index, Json::Object(attributes)));
            }
        }
    }
    differences.sort_by_key(|difference| difference.index);
    Ok(differences)
}

fn read_again(ids: &[String]) -> Result<Vec<Observation<Attributes>>, Error> {
    <crate::Files as hostwright_sdk::Provider>::read(ids)
}
