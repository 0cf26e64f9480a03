//! Changes: ordered tasks for one host, and how they went.

mod supersede;
mod task;

use chrono::{DateTime, Utc};
use hostwright_protocol::messages::{self, ChangeOutcome, OnError};

pub use self::supersede::{Superseded, WaitingChange, supersede};
pub use self::task::{ChangeTask, TaskState};
use crate::ids::{ChangeId, HostId, OrganizationId};

/// Ordered tasks for one host, and how they went.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its id, shown as `key`.
    pub id: ChangeId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// For which host.
    pub host: HostId,
    /// Its place among the host's changes, from 1; never used twice. Shown as `orderNum`.
    pub order_number: u64,
    /// For people, e.g. `Install Web Server`.
    pub description: String,
    /// What was sent, or is to be.
    pub kind: ChangeKind,
    /// How far it is.
    pub state: ChangeState,
    /// The host's generation after it.
    pub generation: u64,
    /// The generation that it was compiled against.
    pub follows: u64,
    /// Over the whole desired set after it.
    pub desired_digest: String,
    /// What a failed task does to the rest.
    pub on_error: OnError,
    /// In order.
    pub tasks: Vec<ChangeTask>,
    /// When it was compiled.
    pub created_at: DateTime<Utc>,
    /// On bus time: not begun after this.
    pub expires_at: DateTime<Utc>,
}

/// What a change is to the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// Some tasks.
    Change,
    /// Everything that is desired.
    Resync,
}

/// How far a change is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeState {
    /// It waits to be begun.
    Pending,
    /// The agent is at work on it.
    Running {
        /// Since when, on the machine's clock.
        since: DateTime<Utc>,
    },
    /// It has ended.
    Ended {
        /// How.
        ending: ChangeEnding,
        /// When, on the orchestrator's clock.
        at: DateTime<Utc>,
        /// What a person should know of it.
        message: Option<String>,
        /// Nobody said so: its agent is out of reach, and what it says when it comes back counts.
        is_presumed: bool,
    },
}

/// How a change ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeEnding {
    /// Every task is done.
    Done,
    /// A task failed.
    Failed,
    /// A task was interrupted: nobody knows whether its action ran.
    Interrupted,
    /// Somebody gave it up before it began.
    Cancelled,
    /// Later changes do all of it, or a resync does.
    Superseded,
    /// It was not begun in time.
    Expired,
}

/// A change is not in a state from which this can be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("change is {state}, so it cannot be {attempted}")]
pub struct InvalidTransition {
    /// What it is.
    pub state: &'static str,
    /// What was attempted, e.g. `cancelled`.
    pub attempted: &'static str,
}

impl ChangeKind {
    /// Returns the name by which it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Resync => "resync",
        }
    }
}

impl ChangeEnding {
    /// Returns the name that the API shows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "DONE",
            Self::Failed => "FAILED",
            Self::Interrupted => "INTERRUPTED",
            Self::Cancelled => "CANCELLED",
            Self::Superseded => "SUPERSEDED",
            Self::Expired => "EXPIRED",
        }
    }

    /// Translates what an agent reports, with what a person should know of it.
    ///
    /// A change that is out of step is done by the resync that follows.
    pub fn of(outcome: &ChangeOutcome) -> (Self, Option<String>) {
        match outcome {
            ChangeOutcome::Done => (Self::Done, None),
            ChangeOutcome::Failed => (Self::Failed, None),
            ChangeOutcome::Interrupted => (Self::Interrupted, None),
            ChangeOutcome::Cancelled => (Self::Cancelled, None),
            ChangeOutcome::Expired { error } => (Self::Expired, Some(error.clone())),
            ChangeOutcome::OutOfStep { error } => (Self::Superseded, Some(error.clone())),
        }
    }
}

impl ChangeState {
    /// Returns the name that the API shows.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running { .. } => "RUNNING",
            Self::Ended { ending, .. } => ending.name(),
        }
    }

    /// Returns whether it has not ended.
    pub const fn is_open(&self) -> bool {
        !matches!(self, Self::Ended { .. })
    }

    /// Returns whether it ended only as far as can be told without its agent.
    pub const fn is_presumed(&self) -> bool {
        matches!(self, Self::Ended { is_presumed: true, .. })
    }

    /// The agent has begun; once more makes no difference.
    pub fn begin(self, at: DateTime<Utc>) -> Result<Self, InvalidTransition> {
        match self {
            Self::Pending | Self::Ended { is_presumed: true, .. } => Ok(Self::Running { since: at }),
            running @ Self::Running { .. } => Ok(running),
            ended @ Self::Ended { .. } => Err(ended.refuse("begun")),
        }
    }

    /// It has ended. Only what has not begun can be cancelled or superseded from here.
    pub fn end(
        self,
        ending: ChangeEnding,
        at: DateTime<Utc>,
        message: Option<String>,
    ) -> Result<Self, InvalidTransition> {
        match self {
            Self::Pending | Self::Running { .. } => {
                Ok(Self::Ended { ending, at, message, is_presumed: false })
            }
            ended @ Self::Ended { .. } => Err(ended.refuse("ended")),
        }
    }

    fn refuse(&self, attempted: &'static str) -> InvalidTransition {
        InvalidTransition { state: self.name(), attempted }
    }
}

