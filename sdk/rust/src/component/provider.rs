//! The exports of a provider.

use std::marker::PhantomData;

use serde_json::Value as Json;

use crate::bindings::provider::exports::hostwright::provider::collection as wit;
use crate::bindings::provider::hostwright::host::facts as wit_facts;
use crate::bindings::provider::hostwright::host::types::Error as WitError;
use crate::host::{error_from_host, error_to_host};
use crate::types::{
    Desired, Difference, Extent, Facts, Observation, Outcome, Planned, Resource, State, Support,
};
use crate::types::{Value, Watch, is_unknown};
use crate::{Error, Provider, attributes, host};

/// Answers the component's exports with a provider.
#[derive(Debug)]
pub struct ProviderComponent<P>(PhantomData<P>);

impl<P: Provider> wit::Guest for ProviderComponent<P> {
    fn describe() -> wit::Description {
        wit::Description {
            collection: P::COLLECTION.to_owned(),
            schema_version: P::SCHEMA_VERSION,
            schema: P::schema(),
            provider: P::NAME.to_owned(),
            rank: P::RANK,
            actions: P::ACTIONS.iter().map(|action| (*action).to_owned()).collect(),
        }
    }

    fn supports(facts: wit_facts::Facts) -> wit::Support {
        let facts: Facts = host::facts::from_host(facts);
        match P::supports(&facts) {
            Support::No(reason) => wit::Support::No(reason),
            Support::Yes(priority) => wit::Support::Yes(priority),
        }
    }

    fn read(ids: Vec<String>) -> Result<Vec<wit::Observation>, WitError> {
        let observations = P::read(&ids).map_err(error_to_host)?;
        Ok(aligned(observations.into_iter().map(observation_to_host::<P>), ids.len(), |error| {
            wit::Observation::Unreadable(error_to_host(error))
        }))
    }

    fn list(filter: Option<String>) -> Result<Vec<wit::Listed>, WitError> {
        let listed = P::list(filter.as_deref()).map_err(error_to_host)?;
        let to_host = |listed: crate::types::Listed<P::Attributes>| wit::Listed {
            id: listed.id,
            observation: observation_to_host::<P>(listed.observation),
        };
        Ok(listed.into_iter().map(to_host).collect())
    }

    fn diff(
        desired: Vec<wit::Desired>,
        observed: Vec<wit::Observation>,
    ) -> Result<Vec<wit::Difference>, WitError> {
        let (desired, observed) = both_from_host::<P>(desired, observed)?;
        differences_to_host(P::diff(&desired, &observed))
    }

    fn planned(
        desired: Vec<wit::Desired>,
        observed: Vec<wit::Observation>,
    ) -> Result<Vec<wit::Observation>, WitError> {
        let (desired, observed) = both_from_host::<P>(desired, observed)?;
        let planned = P::planned(&desired, &observed).map_err(error_to_host)?;
        let to_host = |planned| match planned {
            Planned::Absent => wit::Observation::Absent,
            Planned::Present(attributes) => wit::Observation::Present(Json::Object(attributes).to_string()),
            Planned::Unreadable(error) => wit::Observation::Unreadable(error_to_host(error)),
        };
        Ok(planned.into_iter().map(to_host).collect())
    }

    fn check(desired: Vec<wit::Desired>) -> Result<Vec<wit::Difference>, WitError> {
        let desired = desired.into_iter().map(desired_from_host::<P>).collect::<Result<Vec<_>, _>>();
        differences_to_host(P::check(&desired.map_err(error_to_host)?))
    }

    fn apply(
        desired: Vec<wit::Desired>,
        observed: Vec<wit::Observation>,
    ) -> Vec<Result<wit::Outcome, WitError>> {
        let count = desired.len();
        let mut sorted = Sorted::<P>::default();
        let observed =
            aligned(observed.into_iter(), count, |error| wit::Observation::Unreadable(error_to_host(error)));
        for (position, (desired, observed)) in desired.into_iter().zip(observed).enumerate() {
            sorted.sort(position, desired, observed);
        }
        sorted.act(count).into_iter().map(outcome_to_host).collect()
    }

