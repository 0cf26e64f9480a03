//! Actions of handlers as tasks.

use hostwright_protocol::messages::{OnError, ResourceRef};

use super::blueprint::{Blueprint, PlacedApplication};
use super::declare::{self, Declared};
use super::task::{Tasks, agree, perform};
use super::{CompileError, Compiled};
use crate::application::{Action, Handler, Trigger};
use crate::ids::ApplicationId;
use crate::names::ResourceName;
use crate::template::resource;

/// A handler that is to run.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) placed: &'a PlacedApplication,
    pub(super) handler: &'a Handler,
}

/// Whether actions are still due if their change fails before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Debt {
    /// They are.
    Owed,
    /// They are not.
    None,
}

/// A task that an action becomes.
#[derive(Clone)]
enum Planned<'a> {
    Update { placed: &'a PlacedApplication, declared: Box<Declared> },
    Perform { resource: ResourceRef, label: String, action: &'static str },
}

/// A handler's action, and the handler's earlier ones without which it makes no sense.
struct Item<'a> {
    planned: Planned<'a>,
    requires: Vec<ResourceRef>,
}

pub(super) fn run(
    blueprint: &Blueprint<'_>,
    application: ApplicationId,
    name: &ResourceName,
) -> Result<Compiled, CompileError> {
    let placed = blueprint.placed(application)?;
    let handler = placed.application.handlers.iter().find(|handler| handler.name.as_ref() == Some(name));
    let handler = handler.ok_or_else(|| CompileError::NoSuchResource {
        application: placed.application.name.clone(),
        kind: "handler",
        name: name.clone(),
    })?;
    let mut tasks = Tasks::after(blueprint.desired);
    let on_error = add(blueprint, &mut tasks, &[Step { placed, handler }], Debt::None)?;
    Ok(tasks.finish(format!("Run handler {name} of {}", placed.application.name), on_error))
}

pub(super) fn act(
    blueprint: &Blueprint<'_>,
    application: ApplicationId,
    action: &Action,
) -> Result<Compiled, CompileError> {
    let placed = blueprint.placed(application)?;
    let handler = Handler { name: None, on: Vec::new(), actions: vec![action.clone()] };
    let mut tasks = Tasks::after(blueprint.desired);
    let on_error = add(blueprint, &mut tasks, &[Step { placed, handler: &handler }], Debt::None)?;
    let mut verb = action.verb().to_owned();
    verb[..1].make_ascii_uppercase();
    let name = match action {
        Action::Update(name) | Action::Execute(name) | Action::Restart(name) | Action::Reload(name) => {
            name.as_str()
        }
        Action::Continue => "",
    };
    Ok(tasks.finish(format!("{verb} {name} of {}", placed.application.name), on_error))
}

/// Adds what applications do at an occasion.
pub(super) fn triggered(
    blueprint: &Blueprint<'_>,
    tasks: &mut Tasks,
    applications: &[&PlacedApplication],
    trigger: &Trigger,
    debt: Debt,
) -> Result<OnError, CompileError> {
    let mut steps = Vec::new();
    for placed in applications {
        let handlers = placed.application.handlers.iter().filter(|handler| handler.on.contains(trigger));
        steps.extend(handlers.map(|handler| Step { placed, handler }));
    }
    add(blueprint, tasks, &steps, debt)
}

