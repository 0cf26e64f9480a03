//! Manages packages with apt and dpkg.
//!
//! A batch costs one `dpkg-query` to read and one `apt-get` to install. Nothing is installed that was not simulated
//! before, at exactly the versions of the simulation, and a simulation is refused that removes what nobody asked to
//! remove or installs what is no dependency. Services do not start while packages are installed: they have a task of
//! their own.
//!
//! [`dpkg`], [`policy`], [`simulation`], [`dependencies`] and [`version`] read what the programs say, [`decision`] is what
//! has to be done for one package: all of them ask the machine for nothing. [`apt`] runs the programs, [`install`] and
//! [`remove`] change, [`preview`] tells what they would do, [`service_starts`] is the policy that holds services back.

mod apt;
mod decision;
mod dependencies;
mod dpkg;
mod install;
mod policy;
mod preview;
mod remove;
mod service_starts;
mod simulation;
mod version;

use hostwright_collections::packages::{self, Attributes};
use hostwright_collections::rank;
use hostwright_sdk::types::{
    Desired, Difference, Extent, Facts, Listed, Observation, Outcome, Planned, Resource, Support, Watch,
};
use hostwright_sdk::{Error, Provider, difference};

/// The provider.
#[derive(Debug)]
pub struct Packages;

#[hostwright_sdk::provider]
impl Provider for Packages {
    type Attributes = Attributes;
    const COLLECTION: &'static str = packages::COLLECTION;
    const SCHEMA_VERSION: u32 = packages::VERSION;
    const NAME: &'static str = "apt";
    const RANK: u32 = rank::PACKAGES;

    fn schema() -> String {
        packages::SCHEMA.to_owned()
    }

    fn validate(id: &str, attributes: &Attributes) -> Result<(), Error> {
        packages::validate(id, attributes)
    }

    fn supports(facts: &Facts) -> Support {
        if !facts.is_like("debian") {
            return Support::No(format!("apt is not the package manager of `{}`", facts.os));
        }
        if !facts.programs {
            return Support::No("no programs may be run on this machine".to_owned());
        }
        Support::Yes(100)
    }

    fn read(ids: &[String]) -> Result<Vec<Observation<Attributes>>, Error> {
        let records = apt::records(ids)?;
        Ok(ids.iter().map(|id| dpkg::observation(&records, id)).collect())
    }

    fn list(filter: Option<&str>) -> Result<Vec<Listed<Attributes>>, Error> {
        let records = apt::all_records()?;
        let installed = records.iter().filter(|record| record.is_installed());
        let wanted = installed.filter(|record| filter.is_none_or(|part| record.package.contains(part)));
        let listed = |record: &dpkg::Record| Listed {
            id: record.package.clone(),
            observation: Observation::Present(record.attributes()),
        };
        Ok(wanted.map(listed).collect())
    }

    fn diff(
        desired: &[Desired<Attributes>],
        observed: &[Observation<Attributes>],
    ) -> Result<Vec<Difference>, Error> {
        preview::differences(desired, observed)
    }

    fn planned(
        desired: &[Desired<Attributes>],
        observed: &[Observation<Attributes>],
    ) -> Result<Vec<Planned>, Error> {
        preview::planned(desired, observed)
    }

    fn check(desired: &[Desired<Attributes>]) -> Result<Vec<Difference>, Error> {
        // The sweep asks what is so, not what it would take to mend it.
        let ids: Vec<String> = desired.iter().map(|desired| desired.id.clone()).collect();
        Ok(difference::compare(desired, &Self::read(&ids)?, Self::INSTRUCTIONS))
    }

    fn apply(
        resources: &[Resource<Attributes>],
        _: &[Observation<Attributes>],
    ) -> Vec<Result<Outcome, Error>> {
        install::apply(resources)
            .unwrap_or_else(|error| resources.iter().map(|_| Err(error.clone())).collect())
    }

    fn remove(ids: &[String]) -> Vec<Result<Outcome, Error>> {
        remove::remove(ids).unwrap_or_else(|error| ids.iter().map(|_| Err(error.clone())).collect())
    }

    fn watches(_: &[String]) -> Result<Vec<Watch>, Error> {
        // dpkg replaces the whole file after whatever it did, holds included.
        let status = "/var/lib/dpkg/status".to_owned();
        Ok(vec![Watch { path: status, extent: Extent::Itself, indices: Vec::new() }])
    }
}
