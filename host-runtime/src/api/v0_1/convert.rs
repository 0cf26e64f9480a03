//! Between the types of version 0.1 and the host's own.

use super::bindings::provider::exports::hostwright::provider::collection as wit;
use super::bindings::provider::hostwright::host::{exec, facts as wit_facts, files, types};
use crate::machine::{Entry, Facts, Kind, Metadata, Output};
use crate::provider::{
    Description, Desired, Difference, Extent, Listed, Observation, Outcome, ProviderError, State, Support,
    Value, Watch,
};

pub(super) fn error(error: ProviderError) -> types::Error {
    match error {
        ProviderError::Invalid { pointer, message } => {
            types::Error::Invalid(types::Invalid { pointer, message })
        }
        ProviderError::Unsupported(message) => types::Error::Unsupported(message),
        ProviderError::Denied { action, reason } => types::Error::Denied(types::Denied { action, reason }),
        ProviderError::Busy(message) => types::Error::Busy(message),
        ProviderError::Failed { message, command, status, output } => {
            types::Error::Failed(types::Failed { message, command, status, output })
        }
    }
}

pub(super) fn provider_error(error: types::Error) -> ProviderError {
    match error {
        types::Error::Invalid(types::Invalid { pointer, message }) => {
            ProviderError::Invalid { pointer, message }
        }
        types::Error::Unsupported(message) => ProviderError::Unsupported(message),
        types::Error::Denied(types::Denied { action, reason }) => ProviderError::Denied { action, reason },
        types::Error::Busy(message) => ProviderError::Busy(message),
        types::Error::Failed(types::Failed { message, command, status, output }) => {
            ProviderError::Failed { message, command, status, output }
        }
    }
}

pub(super) fn entry(entry: Entry) -> files::Entry {
    let Entry { kind, mode, uid, gid, size, links, digest, target } = entry;
    let kind = match kind {
        Kind::Absent => files::Kind::Absent,
        Kind::Regular => files::Kind::Regular,
        Kind::Directory => files::Kind::Directory,
        Kind::Symlink => files::Kind::Symlink,
        Kind::Other => files::Kind::Other,
    };
    files::Entry { kind, mode, uid, gid, size, links, digest: digest.map(words), target }
}

/// Four big-endian words.
fn words(digest: [u8; 32]) -> types::Digest {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(digest.as_chunks::<8>().0) {
        *word = u64::from_be_bytes(*bytes);
    }
    let [a, b, c, d] = words;
    types::Digest { a, b, c, d }
}

pub(super) fn metadata(metadata: files::Metadata) -> Metadata {
    let files::Metadata { mode, uid, gid } = metadata;
    Metadata { mode, uid, gid }
}

pub(super) fn output(output: Output) -> exec::Output {
    let Output { status, stdout, stderr, truncated } = output;
    exec::Output { status, stdout: stdout.into(), stderr: stderr.into(), truncated }
}

pub(super) fn facts(facts: &Facts) -> wit_facts::Facts {
    let Facts { os, os_version, os_like, architecture, init, programs, owners, more } = facts.clone();
    wit_facts::Facts { os, os_version, os_like, architecture, init, programs, owners, more }
}

pub(super) fn description(description: wit::Description) -> Description {
    let wit::Description { collection, schema_version, schema, provider, rank, actions } = description;
    Description { collection, schema_version, schema, provider, rank, actions }
}

pub(super) fn support(support: wit::Support) -> Support {
    match support {
        wit::Support::No(reason) => Support::No(reason),
        wit::Support::Yes(priority) => Support::Yes(priority),
    }
}

pub(super) fn observation(observation: wit::Observation) -> Observation {
    match observation {
        wit::Observation::Absent => Observation::Absent,
        wit::Observation::Present(attributes) => Observation::Present(attributes),
        wit::Observation::Unreadable(error) => Observation::Unreadable(provider_error(error)),
    }
}

pub(super) fn wit_observations(observations: &[Observation]) -> Vec<wit::Observation> {
    let wit_observation = |observation: &Observation| match observation.clone() {
        Observation::Absent => wit::Observation::Absent,
        Observation::Present(attributes) => wit::Observation::Present(attributes),
        Observation::Unreadable(reason) => wit::Observation::Unreadable(error(reason)),
    };
    observations.iter().map(wit_observation).collect()
}

pub(super) fn wit_desired(desired: &[Desired]) -> Vec<wit::Desired> {
    let wit_one = |desired: &Desired| {
        let Desired { id, state } = desired.clone();
        let state = match state {
            State::Absent => wit::State::Absent,
            State::Present(attributes) => wit::State::Present(attributes),
        };
        wit::Desired { id, state }
    };
    desired.iter().map(wit_one).collect()
}

pub(super) fn listed(listed: wit::Listed) -> Listed {
    let wit::Listed { id, observation: found } = listed;
    Listed { id, observation: observation(found) }
}

pub(super) fn difference(difference: wit::Difference) -> Difference {
    let wit::Difference { index, pointer, before, after } = difference;
    Difference { index, pointer, before: before.map(value), after: after.map(value) }
}

fn value(value: wit::Value) -> Value {
    match value {
        wit::Value::Known(json) => Value::Known(json),
        wit::Value::KnownAfterApply => Value::KnownAfterApply,
        wit::Value::Opaque => Value::Opaque,
    }
}

pub(super) fn outcome(outcome: Result<wit::Outcome, types::Error>) -> Result<Outcome, ProviderError> {
    outcome.map(|wit::Outcome { changed, message }| Outcome { changed, message }).map_err(provider_error)
}

pub(super) fn watch(watch: wit::Watch) -> Watch {
    let wit::Watch { path, extent, indices } = watch;
    let extent = match extent {
        wit::Extent::Itself => Extent::Itself,
        wit::Extent::Entries => Extent::Entries,
    };
    Watch { path, extent, indices }
}

/// Converts a list of answers, or the refusal of them all.
pub(super) fn all<A, B>(
    answers: Result<Vec<A>, types::Error>,
    convert: impl Fn(A) -> B,
) -> Result<Vec<B>, ProviderError> {
    answers.map(|answers| answers.into_iter().map(convert).collect()).map_err(provider_error)
}