    fn remove(ids: Vec<String>) -> Vec<Result<wit::Outcome, WitError>> {
        let outcomes = P::remove(&ids);
        aligned(outcomes.into_iter(), ids.len(), Err).into_iter().map(outcome_to_host).collect()
    }

    fn perform(id: String, action: String, attributes: String) -> Result<wit::Outcome, WitError> {
        outcome_to_host(perform::<P>(&id, &action, &attributes))
    }

    fn watches(ids: Vec<String>) -> Result<Vec<wit::Watch>, WitError> {
        let watches = P::watches(&ids).map_err(error_to_host)?;
        Ok(watches.into_iter().map(watch_to_host).collect())
    }
}

fn perform<P: Provider>(id: &str, action: &str, attributes: &str) -> Result<Outcome, Error> {
    if !P::ACTIONS.contains(&action) {
        let known = P::ACTIONS.join("`, `");
        let known = if known.is_empty() { "none".to_owned() } else { format!("`{known}`") };
        return Err(Error::unsupported(format!(
            "the collection `{}` has no action `{action}`; it has {known}",
            P::COLLECTION
        )));
    }
    let nothing = matches!(attributes.trim(), "" | "null");
    let attributes = attributes::parse(if nothing { "{}" } else { attributes })?;
    P::validate(id, &attributes)?;
    P::perform(id, action, attributes)
}

/// A batch to apply, sorted by what is to be done with each; positions lead back.
struct Sorted<P: Provider> {
    present: Vec<Resource<P::Attributes>>,
    observed: Vec<Observation<P::Attributes>>,
    present_positions: Vec<usize>,
    absent: Vec<String>,
    absent_positions: Vec<usize>,
    refused: Vec<(usize, Error)>,
}

impl<P: Provider> Default for Sorted<P> {
    fn default() -> Self {
        Self {
            present: Vec::new(),
            observed: Vec::new(),
            present_positions: Vec::new(),
            absent: Vec::new(),
            absent_positions: Vec::new(),
            refused: Vec::new(),
        }
    }
}

impl<P: Provider> Sorted<P> {
    fn sort(&mut self, position: usize, desired: wit::Desired, observed: wit::Observation) {
        match desired_from_host::<P>(desired) {
            Err(error) => self.refused.push((position, error)),
            Ok(Desired { id, state: State::Absent }) => {
                self.absent.push(id);
                self.absent_positions.push(position);
            }
            Ok(Desired { id, state: State::Present(attributes) }) => {
                self.present.push(Resource { id, attributes });
                self.observed.push(observation_from_host::<P>(observed));
                self.present_positions.push(position);
            }
        }
    }

    fn act(self, count: usize) -> Vec<Result<Outcome, Error>> {
        let mut outcomes: Vec<Option<Result<Outcome, Error>>> = (0..count).map(|_| None).collect();
        let removed = if self.absent.is_empty() { Vec::new() } else { P::remove(&self.absent) };
        let applied =
            if self.present.is_empty() { Vec::new() } else { P::apply(&self.present, &self.observed) };
        let removed = aligned(removed.into_iter(), self.absent_positions.len(), Err);
        let applied = aligned(applied.into_iter(), self.present_positions.len(), Err);
        let answers = self.absent_positions.into_iter().zip(removed);
        let answers = answers.chain(self.present_positions.into_iter().zip(applied));
        for (position, outcome) in answers {
            outcomes[position] = Some(outcome);
        }
        for (position, error) in self.refused {
            outcomes[position] = Some(Err(error));
        }
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| Err(no_answer()))).collect()
    }
}

/// Makes as many answers as were asked for, whatever the provider returned.
fn aligned<T>(answers: impl Iterator<Item = T>, count: usize, missing: impl Fn(Error) -> T) -> Vec<T> {
    let mut answers: Vec<T> = answers.take(count).collect();
    while answers.len() < count {
        answers.push(missing(no_answer()));
    }
    answers
}

fn no_answer() -> Error {
    Error::failed("the provider gave no answer for this resource")
}

type Both<P> = (Vec<Desired<<P as Provider>::Attributes>>, Vec<Observation<<P as Provider>::Attributes>>);

