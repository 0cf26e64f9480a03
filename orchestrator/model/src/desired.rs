//! What is desired of a host: every resource that its agent was told to bring about.

use std::collections::BTreeMap;

use hostwright_protocol::messages::{Membership, Operation, ResourceRef, Task};
use serde_json::Value as Json;

/// Everything that is desired of one host.
///
/// It moves only by tasks, here as on the machine: what is stored is what the agent was told by changes that ended, and a
/// new change is compiled against that and the tasks of every change that is still open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DesiredSet {
    resources: BTreeMap<ResourceRef, DesiredResource>,
}

/// What is desired of one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct DesiredResource {
    /// Only what is given is compared and set.
    pub attributes: Json,
    /// Names of the applications that declare it; it leaves with the last.
    pub applications: Vec<String>,
    /// For people, e.g. `file site.conf`.
    pub label: String,
    /// Nothing of it is shown anywhere.
    pub sensitive: bool,
}

impl DesiredSet {
    /// Returns what is desired of one resource.
    pub fn get(&self, resource: &ResourceRef) -> Option<&DesiredResource> {
        self.resources.get(resource)
    }

    /// Desires something of a resource.
    pub fn insert(&mut self, resource: ResourceRef, desired: DesiredResource) {
        self.resources.insert(resource, desired);
    }

    /// Desires nothing of a resource any more.
    pub fn remove(&mut self, resource: &ResourceRef) -> Option<DesiredResource> {
        self.resources.remove(resource)
    }

    /// Returns all of it, in the order of collections and ids.
    pub fn iter(&self) -> impl Iterator<Item = (&ResourceRef, &DesiredResource)> {
        self.resources.iter()
    }

    /// Returns how many resources there are.
    pub fn len(&self) -> usize {
        self.resources.len()
    }

    /// Returns whether nothing is desired.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// Moves on by a task, as the agent does.
    pub fn advance(&mut self, task: &Task) {
        match &task.operation {
            Operation::Apply { attributes, membership, sensitive, .. } => {
                let Membership { applications } = membership;
                let desired = DesiredResource {
                    attributes: attributes.clone(),
                    applications: applications.clone(),
                    label: label_of(task),
                    sensitive: *sensitive,
                };
                self.resources.insert(task.resource.clone(), desired);
            }
            Operation::Remove { .. } | Operation::Release => {
                self.resources.remove(&task.resource);
            }
            Operation::Perform { .. } => {}
        }
    }

    /// Returns the digest that the agent's must equal.
    pub fn digest(&self) -> String {
        hostwright_protocol::desired_set::digest(
            self.resources.iter().map(|(resource, desired)| (resource.clone(), &desired.attributes)),
        )
    }
}

impl FromIterator<(ResourceRef, DesiredResource)> for DesiredSet {
    fn from_iter<I: IntoIterator<Item = (ResourceRef, DesiredResource)>>(resources: I) -> Self {
        Self { resources: resources.into_iter().collect() }
    }
}

/// A task's description is a verb and a label: `add file site.conf`.
fn label_of(task: &Task) -> String {
    let label = task.description.split_once(' ').map_or(task.description.as_str(), |(_, label)| label);
    label.to_owned()
}
