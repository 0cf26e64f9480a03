//! Making tasks, numbered in order, while keeping what is desired up to date.

use hostwright_protocol::messages::{Membership, Monitor, OnError, Operation, Refresh, ResourceRef, Task};
use serde_json::{Value as Json, json};

use super::declare::Declared;
use super::{Blueprint, CompileError, Compiled};
use crate::blob::Blob;
use crate::desired::DesiredSet;
use crate::ids::ApplicationId;

/// Tasks in the making.
pub(super) struct Tasks {
    made: Vec<Task>,
    blobs: Vec<Blob>,
    desired: DesiredSet,
}

impl Tasks {
    /// Begins with what is desired before.
    pub(super) fn after(desired: &DesiredSet) -> Self {
        Self { made: Vec::new(), blobs: Vec::new(), desired: desired.clone() }
    }

    pub(super) fn desired(&self) -> &DesiredSet {
        &self.desired
    }

    pub(super) fn applies(&self, resource: &ResourceRef) -> bool {
        let same =
            |task: &Task| task.resource == *resource && matches!(task.operation, Operation::Apply { .. });
        self.made.iter().any(same)
    }

    /// Adds a task and returns its number.
    pub(super) fn add(
        &mut self,
        verb: &str,
        label: &str,
        resource: ResourceRef,
        operation: Operation,
    ) -> u32 {
        let number = u32::try_from(self.made.len()).unwrap_or(u32::MAX);
        let task = Task {
            number,
            description: format!("{verb} {label}"),
            resource,
            operation,
            requires: Vec::new(),
        };
        self.desired.advance(&task);
        self.made.push(task);
        number
    }

    /// Adds a task that makes a resource as declared.
    pub(super) fn apply(
        &mut self,
        verb: &str,
        declared: Declared,
        members: &[ApplicationId],
        refresh: Option<Refresh>,
    ) -> u32 {
        let Declared { resource, label, attributes, blob } = declared;
        self.blobs.extend(blob);
        self.add(verb, &label, resource, apply(attributes, &names_of(members), refresh))
    }

    pub(super) fn require(&mut self, number: u32, required: Vec<u32>) {
        if let Some(task) = self.made.iter_mut().find(|task| task.number == number) {
            task.requires = required;
        }
    }

    pub(super) fn finish(self, description: String, on_error: OnError) -> Compiled {
        let Self { made: tasks, mut blobs, desired } = self;
        blobs.sort_by_key(Blob::digest);
        blobs.dedup();
        Compiled { description, tasks, remove: Vec::new(), on_error, blobs, desired }
    }
}

/// An operation that makes a resource so.
pub(super) fn apply(attributes: Json, members: &[String], refresh: Option<Refresh>) -> Operation {
    Operation::Apply {
        attributes,
        monitor: Monitor::Keep,
        membership: Membership { applications: members.to_vec() },
        sensitive: false,
        refresh,
    }
}

/// An operation that does something; `owed` survives a failure before it.
pub(super) fn perform(action: &str, owed: bool) -> Operation {
    Operation::Perform { action: action.to_owned(), attributes: json!({}), owed }
}

/// Applications are known to agents by id, so that a rename changes nothing there.
pub(super) fn names_of(members: &[ApplicationId]) -> Vec<String> {
    let mut names: Vec<String> = members.iter().map(ToString::to_string).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Refuses if two want the same resource to be different.
pub(super) fn agree(
    blueprint: &Blueprint<'_>,
    resource: &ResourceRef,
    (one, wanted): (&str, &Json),
    (other, other_wanted): (ApplicationId, &Json),
) -> Result<(), CompileError> {
    if wanted == other_wanted {
        return Ok(());
    }
    let name_of = |id: &str| {
        let placed = blueprint.applications.iter().find(|placed| placed.application.id.to_string() == id);
        placed.map_or_else(|| id.to_owned(), |placed| placed.application.name.to_string())
    };
    Err(CompileError::Conflict {
        resource: resource.clone(),
        one: name_of(one),
        other: name_of(&other.to_string()),
        attribute: difference(wanted, other_wanted),
    })
}

/// The first attribute in which two differ.
fn difference(one: &Json, other: &Json) -> String {
    let (Json::Object(one), Json::Object(other)) = (one, other) else { return String::new() };
    let names = one.keys().chain(other.keys());
    let mut differing = names.filter(|name| one.get(*name) != other.get(*name));
    differing.next().cloned().unwrap_or_default()
}
