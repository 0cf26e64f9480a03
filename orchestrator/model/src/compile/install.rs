//! Installing applications.

use hostwright_protocol::messages::{Refresh, ResourceRef};

use super::actions::{self, Debt};
use super::blueprint::{Blueprint, PlacedApplication};
use super::declare::{self, Declared};
use super::task::{Tasks, agree};
use super::{CompileError, Compiled};
use crate::application::Trigger;
use crate::ids::ApplicationId;

/// What several applications declare together.
pub(super) struct Merged {
    pub(super) declared: Declared,
    pub(super) members: Vec<ApplicationId>,
}

pub(super) fn compile(
    blueprint: &Blueprint<'_>,
    applications: &[ApplicationId],
) -> Result<Compiled, CompileError> {
    for id in applications {
        blueprint.placed(*id)?;
    }
    let installed: Vec<&PlacedApplication> = (blueprint.in_order().into_iter())
        .filter(|placed| applications.contains(&placed.application.id))
        .collect();

    let mut merged = merge(blueprint, &installed)?;
    join_members(blueprint, &mut merged)?;
    let mut tasks = Tasks::after(blueprint.desired);
    apply_all(&mut tasks, merged);
    let on_error = actions::triggered(blueprint, &mut tasks, &installed, &Trigger::Install, Debt::Owed)?;

    let names: Vec<&str> = installed.iter().map(|placed| placed.application.name.as_str()).collect();
    Ok(tasks.finish(format!("Install {}", names.join(", ")), on_error))
}

/// Everything that some applications declare, by rank; what several declare alike is there once.
pub(super) fn merge(
    blueprint: &Blueprint<'_>,
    applications: &[&PlacedApplication],
) -> Result<Vec<Merged>, CompileError> {
    let mut merged: Vec<Merged> = Vec::new();
    for placed in applications {
        let id = placed.application.id;
        for declared in declare::all(blueprint, placed)? {
            let Some(other) = merged.iter_mut().find(|other| other.declared.resource == declared.resource)
            else {
                merged.push(Merged { declared, members: vec![id] });
                continue;
            };
            let first = other.members.first().map(ToString::to_string).unwrap_or_default();
            let wanted = (first.as_str(), &other.declared.attributes);
            agree(blueprint, &declared.resource, wanted, (id, &declared.attributes))?;
            if !other.members.contains(&id) {
                other.members.push(id);
            }
        }
    }
    merged.sort_by_key(|merged| merged.declared.rank());
    Ok(merged)
}

/// Adds the applications that declared the same before, and refuses if they did it differently.
fn join_members(blueprint: &Blueprint<'_>, merged: &mut [Merged]) -> Result<(), CompileError> {
    for Merged { declared, members } in merged {
        let Some(existing) = blueprint.desired.get(&declared.resource) else { continue };
        for other in others(existing.applications.as_slice(), members) {
            let member = members.first().copied().unwrap_or(other);
            let wanted = (other.to_string(), &existing.attributes);
            agree(blueprint, &declared.resource, (&wanted.0, wanted.1), (member, &declared.attributes))?;
            members.push(other);
        }
    }
    Ok(())
}

fn others(applications: &[String], members: &[ApplicationId]) -> Vec<ApplicationId> {
    let ids = applications.iter().filter_map(|id| id.parse().ok());
    ids.filter(|id| !members.contains(id)).collect()
}

/// Applies everything by rank. A service that was running already is restarted once if a file or package of an
/// application that declares it has changed.
pub(super) fn apply_all(tasks: &mut Tasks, merged: Vec<Merged>) {
    let mut done: Vec<(u32, ResourceRef, Vec<ApplicationId>)> = Vec::new();
    for Merged { declared, members } in merged {
        let refresh =
            (declared.resource.collection == "services").then(|| refreshed_by(&done, &members)).flatten();
        let resource = declared.resource.clone();
        let number = tasks.apply("add", declared, &members, refresh);
        done.push((number, resource, members));
    }
}

fn refreshed_by(
    done: &[(u32, ResourceRef, Vec<ApplicationId>)],
    members: &[ApplicationId],
) -> Option<Refresh> {
    let matters = |(_, resource, owners): &&(u32, ResourceRef, Vec<ApplicationId>)| {
        matches!(resource.collection.as_str(), "files" | "packages")
            && owners.iter().any(|owner| members.contains(owner))
    };
    let when_changed: Vec<u32> = done.iter().filter(matters).map(|(number, ..)| *number).collect();
    let nothing = when_changed.is_empty();
    (!nothing).then(|| Refresh { action: "restart".to_owned(), when_changed })
}
