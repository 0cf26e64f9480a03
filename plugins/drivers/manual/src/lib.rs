//! Takes over machines that exist already.
//!
//! There is no platform to ask: a machine appears when an agent on it enrols with a token of its host, and it leaves
//! when its host is deleted. It is switched on and off by whoever owns it.

use std::collections::BTreeMap;

use hostwright_sdk::types::{
    Blueprint, DriverDescription, Image, Instance, InstanceState, Operation, Settings,
};
use hostwright_sdk::{Driver, Error};

/// The driver.
#[derive(Debug)]
pub struct Manual;

#[hostwright_sdk::driver]
impl Driver for Manual {
    fn describe() -> DriverDescription {
        DriverDescription {
            name: "Manual".to_owned(),
            description:
                "Machines that exist already: install the agent and enrol it with a token of the host."
                    .to_owned(),
            platform_parameters: Vec::new(),
            host_parameters: Vec::new(),
            operations: vec![Operation::Provision, Operation::Destroy],
        }
    }

    fn provision(blueprint: &Blueprint) -> Result<String, Error> {
        if blueprint.uuid.is_empty() {
            return Err(Error::invalid("/uuid", "a host without an id cannot be told from others"));
        }
        Ok(blueprint.uuid.clone())
    }

    fn inspect(_: &str, _: &Settings) -> Result<Instance, Error> {
        Ok(Instance {
            state: InstanceState::Pending,
            properties: BTreeMap::new(),
            waiting_for: Some("an agent to enrol with a token of this host".to_owned()),
        })
    }

    /// The machine is not ours to destroy: it is let go.
    fn destroy(_: &str, _: &Settings) -> Result<(), Error> {
        Ok(())
    }

    fn start(_: &str, _: &Settings) -> Result<(), Error> {
        Err(by_hand("start"))
    }

    fn pause(_: &str, _: &Settings) -> Result<(), Error> {
        Err(by_hand("pause"))
    }

    fn resume(_: &str, _: &Settings) -> Result<(), Error> {
        Err(by_hand("resume"))
    }

    fn shutdown(_: &str, _: &Settings) -> Result<(), Error> {
        Err(by_hand("shut down"))
    }

    fn power_off(_: &str, _: &Settings) -> Result<(), Error> {
        Err(by_hand("power off"))
    }

    fn reboot(_: &str, _: &Settings) -> Result<(), Error> {
        Err(by_hand("reboot"))
    }

    fn images(_: &Settings) -> Result<Vec<Image>, Error> {
        Ok(Vec::new())
    }
}

fn by_hand(what: &str) -> Error {
    Error::unsupported(format!("the platform `Manual` cannot {what} a machine: do it on the machine itself"))
}

#[cfg(test)]
mod tests {
    use hostwright_sdk::types::{Blueprint, Settings};
    use hostwright_sdk::{Driver, Error};

    use super::Manual;

    #[test]
    fn a_host_is_its_own_handle() {
        let blueprint = Blueprint { uuid: "0198".into(), ..Blueprint::default() };
        assert_eq!(Manual::provision(&blueprint), Ok("0198".into()));
        assert!(matches!(Manual::provision(&Blueprint::default()), Err(Error::Invalid { .. })));
    }

    #[test]
    fn what_a_person_does_is_refused_with_the_reason() {
        let refused = Manual::start("0198", &Settings::new()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the platform `Manual` cannot start a machine: do it on the machine itself"
        );
    }
}
