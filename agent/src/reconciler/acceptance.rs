//! Judges whether a change may begin, and what the desired set is after it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use hostwright_protocol::messages::{Change, ChangeOutcome, Monitor, Operation, ResourceRef, Resync};

use crate::ledger::{Before, Resource, Standing, desired_digest};

/// What a change is judged by.
pub(super) struct Present<'a> {
    /// The agent's generation.
    pub(super) generation: u64,
    /// Everything that the agent was told of.
    pub(super) resources: &'a [Resource],
    /// On which expiry is judged; nothing before the first verified message.
    pub(super) bus_time: Option<DateTime<Utc>>,
    /// The machine's clock, only to be named.
    pub(super) machine_time: DateTime<Utc>,
    /// A later message cancels it.
    pub(super) is_cancelled: bool,
}

/// Judges a change.
///
/// # Errors
///
/// The outcome with which it ends without having begun.
pub(super) fn judge_change(change: &Change, present: &Present<'_>) -> Result<Vec<Resource>, ChangeOutcome> {
    if present.is_cancelled {
        return Err(ChangeOutcome::Cancelled);
    }
    judge_time(change, present)?;
    if change.follows != present.generation {
        return Err(ChangeOutcome::OutOfStep {
            error: format!(
                "it follows generation {}, the agent is at {}",
                change.follows, present.generation
            ),
        });
    }
    let after = resources_after(change, &[], present.resources);
    let digest = desired_digest(&after);
    if digest != change.desired_digest {
        return Err(ChangeOutcome::OutOfStep {
            error: format!(
                "after it the desired set would have digest {digest}, but the orchestrator expects {}",
                change.desired_digest
            ),
        });
    }
    Ok(after)
}

/// Judges a resync: it follows nothing, but it expires and can be cancelled like a change.
///
/// # Errors
///
/// The outcome with which it ends without having begun.
pub(super) fn judge_resync(resync: &Resync, present: &Present<'_>) -> Result<Vec<Resource>, ChangeOutcome> {
    if present.is_cancelled {
        return Err(ChangeOutcome::Cancelled);
    }
    judge_time(&resync.change, present)?;
    if resync.change.generation < present.generation {
        return Err(ChangeOutcome::OutOfStep {
            error: format!(
                "it is of generation {}, the agent is at {} already",
                resync.change.generation, present.generation
            ),
        });
    }
    let listed: BTreeSet<&ResourceRef> = resync
        .change
        .tasks
        .iter()
        .filter(|task| matches!(task.operation, Operation::Apply { .. }))
        .map(|task| &task.resource)
        .collect();
    let known: Vec<Resource> = present
        .resources
        .iter()
        // What is neither listed nor to be removed is released: forgotten, and left as it is.
        .filter(|r| listed.contains(&r.reference) || resync.remove.contains(&r.reference))
        .cloned()
        .collect();
    Ok(resources_after(&resync.change, &resync.remove, &known))
}

fn judge_time(change: &Change, present: &Present<'_>) -> Result<(), ChangeOutcome> {
    match present.bus_time {
        Some(bus_time) if bus_time > change.expires => Err(ChangeOutcome::Expired {
            error: format!(
                "it expired at {}; it is {bus_time} on the bus, {} on the machine",
                change.expires, present.machine_time
            ),
        }),
        _ => Ok(()),
    }
}

