//! Joins neighbouring tasks into batches. Pure.
//!
//! The orchestrator decided the order; nothing is moved. A batch ends where the collection or the verb changes, where a
//! task needs the outcome of one before it in the batch, and where a resource comes again.

use std::collections::BTreeSet;

use hostwright_protocol::messages::{Operation, Task};

/// One call crosses with at most so many resources, so that limits of a call are not met by honest work.
const LARGEST: usize = 200;

/// Returns how many of the tasks, from the first on, are done together; at least one unless there is none.
pub(crate) fn batch_len(tasks: &[&Task]) -> usize {
    let Some(first) = tasks.first() else { return 0 };
    if !is_joinable(&first.operation) {
        return 1;
    }
    let mut numbers = BTreeSet::from([first.number]);
    let mut ids = BTreeSet::from([first.resource.id.as_str()]);
    for task in tasks.iter().take(LARGEST).skip(1) {
        let is_same_kind = task.resource.collection == first.resource.collection
            && std::mem::discriminant(&task.operation) == std::mem::discriminant(&first.operation);
        let needs_one = needed(task).any(|number| numbers.contains(&number));
        if !is_same_kind || needs_one || !ids.insert(&task.resource.id) {
            break;
        }
        numbers.insert(task.number);
    }
    numbers.len()
}

fn is_joinable(operation: &Operation) -> bool {
    match operation {
        Operation::Apply { .. } | Operation::Remove { .. } | Operation::Release => true,
        Operation::Perform { .. } => false,
    }
}

fn needed(task: &Task) -> impl Iterator<Item = u32> {
    let refresh = match &task.operation {
        Operation::Apply { refresh: Some(refresh), .. } => refresh.when_changed.as_slice(),
        _ => &[],
    };
    task.requires.iter().chain(refresh).copied()
}

#[cfg(test)]
mod tests {
    use hostwright_protocol::messages::{Membership, Monitor, Refresh, ResourceRef};
    use serde_json::json;

    use super::*;

    /// `collection id [requires n] [refresh n]`, one word for each.
    fn task(number: u32, text: &str) -> Task {
        let words: Vec<&str> = text.split(' ').collect();
        let number_after = |word: &str| {
            let at = words.iter().position(|w| *w == word)?;
            words.get(at + 1)?.parse().ok()
        };
        let operation = match words[0] {
            "perform" => Operation::Perform { action: "restart".into(), attributes: json!({}), owed: false },
            "remove" => Operation::Remove { even_if_adopted: false },
            _ => Operation::Apply {
                attributes: json!({}),
                monitor: Monitor::Keep,
                membership: Membership::default(),
                sensitive: false,
                refresh: number_after("refresh")
                    .map(|n| Refresh { action: "reload".into(), when_changed: vec![n] }),
            },
        };
        Task {
            number,
            description: text.into(),
            resource: ResourceRef { collection: words[1].into(), id: words[2].into() },
            operation,
            requires: number_after("requires").into_iter().collect(),
        }
    }

    fn check(tasks: &[&str], expected: &[usize]) {
        let tasks: Vec<Task> = (0..).zip(tasks).map(|(number, text)| task(number, text)).collect();
        let mut rest: Vec<&Task> = tasks.iter().collect();
        let mut lengths = Vec::new();
        while !rest.is_empty() {
            let length = batch_len(&rest);
            lengths.push(length);
            rest.drain(..length);
        }
        assert_eq!(lengths, expected);
    }

    #[test]
    fn neighbours_of_one_collection_and_verb_are_joined() {
        check(&["apply packages a", "apply packages b", "apply files a", "apply packages c"], &[2, 1, 1]);
        check(&["apply files a", "remove files b", "remove files c"], &[1, 2]);
    }

    #[test]
    fn actions_stand_alone() {
        check(&["perform services a", "perform services b"], &[1, 1]);
    }

    #[test]
    fn a_task_that_needs_another_waits_for_it() {
        check(&["apply files a", "apply files b requires 0", "apply files c"], &[1, 2]);
        check(&["apply services a", "apply services b refresh 0"], &[1, 1]);
        check(&["apply files f", "apply services a refresh 0", "apply services b refresh 0"], &[1, 2]);
    }

    #[test]
    fn the_same_resource_twice_is_done_twice() {
        check(&["apply files a", "apply files a"], &[1, 1]);
    }
}