impl Change {
    /// Returns it as it is sent.
    pub fn to_message(&self) -> messages::Change {
        messages::Change {
            id: self.id,
            description: self.description.clone(),
            generation: self.generation,
            follows: self.follows,
            desired_digest: self.desired_digest.clone(),
            on_error: self.on_error,
            tasks: self.tasks.iter().map(|task| task.task.clone()).collect(),
            expires: self.expires_at,
        }
    }

    /// Returns whether it ended and is not as it was to be.
    pub const fn has_failed(&self) -> bool {
        matches!(
            self.state,
            ChangeState::Ended {
                ending: ChangeEnding::Failed | ChangeEnding::Interrupted | ChangeEnding::Expired,
                ..
            }
        )
    }

    /// Ends a change of which nothing was heard any more: one that was not begun has expired, and of one that was begun
    /// nobody knows how far it came.
    pub fn presume_ended(&mut self, at: DateTime<Utc>) -> Result<(), InvalidTransition> {
        let (ending, message) = match self.state {
            ChangeState::Running { .. } => {
                (ChangeEnding::Interrupted, "its agent began it and was not heard of again")
            }
            _ => (ChangeEnding::Expired, "it was sent, and nothing was heard of it in time"),
        };
        self.end(ending, at, Some(message.to_owned()))?;
        if let ChangeState::Ended { is_presumed, .. } = &mut self.state {
            *is_presumed = true;
        }
        Ok(())
    }

    /// Its agent is heard again: whatever ended by presumption only is as it was before.
    pub fn reopen(&mut self) {
        let ChangeState::Ended { ending, is_presumed: true, .. } = self.state else { return };
        self.state = ChangeState::Pending;
        for task in &mut self.tasks {
            task.reopen(ending);
        }
    }

    /// Ends the change and every task of it that is still pending or running.
    ///
    /// Tasks that were begun and never reported end interrupted if they are actions, because nobody knows whether they
    /// ran; the rest was not done.
    pub fn end(
        &mut self,
        ending: ChangeEnding,
        at: DateTime<Utc>,
        message: Option<String>,
    ) -> Result<(), InvalidTransition> {
        self.state = self.state.clone().end(ending, at, message)?;
        for task in &mut self.tasks {
            task.end_with(ending, at);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock as _, TestClock};

    fn now() -> DateTime<Utc> {
        TestClock::default().now()
    }

    #[test]
    fn a_change_ends_once() {
        let state = ChangeState::Pending.begin(now()).unwrap().begin(now()).unwrap();
        assert_eq!((state.name(), state.is_open()), ("RUNNING", true));
        let state = state.end(ChangeEnding::Failed, now(), None).unwrap();
        assert_eq!((state.name(), state.is_open()), ("FAILED", false));
        let error = state.clone().end(ChangeEnding::Done, now(), None).unwrap_err();
        assert_eq!(error.to_string(), "change is FAILED, so it cannot be ended");
        assert!(state.begin(now()).is_err());
    }

    #[test]
    fn what_ended_by_presumption_is_open_again_when_the_agent_speaks() {
        let presumed = |ending| {
            let message = None;
            ChangeState::Ended { ending, at: now(), message, is_presumed: true }
        };
        let state = presumed(ChangeEnding::Expired);
        assert!(!state.is_open() && state.is_presumed());
        assert_eq!(state.begin(now()).unwrap().name(), "RUNNING");
        let ended = ChangeState::Pending.end(ChangeEnding::Expired, now(), None).unwrap();
        assert!(!ended.is_presumed() && ended.begin(now()).is_err(), "what the agent said, stays");
    }

    #[test]
    fn what_is_out_of_step_is_superseded_and_says_why() {
        let outcome = ChangeOutcome::OutOfStep { error: "at generation 3, change follows 4".to_owned() };
        assert_eq!(
            ChangeEnding::of(&outcome),
            (ChangeEnding::Superseded, Some("at generation 3, change follows 4".to_owned()))
        );
    }
}
