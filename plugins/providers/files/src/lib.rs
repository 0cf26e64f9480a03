//! Manages regular files.
//!
//! [`wanted`] is what is asked of a file and how that differs from what is there, without asking the machine; [`look`]
//! asks it, one call for a whole batch; [`apply`] changes it.
//!
//! Contents are compared by digest: by the plain one, or by the machine's keyed one where the desired content holds
//! secrets. `read` does not know what is desired and always tells the plain digest, so what it says of a file that holds
//! secrets stays on the machine.

mod apply;
mod look;
mod wanted;

use hostwright_collections::{files, rank};
use hostwright_sdk::host::files as host;
use hostwright_sdk::host::files::Kind;
use hostwright_sdk::ownership::{Accounts, Names};
use hostwright_sdk::types::{
    Desired, Difference, Digesting, Extent, Facts, Observation, Outcome, Planned, Resource, State, Support,
    Watch,
};
use hostwright_sdk::{Error, Provider};

/// The provider.
#[derive(Debug)]
pub struct Files;

#[hostwright_sdk::provider]
impl Provider for Files {
    type Attributes = files::Attributes;
    const COLLECTION: &'static str = files::COLLECTION;
    const SCHEMA_VERSION: u32 = files::VERSION;
    const NAME: &'static str = "files";
    const RANK: u32 = rank::FILES;
    const INSTRUCTIONS: &'static [&'static str] = files::INSTRUCTIONS;

    fn schema() -> String {
        files::SCHEMA.to_owned()
    }

    fn validate(id: &str, attributes: &files::Attributes) -> Result<(), Error> {
        files::validate(id, attributes)
    }

    fn supports(_: &Facts) -> Support {
        Support::Yes(100)
    }

    fn read(ids: &[String]) -> Result<Vec<Observation<files::Attributes>>, Error> {
        let entries = host::stat(ids, Some(Digesting::Sha256));
        let owners = entries.iter().flatten().filter(|entry| entry.kind == Kind::Regular);
        let names = Names::resolve(owners.map(|entry| (entry.uid, entry.gid)));
        Ok(ids.iter().zip(entries).map(|(id, entry)| wanted::observation(id, entry, &names)).collect())
    }

    fn diff(
        desired: &[Desired<files::Attributes>],
        observed: &[Observation<files::Attributes>],
    ) -> Result<Vec<Difference>, Error> {
        look::compare_observed(desired, observed)
    }

    fn planned(
        desired: &[Desired<files::Attributes>],
        observed: &[Observation<files::Attributes>],
    ) -> Result<Vec<Planned>, Error> {
        let accounts = look::accounts(desired.iter().filter_map(Desired::attributes));
        let owners_managed = hostwright_sdk::host::facts::get().owners;
        let plan = |(desired, observed): (&Desired<files::Attributes>, &Observation<files::Attributes>)| {
            let State::Present(attributes) = &desired.state else { return Planned::Absent };
            wanted::planned(attributes, observed, &accounts, owners_managed)
        };
        Ok(desired.iter().zip(observed).map(plan).collect())
    }

    fn check(desired: &[Desired<files::Attributes>]) -> Result<Vec<Difference>, Error> {
        look::compare_found(desired)
    }

    fn apply(
        resources: &[Resource<files::Attributes>],
        _: &[Observation<files::Attributes>],
    ) -> Vec<Result<Outcome, Error>> {
        let accounts: Accounts = look::accounts(resources.iter().map(|resource| &resource.attributes));
        let wanted: Vec<_> = resources.iter().map(|resource| Some(&resource.attributes)).collect();
        let ids: Vec<String> = resources.iter().map(|resource| resource.id.clone()).collect();
        // What was observed may be a moment old; looking again costs one call for the batch.
        let found = look::found(&ids, &wanted);
        resources
            .iter()
            .zip(found)
            .map(|(resource, found)| apply::apply(resource, found, &accounts))
            .collect()
    }

    fn remove(ids: &[String]) -> Vec<Result<Outcome, Error>> {
        let entries = host::stat(ids, None);
        ids.iter().zip(entries).map(|(id, entry)| apply::remove(id, entry)).collect()
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
