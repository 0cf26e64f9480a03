//! The tasks of a change.

use chrono::{DateTime, Utc};
use hostwright_protocol::messages::{Difference, Operation, Task, TaskOutcome};

use super::ChangeEnding;

/// One task, and how it went.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeTask {
    /// As it is sent.
    pub task: Task,
    /// How far it is.
    pub state: TaskState,
}

/// How far a task is.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskState {
    /// It waits for its turn.
    Pending,
    /// The agent is at work on it.
    Running {
        /// Since when, on the machine's clock.
        since: DateTime<Utc>,
    },
    /// It has ended as the agent says.
    Reported {
        /// How.
        outcome: TaskOutcome,
        /// When, on the machine's clock.
        at: DateTime<Utc>,
    },
    /// Its change ended without it.
    Dropped {
        /// How the change ended.
        ending: ChangeEnding,
        /// When, on the orchestrator's clock.
        at: DateTime<Utc>,
    },
}

impl ChangeTask {
    /// A task that waits.
    pub fn pending(task: Task) -> Self {
        Self { task, state: TaskState::Pending }
    }

    /// Returns what the API shows as `status`: `PENDING`, `OK` or `ERROR`.
    pub const fn status(&self) -> &'static str {
        match &self.state {
            TaskState::Pending | TaskState::Running { .. } => "PENDING",
            TaskState::Reported { outcome: TaskOutcome::Done { .. }, .. } => "OK",
            TaskState::Reported { .. } | TaskState::Dropped { .. } => "ERROR",
        }
    }

    /// Returns what the API shows as `error`; a word for what was not an error of the task itself comes first.
    pub fn error(&self) -> Option<String> {
        match &self.state {
            TaskState::Pending | TaskState::Running { .. } => None,
            TaskState::Reported { outcome, .. } => match outcome {
                TaskOutcome::Done { .. } => None,
                TaskOutcome::Failed { error } => Some(error.clone()),
                TaskOutcome::Interrupted { error } => Some(format!("interrupted: {error}")),
                TaskOutcome::Skipped { because } => Some(format!("skipped: task {because} failed")),
            },
            TaskState::Dropped { ending, .. } => Some(
                match ending {
                    ChangeEnding::Done | ChangeEnding::Failed => "skipped: its change ended without it",
                    ChangeEnding::Interrupted => "interrupted: it is not known whether it ran",
                    ChangeEnding::Cancelled => "cancelled: it was not begun",
                    ChangeEnding::Superseded => "superseded: a later change does it",
                    ChangeEnding::Expired => "expired: it was not begun in time",
                }
                .to_owned(),
            ),
        }
    }

    /// Returns the word that the API shows as `outcome`.
    pub const fn outcome(&self) -> &'static str {
        match &self.state {
            TaskState::Pending => "pending",
            TaskState::Running { .. } => "running",
            TaskState::Reported { outcome, .. } => match outcome {
                TaskOutcome::Done { changed: true, .. } => "changed",
                TaskOutcome::Done { changed: false, .. } => "unchanged",
                TaskOutcome::Failed { .. } => "failed",
                TaskOutcome::Interrupted { .. } => "interrupted",
                TaskOutcome::Skipped { .. } => "skipped",
            },
            TaskState::Dropped { ending, .. } => match ending {
                ChangeEnding::Done | ChangeEnding::Failed => "skipped",
                ChangeEnding::Interrupted => "interrupted",
                ChangeEnding::Cancelled => "cancelled",
                ChangeEnding::Superseded => "superseded",
                ChangeEnding::Expired => "expired",
            },
        }
    }

    /// Returns what was changed.
    pub fn differences(&self) -> &[Difference] {
        match &self.state {
            TaskState::Reported { outcome: TaskOutcome::Done { differences, .. }, .. } => differences,
            _ => &[],
        }
    }

    /// Returns what a person should know of a task that is done.
    pub fn message(&self) -> Option<&str> {
        match &self.state {
            TaskState::Reported { outcome: TaskOutcome::Done { message, .. }, .. } => message.as_deref(),
            _ => None,
        }
    }

    /// Takes back that it was dropped, if that was so because its change was presumed to have ended like this.
    pub(super) fn reopen(&mut self, presumed: ChangeEnding) {
        let is_presumed = |ending| ending == presumed || ending == ChangeEnding::Interrupted;
        if matches!(self.state, TaskState::Dropped { ending, .. } if is_presumed(ending)) {
            self.state = TaskState::Pending;
        }
    }

    pub(super) fn end_with(&mut self, ending: ChangeEnding, at: DateTime<Utc>) {
        let began = match self.state {
            TaskState::Pending => false,
            TaskState::Running { .. } => true,
            TaskState::Reported { .. } | TaskState::Dropped { .. } => return,
        };
        let is_action = matches!(self.task.operation, Operation::Perform { .. });
        let ending = if began && is_action { ChangeEnding::Interrupted } else { ending };
        self.state = TaskState::Dropped { ending, at };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock as _, TestClock};
    use crate::template::resource;

    fn task(operation: Operation) -> ChangeTask {
        ChangeTask::pending(Task {
            number: 0,
            description: "restart service nginx".to_owned(),
            resource: resource("services", "nginx"),
            operation,
            requires: Vec::new(),
        })
    }

    #[test]
    fn an_action_that_was_begun_and_not_reported_is_in_doubt() {
        let at = TestClock::default().now();
        let mut action = task(Operation::Perform {
            action: "restart".to_owned(),
            attributes: serde_json::Value::Null,
            owed: true,
        });
        action.state = TaskState::Running { since: at };
        action.end_with(ChangeEnding::Failed, at);
        assert_eq!((action.status(), action.outcome()), ("ERROR", "interrupted"));
        assert_eq!(action.error().unwrap(), "interrupted: it is not known whether it ran");

        let mut released = task(Operation::Release);
        released.end_with(ChangeEnding::Superseded, at);
        assert_eq!(released.error().unwrap(), "superseded: a later change does it");
        released.end_with(ChangeEnding::Cancelled, at);
        assert_eq!(released.outcome(), "superseded", "a task ends once");
    }
}
