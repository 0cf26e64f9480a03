//! Manages directories: themselves, never what lies in them.
//!
//! [`wanted`] is what is asked of a directory and how that differs from what is there, without asking the machine;
//! [`apply`] changes it. A directory that is not empty is never removed.

mod apply;
mod wanted;

use hostwright_collections::directories::{self, Attributes};
use hostwright_collections::rank;
use hostwright_sdk::host::files as host;
use hostwright_sdk::host::files::{Entry, Kind};
use hostwright_sdk::ownership::{Accounts, Names};
use hostwright_sdk::types::{
    Desired, Difference, Extent, Facts, Observation, Outcome, Planned, Resource, State, Support, Watch,
};
use hostwright_sdk::{Error, Provider};

use crate::wanted::Place;

/// The provider.
#[derive(Debug)]
pub struct Directories;

#[hostwright_sdk::provider]
impl Provider for Directories {
    type Attributes = Attributes;
    const COLLECTION: &'static str = directories::COLLECTION;
    const SCHEMA_VERSION: u32 = directories::VERSION;
    const NAME: &'static str = "directories";
    const RANK: u32 = rank::DIRECTORIES;
    const INSTRUCTIONS: &'static [&'static str] = directories::INSTRUCTIONS;

    fn schema() -> String {
        directories::SCHEMA.to_owned()
    }

    fn validate(id: &str, attributes: &Attributes) -> Result<(), Error> {
        directories::validate(id, attributes)
    }

    fn supports(_: &Facts) -> Support {
        Support::Yes(100)
    }

    fn read(ids: &[String]) -> Result<Vec<Observation<Attributes>>, Error> {
        let entries = host::stat(ids, None);
        let names = names_of(entries.iter().flatten());
        Ok(ids.iter().zip(entries).map(|(id, entry)| wanted::observation(id, entry, &names)).collect())
    }

    fn diff(
        desired: &[Desired<Attributes>],
        observed: &[Observation<Attributes>],
    ) -> Result<Vec<Difference>, Error> {
        let seen = observed.iter().filter_map(|observation| match observation {
            Observation::Present(found) => Some(found),
            Observation::Absent | Observation::Unreadable(_) => None,
        });
        let accounts = accounts(desired.iter().filter_map(Desired::attributes).chain(seen));
        let places =
            observed.iter().map(|observation| Place::observed(observation, &accounts)).collect::<Vec<_>>();
        Ok(compare(desired, &places, &accounts))
    }

    fn planned(
        desired: &[Desired<Attributes>],
        observed: &[Observation<Attributes>],
    ) -> Result<Vec<Planned>, Error> {
        let accounts = accounts(desired.iter().filter_map(Desired::attributes));
        let owners_managed = hostwright_sdk::host::facts::get().owners;
        let plan = |(desired, observed): (&Desired<Attributes>, &Observation<Attributes>)| {
            let State::Present(attributes) = &desired.state else { return Planned::Absent };
            wanted::planned(attributes, observed, &accounts, owners_managed)
        };
        Ok(desired.iter().zip(observed).map(plan).collect())
    }

    fn check(desired: &[Desired<Attributes>]) -> Result<Vec<Difference>, Error> {
        let ids: Vec<String> = desired.iter().map(|desired| desired.id.clone()).collect();
        let accounts = accounts(desired.iter().filter_map(Desired::attributes));
        let seen = |(id, entry): (&String, Result<Entry, Error>)| Place::seen(id, entry);
        let places: Vec<Place> = ids.iter().zip(host::stat(&ids, None)).map(seen).collect();
        Ok(compare(desired, &places, &accounts))
    }

    fn apply(
        resources: &[Resource<Attributes>],
        _: &[Observation<Attributes>],
    ) -> Vec<Result<Outcome, Error>> {
        let accounts = accounts(resources.iter().map(|resource| &resource.attributes));
        // One after the other, because one may lie in another of the same batch.
        resources.iter().map(|resource| apply::apply(resource, &accounts)).collect()
    }

    fn remove(ids: &[String]) -> Vec<Result<Outcome, Error>> {
        // The innermost first, so that a batch may remove a directory with those in it.
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_by_key(|position| std::cmp::Reverse(ids[*position].matches('/').count()));
        let mut outcomes: Vec<Result<Outcome, Error>> =
            ids.iter().map(|_| Ok(Outcome::unchanged())).collect();
        for position in order {
            outcomes[position] = apply::remove(&ids[position]);
        }
        outcomes
    }

    fn watches(ids: &[String]) -> Result<Vec<Watch>, Error> {
        let watch = |(index, id): (usize, &String)| Watch {
            path: id.clone(),
            extent: Extent::Itself,
            indices: vec![index],
        };
        Ok(ids.iter().enumerate().map(watch).collect())
    }
}

fn accounts<'a>(batch: impl Iterator<Item = &'a Attributes> + Clone) -> Accounts {
    Accounts::resolve(
        batch.clone().filter_map(|attributes| attributes.owner.as_deref()),
        batch.filter_map(|attributes| attributes.group.as_deref()),
    )
}

fn names_of<'a>(entries: impl Iterator<Item = &'a Entry>) -> Names {
    let directories = entries.filter(|entry| entry.kind == Kind::Directory);
    Names::resolve(directories.map(|entry| (entry.uid, entry.gid)))
}

/// Compares a batch; names are asked for only where something differs.
fn compare(desired: &[Desired<Attributes>], places: &[Place], accounts: &Accounts) -> Vec<Difference> {
    let differs =
        |(desired, place): &(&Desired<Attributes>, &Place)| wanted::differs(desired, place, accounts);
    let found = desired.iter().zip(places).filter(differs).filter_map(|(_, place)| match place {
        Place::Directory(found) => found.uid.zip(found.gid),
        Place::Free | Place::Taken(_) => None,
    });
    let names = Names::resolve(found);
    let mut differences = Vec::new();
    for (index, (desired, place)) in desired.iter().zip(places).enumerate() {
        if wanted::differs(desired, place, accounts) {
            differences.extend(wanted::differences(index, desired, place, accounts, &names));
        }
    }
    differences
}
