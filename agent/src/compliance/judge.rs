//! Looks at resources of one collection and says how they stand.

use std::sync::Arc;

use hostwright_protocol::messages::{Alert, ResourceRef, ResourceState};

use crate::clock;
use crate::provider::{Desired, Error, Provider};
use crate::showing;
use crate::survey;

/// One resource that is watched.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub(super) reference: ResourceRef,
    pub(super) desired: Desired,
    pub(super) is_sensitive: bool,
    /// It is what stands at the path that is its id, as far as its provider says.
    pub(super) is_path: bool,
}

/// Judges resources, by position. Nothing is said of one on which somebody else holds a lock: it may be half-way.
pub(super) async fn judge(provider: &Arc<dyn Provider>, watched: &[&Watched]) -> Vec<Option<ResourceState>> {
    let desired: Vec<Desired> = watched.iter().map(|one| one.desired.clone()).collect();
    let suspects: Vec<usize> = match provider.check(&desired).await {
        Ok(differences) => {
            let mut suspects: Vec<usize> =
                differences.iter().map(|difference| difference.index as usize).collect();
            suspects.dedup();
            suspects
        }
        Err(Error::Busy(_)) => return vec![None; watched.len()],
        // One of them may be what the call could not bear; the others are judged.
        Err(_) => (0..watched.len()).collect(),
    };
    let mut states = vec![Some(ResourceState::Compliant); watched.len()];
    if suspects.is_empty() {
        return states;
    }
    // Looked at once more, so that what is told as observed and what differs are of one moment.
    let desired: Vec<Desired> = suspects.iter().map(|index| watched[*index].desired.clone()).collect();
    let ids: Vec<String> = desired.iter().map(|one| one.id.clone()).collect();
    let observed = survey::read(provider, &ids).await;
    let surveyed = survey::compare(provider, desired, observed).await;
    for (index, surveyed) in suspects.into_iter().zip(surveyed) {
        let is_sensitive = watched[index].is_sensitive;
        states[index] = match surveyed {
            Err(Error::Busy(_)) => None,
            Err(error) => Some(ResourceState::Unreadable { error: error.to_string() }),
            Ok(surveyed) if surveyed.is_nothing_to_do() => Some(ResourceState::Compliant),
            Ok(surveyed) => Some(ResourceState::Drifted(Alert {
                expected: showing::expected(&surveyed.desired.state, is_sensitive),
                observed: showing::observed(&surveyed.before, is_sensitive),
                differences: showing::differences(&surveyed.differences, is_sensitive),
                since: clock::now(),
            })),
        };
    }
    states
}