/// Adds the actions of handlers, in their order.
///
/// What several handlers ask for happens once: a file is updated where it is first asked for, a service is restarted and a
/// script is run where it is last asked for, and a restart is a reload, too. With `continue` somewhere, a failure stops
/// only those that come after it in the same handler and before its `continue`.
pub(super) fn add(
    blueprint: &Blueprint<'_>,
    tasks: &mut Tasks,
    steps: &[Step<'_>],
    debt: Debt,
) -> Result<OnError, CompileError> {
    let mut items: Vec<Item<'_>> = Vec::new();
    let mut goes_on = false;
    for step in steps {
        let mut requires: Vec<ResourceRef> = Vec::new();
        for action in &step.handler.actions {
            let Some(planned) = plan(blueprint, step.placed, action)? else {
                goes_on = true;
                requires.clear();
                continue;
            };
            let resource = planned.resource().clone();
            insert(&mut items, Item { planned, requires: requires.clone() });
            requires.push(resource);
        }
    }
    let on_error = if goes_on { OnError::Continue } else { OnError::Stop };
    let mut numbers: Vec<(ResourceRef, u32)> = Vec::new();
    for Item { planned, requires } in items {
        let resource = planned.resource().clone();
        let Some(number) = add_one(blueprint, tasks, planned, debt)? else { continue };
        if goes_on {
            let required = numbers.iter().filter(|(resource, _)| requires.contains(resource));
            tasks.require(number, required.map(|(_, number)| *number).collect());
        }
        numbers.push((resource, number));
    }
    Ok(on_error)
}

fn plan<'a>(
    blueprint: &Blueprint<'_>,
    placed: &'a PlacedApplication,
    action: &Action,
) -> Result<Option<Planned<'a>>, CompileError> {
    let application = &placed.application;
    let missing = |kind, name: &ResourceName| CompileError::NoSuchResource {
        application: application.name.clone(),
        kind,
        name: name.clone(),
    };
    let variables = blueprint.variables(placed);
    let file = |name| application.file(name).ok_or_else(|| missing("file", name));
    let service = |name| application.service(name).ok_or_else(|| missing("service", name));
    Ok(Some(match action {
        Action::Update(name) => {
            let declared = Box::new(declare::file(blueprint, placed, file(name)?, &variables)?);
            Planned::Update { placed, declared }
        }
        Action::Execute(name) => Planned::Perform {
            resource: resource("executables", declare::path(placed, file(name)?, &variables)?),
            label: format!("file {name}"),
            action: "execute",
        },
        Action::Restart(name) | Action::Reload(name) => {
            let unit = declare::unit(placed, service(name)?, &variables)?;
            let label = format!("service {unit}");
            let action = if matches!(action, Action::Restart(_)) { "restart" } else { "reload" };
            Planned::Perform { resource: resource("services", unit), label, action }
        }
        Action::Continue => return Ok(None),
    }))
}

fn insert<'a>(items: &mut Vec<Item<'a>>, mut item: Item<'a>) {
    let Some(earlier) = items.iter().position(|other| other.planned.is_alike(&item.planned)) else {
        items.push(item);
        return;
    };
    let Planned::Perform { action, .. } = &mut item.planned else { return };
    let removed = items.remove(earlier);
    if let Planned::Perform { action: "restart", .. } = removed.planned {
        *action = "restart";
    }
    item.requires.extend(removed.requires);
    items.push(item);
}

fn add_one(
    blueprint: &Blueprint<'_>,
    tasks: &mut Tasks,
    planned: Planned<'_>,
    debt: Debt,
) -> Result<Option<u32>, CompileError> {
    match planned {
        Planned::Update { placed, declared } => {
            // An installation has just brought the file.
            if tasks.applies(&declared.resource) {
                return Ok(None);
            }
            let members = members_after(blueprint, tasks, placed, &declared)?;
            Ok(Some(tasks.apply("update", *declared, &members, None)))
        }
        Planned::Perform { resource, label, action } => {
            Ok(Some(tasks.add(action, &label, resource, perform(action, debt == Debt::Owed))))
        }
    }
}

/// The applications that declare a resource once one of them has updated it; the others must want it so, too.
pub(super) fn members_after(
    blueprint: &Blueprint<'_>,
    tasks: &Tasks,
    placed: &PlacedApplication,
    declared: &Declared,
) -> Result<Vec<ApplicationId>, CompileError> {
    let id = placed.application.id;
    let mut members = vec![id];
    let existing = tasks.desired().get(&declared.resource);
    let owners = existing.map_or(&[][..], |existing| existing.applications.as_slice());
    for other in blueprint.applications {
        if other.application.id == id || !owners.contains(&other.application.id.to_string()) {
            continue;
        }
        for wanted in declare::all(blueprint, other)? {
            if wanted.resource == declared.resource {
                let other_id = other.application.id.to_string();
                agree(
                    blueprint,
                    &declared.resource,
                    (&other_id, &wanted.attributes),
                    (id, &declared.attributes),
                )?;
                members.push(other.application.id);
            }
        }
    }
    Ok(members)
}

impl Planned<'_> {
    fn resource(&self) -> &ResourceRef {
        match self {
            Self::Update { declared, .. } => &declared.resource,
            Self::Perform { resource, .. } => resource,
        }
    }

    /// Whether two are one: resources of different collections never are, so a script's update and its run are two.
    fn is_alike(&self, other: &Self) -> bool {
        self.resource() == other.resource()
    }
}
