//! Newer tasks take the place of older ones that were not sent yet.

use std::collections::{BTreeMap, BTreeSet};

use hostwright_protocol::messages::{Operation, ResourceRef, Task};

use crate::ids::ChangeId;

/// A change that is not sent yet, in the order of the lane.
#[derive(Clone, Debug, PartialEq)]
pub struct WaitingChange {
    /// Which.
    pub id: ChangeId,
    /// Its tasks.
    pub tasks: Vec<Task>,
}

/// A task that a newer one has taken the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Superseded {
    /// Whose.
    pub change: ChangeId,
    /// Which.
    pub number: u32,
}

/// Lets the newest wish for each resource be done at the earliest place where any is waiting.
///
/// The earliest waiting task takes over what the newest says, so that actions after it find the newest; those between
/// are superseded. The newest task itself stays where it is: by then it finds the resource as desired, and what hangs on
/// it is still triggered by the earlier one's change. Actions are never superseded, they run or expire.
pub fn supersede(waiting: &mut [WaitingChange], newer: &[Task]) -> Vec<Superseded> {
    let newest: BTreeMap<&ResourceRef, &Task> =
        newer.iter().filter(|task| is_state(&task.operation)).map(|task| (&task.resource, task)).collect();
    let mut replaced: BTreeSet<ResourceRef> = BTreeSet::new();
    let mut superseded = Vec::new();
    for change in waiting.iter_mut() {
        for task in &mut change.tasks {
            let Some(newest) = newest.get(&task.resource) else { continue };
            if !is_state(&task.operation) {
                continue;
            }
            if replaced.insert(task.resource.clone()) {
                task.operation = taken_over(&task.operation, &newest.operation);
            } else {
                superseded.push(Superseded { change: change.id, number: task.number });
            }
        }
        change
            .tasks
            .retain(|task| !superseded.contains(&Superseded { change: change.id, number: task.number }));
    }
    superseded
}

fn is_state(operation: &Operation) -> bool {
    !matches!(operation, Operation::Perform { .. })
}

/// What is refreshed by tasks of its own change stays so.
fn taken_over(older: &Operation, newest: &Operation) -> Operation {
    let mut operation = newest.clone();
    if let Operation::Apply { refresh, .. } = &mut operation {
        *refresh = match older {
            Operation::Apply { refresh, .. } => refresh.clone(),
            Operation::Remove { .. } | Operation::Release | Operation::Perform { .. } => None,
        };
    }
    operation
}

#[cfg(test)]
mod tests {
    use hostwright_protocol::messages::{Membership, Monitor};
    use serde_json::json;

    use super::*;
    use crate::clock::TestClock;
    use crate::ids;
    use crate::template::resource;

    fn file(number: u32, content: &str) -> Task {
        Task {
            number,
            description: "update file page".to_owned(),
            resource: resource("files", "/page"),
            operation: Operation::Apply {
                attributes: json!({"content": content}),
                monitor: Monitor::Keep,
                membership: Membership::default(),
                sensitive: false,
                refresh: None,
            },
            requires: Vec::new(),
        }
    }

    fn run(number: u32) -> Task {
        Task {
            number,
            description: "execute file page".to_owned(),
            resource: resource("executables", "/page"),
            operation: Operation::Perform { action: "execute".to_owned(), attributes: json!({}), owed: true },
            requires: Vec::new(),
        }
    }

    fn contents(change: &WaitingChange) -> Vec<String> {
        let content = |task: &Task| match &task.operation {
            Operation::Apply { attributes, .. } => attributes["content"].as_str().unwrap().to_owned(),
            _ => "execute".to_owned(),
        };
        change.tasks.iter().map(content).collect()
    }

    #[test]
    fn the_newest_content_goes_where_the_oldest_waits_and_actions_stay() {
        let clock = TestClock::default();
        let mut waiting = [
            WaitingChange { id: ids::fresh(&clock), tasks: vec![file(0, "one"), run(1)] },
            WaitingChange { id: ids::fresh(&clock), tasks: vec![file(0, "two"), run(1)] },
        ];
        let superseded = supersede(&mut waiting, &[file(0, "three"), run(1)]);
        assert_eq!(superseded, [Superseded { change: waiting[1].id, number: 0 }]);
        assert_eq!(contents(&waiting[0]), ["three", "execute"]);
        assert_eq!(contents(&waiting[1]), ["execute"]);
    }

    #[test]
    fn other_resources_are_left_alone() {
        let clock = TestClock::default();
        let mut waiting = [WaitingChange { id: ids::fresh(&clock), tasks: vec![file(0, "one")] }];
        let mut other = file(0, "two");
        other.resource.id = "/other".to_owned();
        assert!(supersede(&mut waiting, &[other]).is_empty());
        assert_eq!(contents(&waiting[0]), ["one"]);
    }
}
