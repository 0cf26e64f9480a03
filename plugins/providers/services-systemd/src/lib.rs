//! Manages services with systemd.
//!
//! One `systemctl show` reads a whole batch. [`unit`] reads its answer and [`desired`] compares, without asking the machine;
//! [`systemctl`] runs the programs, [`apply`] changes, [`watch`] names what changes when a unit does.
//!
//! A unit that does not exist is absent; to remove a service is to stop and to disable it, so one that is stopped and
//! disabled is as good as absent. `reload` leaves a stopped service alone and restarts one that cannot reload.

mod apply;
mod desired;
mod systemctl;
mod unit;
mod watch;

use hostwright_collections::rank;
use hostwright_collections::services::{self, Attributes};
use hostwright_sdk::types::{
    Desired, Difference, Facts, Listed, Observation, Outcome, Planned, Resource, Support, Watch,
};
use hostwright_sdk::{Error, Provider};

/// The provider.
#[derive(Debug)]
pub struct Services;

#[hostwright_sdk::provider]
impl Provider for Services {
    type Attributes = Attributes;
    const COLLECTION: &'static str = services::COLLECTION;
    const SCHEMA_VERSION: u32 = services::VERSION;
    const NAME: &'static str = "systemd";
    const RANK: u32 = rank::SERVICES;
    const ACTIONS: &'static [&'static str] = services::ACTIONS;

    fn schema() -> String {
        services::SCHEMA.to_owned()
    }

    fn validate(id: &str, attributes: &Attributes) -> Result<(), Error> {
        services::validate(id, attributes)
    }

    fn supports(facts: &Facts) -> Support {
        if facts.init != "systemd" {
            return Support::No(format!("the init system is `{}`, not systemd", facts.init));
        }
        if !facts.programs {
            return Support::No("no programs may be run on this machine".to_owned());
        }
        Support::Yes(100)
    }

    fn read(ids: &[String]) -> Result<Vec<Observation<Attributes>>, Error> {
        Ok(systemctl::show(ids)?.iter().map(unit::Unit::observation).collect())
    }

    fn list(filter: Option<&str>) -> Result<Vec<Listed<Attributes>>, Error> {
        let names: Vec<String> = systemctl::list()?
            .into_iter()
            .filter(|name| filter.is_none_or(|part| name.contains(part)))
            .collect();
        let observations = Self::read(&names)?;
        let listed = |(id, observation)| Listed { id, observation };
        Ok(names.into_iter().zip(observations).map(listed).collect())
    }

    fn diff(
        desired: &[Desired<Attributes>],
        observed: &[Observation<Attributes>],
    ) -> Result<Vec<Difference>, Error> {
        Ok(desired::differences(desired, observed))
    }

    fn planned(
        desired: &[Desired<Attributes>],
        observed: &[Observation<Attributes>],
    ) -> Result<Vec<Planned>, Error> {
        let plan = |(desired, observed)| desired::planned(desired, observed);
        Ok(desired.iter().zip(observed).map(plan).collect())
    }

    fn apply(
        resources: &[Resource<Attributes>],
        _: &[Observation<Attributes>],
    ) -> Vec<Result<Outcome, Error>> {
        let goals: Vec<apply::Goal<'_>> = resources
            .iter()
            .map(|Resource { id, attributes }| apply::Goal {
                id,
                running: attributes.running,
                enabled: attributes.enabled,
                must_exist: true,
            })
            .collect();
        apply::reach(&goals).unwrap_or_else(|error| resources.iter().map(|_| Err(error.clone())).collect())
    }

    fn remove(ids: &[String]) -> Vec<Result<Outcome, Error>> {
        let goals: Vec<apply::Goal<'_>> = ids
            .iter()
            .map(|id| apply::Goal { id, running: Some(false), enabled: Some(false), must_exist: false })
            .collect();
        apply::reach(&goals).unwrap_or_else(|error| ids.iter().map(|_| Err(error.clone())).collect())
    }

    fn perform(id: &str, action: &str, _: Attributes) -> Result<Outcome, Error> {
        apply::perform(id, action)
    }

    fn watches(ids: &[String]) -> Result<Vec<Watch>, Error> {
        Ok(watch::watches(&systemctl::show(ids)?))
    }
}
