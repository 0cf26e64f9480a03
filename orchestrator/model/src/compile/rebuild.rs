//! Everything anew: as the blueprint says now, or as it was said before.

use std::collections::BTreeSet;

use hostwright_protocol::messages::{OnError, Operation, ResourceRef, Task};

use super::blueprint::Blueprint;
use super::install::{apply_all, merge};
use super::task::{Tasks, apply};
use super::{CompileError, Compiled, rank};
use crate::desired::DesiredSet;

pub(super) fn compile(blueprint: &Blueprint<'_>) -> Result<Compiled, CompileError> {
    let merged = merge(blueprint, &blueprint.in_order())?;
    let declared: BTreeSet<&ResourceRef> = merged.iter().map(|merged| &merged.declared.resource).collect();
    let gone = blueprint
        .desired
        .iter()
        .map(|(resource, _)| resource)
        .filter(|resource| !declared.contains(resource));
    let mut remove: Vec<ResourceRef> = gone.cloned().collect();
    remove.reverse();
    let mut tasks = Tasks::after(&DesiredSet::default());
    apply_all(&mut tasks, merged);
    let compiled = tasks.finish(format!("Rebuild {}", blueprint.host.name), OnError::Stop);
    Ok(Compiled { remove, ..compiled })
}

/// Returns the tasks that make everything as it is desired already, for an agent that lost count. Nothing is rendered, no
/// action runs.
pub fn resync(desired: &DesiredSet) -> Vec<Task> {
    let mut resources: Vec<_> = desired.iter().collect();
    resources.sort_by_key(|(resource, _)| rank::of(&resource.collection));
    let tasks = resources.into_iter().enumerate().map(|(number, (resource, desired))| {
        let operation = match apply(desired.attributes.clone(), &desired.applications, None) {
            Operation::Apply { attributes, monitor, membership, sensitive: _, refresh } => {
                Operation::Apply { attributes, monitor, membership, sensitive: desired.sensitive, refresh }
            }
            other => other,
        };
        Task {
            number: u32::try_from(number).unwrap_or(u32::MAX),
            description: format!("add {}", desired.label),
            resource: resource.clone(),
            operation,
            requires: Vec::new(),
        }
    });
    tasks.collect()
}
