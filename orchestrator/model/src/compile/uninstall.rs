//! Uninstalling an application: first its own actions, then what it declared, in the reverse order.

use std::cmp::Reverse;

use hostwright_protocol::messages::{Operation, ResourceRef};

use super::actions::{self, Debt};
use super::blueprint::Blueprint;
use super::task::{Tasks, apply};
use super::{CompileError, Compiled, rank};
use crate::application::Trigger;
use crate::desired::DesiredResource;
use crate::ids::ApplicationId;

pub(super) fn compile(
    blueprint: &Blueprint<'_>,
    application: ApplicationId,
) -> Result<Compiled, CompileError> {
    let placed = blueprint.placed(application)?;
    let mut tasks = Tasks::after(blueprint.desired);
    // The scripts that these actions run leave with the files, below.
    let on_error = actions::triggered(blueprint, &mut tasks, &[placed], &Trigger::Uninstall, Debt::None)?;

    let member = application.to_string();
    let mut declared: Vec<(ResourceRef, DesiredResource)> = (tasks.desired().iter())
        .filter(|(_, desired)| desired.applications.contains(&member))
        .map(|(resource, desired)| (resource.clone(), desired.clone()))
        .collect();
    // Within a collection the last first, so that what a directory holds goes before it.
    declared.sort_by_key(|(resource, _)| Reverse((rank::of(&resource.collection), resource.id.clone())));
    for (resource, desired) in declared {
        let DesiredResource { attributes, mut applications, label, sensitive: _ } = desired;
        applications.retain(|other| *other != member);
        if applications.is_empty() {
            tasks.add("remove", &label, resource, Operation::Remove { even_if_adopted: false });
        } else {
            tasks.add("keep", &label, resource, apply(attributes, &applications, None));
        }
    }
    Ok(tasks.finish(format!("Uninstall {}", placed.application.name), on_error))
}
