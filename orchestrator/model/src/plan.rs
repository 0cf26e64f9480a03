//! Plans: what a change would do.

use hostwright_protocol::messages::{Difference, Operation, PlannedTask, Task};

/// What one task would do.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskPlan {
    /// As it would be sent.
    pub task: Task,
    /// Nothing if it is as desired already.
    pub differences: Vec<Difference>,
    /// Actions that would run.
    pub actions: Vec<String>,
    /// What a person should know.
    pub message: Option<String>,
    /// It cannot be planned, and applying would fail so.
    pub error: Option<String>,
}

/// An agent's answer does not belong to the tasks that it was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the agent planned {planned} tasks of {asked}, or others")]
pub struct PlanMismatch {
    /// How many were asked for.
    pub asked: usize,
    /// How many came back.
    pub planned: usize,
}

/// Joins tasks and the agent's answer.
pub fn join(tasks: Vec<Task>, planned: Vec<PlannedTask>) -> Result<Vec<TaskPlan>, PlanMismatch> {
    let mismatch = PlanMismatch { asked: tasks.len(), planned: planned.len() };
    if tasks.len() != planned.len()
        || tasks.iter().zip(&planned).any(|(task, plan)| task.number != plan.number)
    {
        return Err(mismatch);
    }
    let joined = tasks.into_iter().zip(planned).map(|(task, planned)| {
        let PlannedTask { number: _, differences, actions, message, error } = planned;
        TaskPlan { task, differences, actions, message, error }
    });
    Ok(joined.collect())
}

impl TaskPlan {
    /// Returns whether it would change or run anything.
    pub fn does_something(&self) -> bool {
        let performs = matches!(self.task.operation, Operation::Perform { .. });
        performs || !self.differences.is_empty() || !self.actions.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::resource;

    fn task(number: u32) -> Task {
        Task {
            number,
            description: String::new(),
            resource: resource("files", "/a"),
            operation: Operation::Release,
            requires: Vec::new(),
        }
    }

    fn planned(number: u32) -> PlannedTask {
        PlannedTask { number, differences: Vec::new(), actions: Vec::new(), message: None, error: None }
    }

    #[test]
    fn an_answer_to_other_tasks_is_refused() {
        assert_eq!(join(vec![task(0)], vec![planned(0)]).unwrap().len(), 1);
        assert!(join(vec![task(0)], vec![planned(1)]).is_err());
        let error = join(vec![task(0)], Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "the agent planned 0 tasks of 1, or others");
    }
}