fn both_from_host<P: Provider>(
    desired: Vec<wit::Desired>,
    observed: Vec<wit::Observation>,
) -> Result<Both<P>, WitError> {
    if desired.len() != observed.len() {
        let message = format!("{} resources came with {} observations", desired.len(), observed.len());
        return Err(error_to_host(Error::failed(message)));
    }
    let desired = desired.into_iter().map(desired_from_host::<P>).collect::<Result<Vec<_>, _>>();
    let observed = observed.into_iter().map(observation_from_host::<P>).collect();
    Ok((desired.map_err(error_to_host)?, observed))
}

fn desired_from_host<P: Provider>(desired: wit::Desired) -> Result<Desired<P::Attributes>, Error> {
    let wit::Desired { id, state } = desired;
    let state = match state {
        wit::State::Absent => State::Absent,
        wit::State::Present(json) => {
            let attributes = attributes::parse(&json).and_then(|attributes| {
                P::validate(&id, &attributes)?;
                Ok(attributes)
            });
            State::Present(attributes.map_err(|error| of_resource(error, &id))?)
        }
    };
    Ok(Desired { id, state })
}

/// In a batch it must be said whose attributes are meant.
fn of_resource(error: Error, id: &str) -> Error {
    match error {
        Error::Invalid { pointer, message } => {
            Error::Invalid { pointer, message: format!("{message} (in `{id}`)") }
        }
        other => other,
    }
}

fn observation_from_host<P: Provider>(observation: wit::Observation) -> Observation<P::Attributes> {
    match observation {
        wit::Observation::Absent => Observation::Absent,
        wit::Observation::Unreadable(error) => Observation::Unreadable(error_from_host(error)),
        wit::Observation::Present(json) => match known_attributes(&json) {
            Ok(attributes) => Observation::Present(attributes),
            Err(error) => Observation::Unreadable(error.context("the observation is not the provider's own")),
        },
    }
}

/// Parses observed attributes. A planned observation marks what only applying can tell: that is not observed.
fn known_attributes<A: serde::de::DeserializeOwned>(json: &str) -> Result<A, Error> {
    if !json.contains("\"unknown\"") {
        return attributes::parse(json);
    }
    let mut value: Json = attributes::parse(json)?;
    drop_unknown(&mut value);
    attributes::parse(&value.to_string())
}

fn drop_unknown(value: &mut Json) {
    if let Json::Object(members) = value {
        members.retain(|_, member| !is_unknown(member));
        members.values_mut().for_each(drop_unknown);
    }
}

fn observation_to_host<P: Provider>(observation: Observation<P::Attributes>) -> wit::Observation {
    match observation {
        Observation::Absent => wit::Observation::Absent,
        Observation::Unreadable(error) => wit::Observation::Unreadable(error_to_host(error)),
        Observation::Present(attributes) => match serde_json::to_string(&attributes) {
            Ok(json) => wit::Observation::Present(json),
            Err(error) => wit::Observation::Unreadable(error_to_host(Error::failed(format!(
                "the observation cannot be written as JSON: {error}"
            )))),
        },
    }
}

fn differences_to_host(
    differences: Result<Vec<Difference>, Error>,
) -> Result<Vec<wit::Difference>, WitError> {
    let to_host = |Difference { index, pointer, before, after }: Difference| wit::Difference {
        index: position(index),
        pointer,
        before: before.map(value_to_host),
        after: after.map(value_to_host),
    };
    Ok(differences.map_err(error_to_host)?.into_iter().map(to_host).collect())
}

fn value_to_host(value: Value) -> wit::Value {
    match value {
        Value::Known(json) => wit::Value::Known(json.to_string()),
        Value::KnownAfterApply => wit::Value::KnownAfterApply,
        Value::Opaque => wit::Value::Opaque,
    }
}

fn outcome_to_host(outcome: Result<Outcome, Error>) -> Result<wit::Outcome, WitError> {
    let Outcome { changed, message } = outcome.map_err(error_to_host)?;
    Ok(wit::Outcome { changed, message })
}

fn watch_to_host(Watch { path, extent, indices }: Watch) -> wit::Watch {
    let extent = match extent {
        Extent::Itself => wit::Extent::Itself,
        Extent::Entries => wit::Extent::Entries,
    };
    wit::Watch { path, extent, indices: indices.into_iter().map(position).collect() }
}

/// A component's memory holds fewer resources than 32 bits can count.
fn position(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
