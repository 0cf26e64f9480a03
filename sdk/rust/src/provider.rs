//! What a provider implements.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::types::{
    Desired, Difference, Facts, Listed, Observation, Outcome, Planned, Resource, Support, Watch,
};
use crate::{Error, difference, schema};

/// One collection of resources on some kinds of machines.
///
/// Calls take batches and answer by position, so that one run of a program serves them all. An instance of the component
/// lives for one call: there is no state to keep, hence no `self`.
///
/// Written by hand: [`supports`](Self::supports), [`read`](Self::read), [`apply`](Self::apply) and
/// [`remove`](Self::remove). The rest has a default that suits a collection whose observed attributes can be compared
/// with the desired ones value by value.
///
/// The promises that every provider keeps, and that the test kit's laws check: applying twice changes nothing the second
/// time; what is read after applying is as desired; what was removed reads as absent; what a plan says it knows happens;
/// planning changes nothing; bad attributes give [`Error::Invalid`] with a pointer.
pub trait Provider {
    /// The attributes, desired and observed alike: every one optional, unknown ones denied.
    type Attributes: Serialize + DeserializeOwned + JsonSchema;

    /// e.g. `files`; third parties write `publisher.name`.
    const COLLECTION: &'static str;
    /// Of the collection's attributes. All providers of a collection have the same one.
    const SCHEMA_VERSION: u32 = 1;
    /// The provider's own name, e.g. `apt`.
    const NAME: &'static str;
    /// Where resources of this collection stand in a change; lower comes first.
    const RANK: u32 = 800;
    /// What [`perform`](Self::perform) understands.
    const ACTIONS: &'static [&'static str] = &[];
    /// Attributes that say how to apply, not what is to be; never compared, never observed.
    const INSTRUCTIONS: &'static [&'static str] = &[];

    /// Returns whether this provider can serve the machine.
    fn supports(facts: &Facts) -> Support;

    /// Returns how the resources are, one observation for each id.
    fn read(ids: &[String]) -> Result<Vec<Observation<Self::Attributes>>, Error>;

    /// Brings resources into the desired state; one answer for each.
    ///
    /// `observed` aligns with `resources` and may be a moment old.
    fn apply(
        resources: &[Resource<Self::Attributes>],
        observed: &[Observation<Self::Attributes>],
    ) -> Vec<Result<Outcome, Error>>;

    /// Removes resources; one answer for each, and no error for one that is not there.
    fn remove(ids: &[String]) -> Vec<Result<Outcome, Error>>;

    /// Returns the JSON Schema of the attributes; made from [`Self::Attributes`] unless a generated file is given.
    fn schema() -> String {
        schema::of::<Self::Attributes>(Self::COLLECTION, Self::SCHEMA_VERSION, Self::ACTIONS).to_string()
    }

    /// Checks what types cannot say, e.g. that an id is an absolute path. Asks the machine for nothing.
    fn validate(id: &str, attributes: &Self::Attributes) -> Result<(), Error> {
        let _ = (id, attributes);
        Ok(())
    }

    /// Returns the resources that there are.
    fn list(filter: Option<&str>) -> Result<Vec<Listed<Self::Attributes>>, Error> {
        let _ = filter;
        Err(Error::unsupported(format!("the collection `{}` cannot be listed", Self::COLLECTION)))
    }

    /// Returns what differs, without changing anything.
    fn diff(
        desired: &[Desired<Self::Attributes>],
        observed: &[Observation<Self::Attributes>],
    ) -> Result<Vec<Difference>, Error> {
        Ok(difference::compare(desired, observed, Self::INSTRUCTIONS))
    }

    /// Returns what will be observed once applied, without changing anything; what cannot be known is
    /// [`unknown`](crate::types::unknown).
    fn planned(
        desired: &[Desired<Self::Attributes>],
        observed: &[Observation<Self::Attributes>],
    ) -> Result<Vec<Planned>, Error> {
        let overlay = |(desired, observed)| difference::overlay(desired, observed, Self::INSTRUCTIONS);
        Ok(desired.iter().zip(observed).map(overlay).collect())
    }

    /// Returns what differs from what is there now: the way of the periodic check, in one crossing.
    fn check(desired: &[Desired<Self::Attributes>]) -> Result<Vec<Difference>, Error> {
        let ids: Vec<String> = desired.iter().map(|desired| desired.id.clone()).collect();
        Self::diff(desired, &Self::read(&ids)?)
    }

    /// Does something that is not a state: restart, reload, execute.
    fn perform(id: &str, action: &str, attributes: Self::Attributes) -> Result<Outcome, Error> {
        let _ = (id, attributes);
        Err(Error::unsupported(format!("the collection `{}` has no action `{action}`", Self::COLLECTION)))
    }

    /// Returns paths whose change may mean drift. A superfluous one costs a read, a missing one waits for the sweep.
    fn watches(ids: &[String]) -> Result<Vec<Watch>, Error> {
        let _ = ids;
        Ok(Vec::new())
    }
}