/// Returns everything that the agent has to know once the change has begun.
fn resources_after(change: &Change, also_leaving: &[ResourceRef], known: &[Resource]) -> Vec<Resource> {
    let mut after: BTreeMap<ResourceRef, Resource> =
        known.iter().map(|resource| (resource.reference.clone(), resource.clone())).collect();
    for reference in also_leaving {
        if let Some(resource) = after.get_mut(reference) {
            resource.standing = Standing::Leaving;
        }
    }
    for task in &change.tasks {
        match &task.operation {
            Operation::Apply { attributes, monitor, membership, sensitive, refresh: _ } => {
                let known = after.get(&task.resource);
                let resource = Resource {
                    reference: task.resource.clone(),
                    attributes: attributes.clone(),
                    standing: match known {
                        Some(known) if known.standing == Standing::Applied => Standing::Applied,
                        _ => Standing::Accepted,
                    },
                    is_monitored: match monitor {
                        Monitor::Keep => known.is_none_or(|known| known.is_monitored),
                        Monitor::On => true,
                        Monitor::Off => false,
                    },
                    membership: membership.clone(),
                    is_sensitive: *sensitive,
                    before: known.map_or(Before::Unseen, |known| known.before.clone()),
                };
                after.insert(task.resource.clone(), resource);
            }
            Operation::Remove { .. } | Operation::Release => {
                if let Some(resource) = after.get_mut(&task.resource) {
                    resource.standing = Standing::Leaving;
                }
            }
            Operation::Perform { .. } => {}
        }
    }
    after.into_values().collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use hostwright_protocol::desired_set;
    use hostwright_protocol::ids::ChangeId;
    use hostwright_protocol::messages::{Membership, OnError, Task};
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::clock;

    fn file(id: &str) -> ResourceRef {
        ResourceRef { collection: "files".into(), id: id.into() }
    }

    fn apply(number: u32, id: &str, attributes: Json) -> Task {
        let operation = Operation::Apply {
            attributes,
            monitor: Monitor::Keep,
            membership: Membership::default(),
            sensitive: false,
            refresh: None,
        };
        Task { number, description: String::new(), resource: file(id), operation, requires: Vec::new() }
    }

    fn change(follows: u64, tasks: Vec<Task>, digest_over: &[(&str, Json)]) -> Change {
        Change {
            id: ChangeId::from_uuid(clock::new_id()),
            description: "Install Web Server".into(),
            generation: follows + 1,
            follows,
            desired_digest: desired_set::digest(
                digest_over.iter().map(|(id, attributes)| (file(id), attributes)).collect::<Vec<_>>(),
            ),
            on_error: OnError::Stop,
            tasks,
            expires: clock::now() + TimeDelta::hours(1),
        }
    }

    fn at(generation: u64, resources: &[Resource]) -> Present<'_> {
        Present {
            generation,
            resources,
            bus_time: Some(clock::now()),
            machine_time: clock::now(),
            is_cancelled: false,
        }
    }

    fn known(id: &str) -> Resource {
        Resource {
            reference: file(id),
            attributes: json!({"mode": "0644"}),
            standing: Standing::Applied,
            is_monitored: false,
            membership: Membership::default(),
            is_sensitive: false,
            before: Before::Absent,
        }
    }

    #[test]
    fn a_change_that_follows_is_accepted_with_its_digest() {
        let add = apply(0, "/b", json!({"mode": "0600"}));
        let change =
            change(3, vec![add], &[("/a", json!({"mode": "0644"})), ("/b", json!({"mode": "0600"}))]);
        let after = judge_change(&change, &at(3, &[known("/a")])).unwrap();
        let standings: Vec<_> =
            after.iter().map(|r| (r.reference.id.as_str(), r.standing, r.is_monitored)).collect();
        assert_eq!(standings, [("/a", Standing::Applied, false), ("/b", Standing::Accepted, true)]);
    }

    #[test]
    fn another_generation_or_digest_is_out_of_step_and_says_both() {
        let wrong_generation = judge_change(&change(3, vec![], &[]), &at(2, &[])).unwrap_err();
        let ChangeOutcome::OutOfStep { error } = wrong_generation else { panic!() };
        assert_eq!(error, "it follows generation 3, the agent is at 2");
        let wrong_digest = judge_change(&change(2, vec![], &[("/x", json!({}))]), &at(2, &[])).unwrap_err();
        assert!(matches!(wrong_digest, ChangeOutcome::OutOfStep { .. }));
    }

    #[test]
    fn expiry_is_judged_on_bus_time_and_names_both_clocks() {
        let change = change(0, vec![], &[]);
        let mut present = at(0, &[]);
        present.machine_time += TimeDelta::days(4000);
        assert!(judge_change(&change, &present).is_ok(), "the machine's clock does not count");
        present.bus_time = Some(clock::now() + TimeDelta::hours(2));
        let ChangeOutcome::Expired { error } = judge_change(&change, &present).unwrap_err() else { panic!() };
        assert!(error.contains("on the bus") && error.contains("on the machine"), "{error}");
    }

    #[test]
    fn a_resync_releases_what_it_does_not_list_and_keeps_what_is_to_be_removed_as_leaving() {
        let resync = Resync {
            change: change(9, vec![apply(0, "/a", json!({"mode": "0644"}))], &[]),
            remove: vec![file("/b")],
        };
        let after = judge_resync(&resync, &at(2, &[known("/a"), known("/b"), known("/c")])).unwrap();
        let standings: Vec<_> = after.iter().map(|r| (r.reference.id.as_str(), r.standing)).collect();
        assert_eq!(standings, [("/a", Standing::Applied), ("/b", Standing::Leaving)]);
    }
}
