//! Changes and tasks. A task is kept as it is sent: the wire's format is versioned already.

use chrono::{DateTime, Utc};
use hostwright_model::change::{Change, ChangeEnding, ChangeKind, ChangeState, ChangeTask, TaskState};
use hostwright_model::ids::{ChangeId, HostId, OrganizationId};
use hostwright_protocol::messages::OnError;
use uuid::Uuid;

use super::host::unknown;
use super::{loaded, read_json, write_json};
use crate::Error;

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct ChangeRow {
    pub(crate) id: Uuid,
    organization: Uuid,
    host: Uuid,
    order_number: i64,
    description: String,
    kind: String,
    state: String,
    began_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    message: Option<String>,
    presumed: bool,
    generation: i64,
    follows: i64,
    desired_digest: String,
    on_error: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct TaskRow {
    pub(crate) change_id: Uuid,
    task: String,
    state: String,
    outcome: Option<String>,
    ending: Option<String>,
    state_at: Option<DateTime<Utc>>,
}

/// The columns of a change's state.
#[derive(Debug)]
pub(crate) struct ChangeColumns {
    pub(crate) state: &'static str,
    pub(crate) began_at: Option<DateTime<Utc>>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) message: Option<String>,
    pub(crate) presumed: bool,
}

/// The columns of a task's state.
#[derive(Debug)]
pub(crate) struct TaskColumns {
    pub(crate) state: &'static str,
    pub(crate) outcome: Option<String>,
    pub(crate) ending: Option<&'static str>,
    pub(crate) at: Option<DateTime<Utc>>,
}

const ENDINGS: [ChangeEnding; 6] = [
    ChangeEnding::Done,
    ChangeEnding::Failed,
    ChangeEnding::Interrupted,
    ChangeEnding::Cancelled,
    ChangeEnding::Superseded,
    ChangeEnding::Expired,
];

impl From<&ChangeState> for ChangeColumns {
    fn from(state: &ChangeState) -> Self {
        let (began_at, ended_at, message) = match state {
            ChangeState::Pending => (None, None, None),
            ChangeState::Running { since } => (Some(*since), None, None),
            ChangeState::Ended { at, message, .. } => (None, Some(*at), message.clone()),
        };
        Self { state: state.name(), began_at, ended_at, message, presumed: state.is_presumed() }
    }
}

impl TaskColumns {
    pub(crate) fn of(state: &TaskState) -> Result<Self, Error> {
        let none = Self { state: "pending", outcome: None, ending: None, at: None };
        Ok(match state {
            TaskState::Pending => none,
            TaskState::Running { since } => Self { state: "running", at: Some(*since), ..none },
            TaskState::Reported { outcome, at } => {
                Self { state: "reported", outcome: Some(write_json("task", outcome)?), at: Some(*at), ..none }
            }
            TaskState::Dropped { ending, at } => {
                Self { state: "dropped", ending: Some(ending.name()), at: Some(*at), ..none }
            }
        })
    }
}

impl ChangeRow {
    /// Joins a change and its tasks.
    pub(crate) fn with_tasks(self, tasks: Vec<ChangeTask>) -> Result<Change, Error> {
        let state = self.state()?;
        let Self {
            id,
            organization,
            host,
            order_number,
            description,
            kind,
            generation,
            follows,
            desired_digest,
            on_error,
            created_at,
            expires_at,
            ..
        } = self;
        Ok(Change {
            id: ChangeId::from_uuid(id),
            organization: OrganizationId::from_uuid(organization),
            host: HostId::from_uuid(host),
            order_number: loaded("change", order_number)?,
            description,
            kind: match kind.as_str() {
                "change" => ChangeKind::Change,
                "resync" => ChangeKind::Resync,
                _ => return Err(unknown("kind of a change", &kind)),
            },
            state,
            generation: loaded("change", generation)?,
            follows: loaded("change", follows)?,
            desired_digest,
            on_error: match on_error.as_str() {
                "stop" => OnError::Stop,
                "continue" => OnError::Continue,
                _ => return Err(unknown("change", &on_error)),
            },
            tasks,
            created_at,
            expires_at,
        })
    }

    fn state(&self) -> Result<ChangeState, Error> {
        Ok(match self.state.as_str() {
            "PENDING" => ChangeState::Pending,
            "RUNNING" => ChangeState::Running { since: self.began_at.unwrap_or(self.created_at) },
            ended => ChangeState::Ended {
                ending: ending(ended)?,
                at: self.ended_at.unwrap_or(self.created_at),
                message: self.message.clone(),
                is_presumed: self.presumed,
            },
        })
    }
}

impl TryFrom<TaskRow> for ChangeTask {
    type Error = Error;

    fn try_from(row: TaskRow) -> Result<Self, Error> {
        let TaskRow { change_id: _, task, state, outcome, ending: dropped, state_at } = row;
        let at = state_at.unwrap_or_default();
        let state = match state.as_str() {
            "pending" => TaskState::Pending,
            "running" => TaskState::Running { since: at },
            "reported" => {
                TaskState::Reported { outcome: read_json("task", &outcome.unwrap_or_default())?, at }
            }
            "dropped" => TaskState::Dropped { ending: ending(&dropped.unwrap_or_default())?, at },
            _ => return Err(unknown("state of a task", &state)),
        };
        Ok(Self { task: read_json("task", &task)?, state })
    }
}

pub(crate) const fn on_error(on_error: OnError) -> &'static str {
    match on_error {
        OnError::Stop => "stop",
        OnError::Continue => "continue",
    }
}

fn ending(name: &str) -> Result<ChangeEnding, Error> {
    let found = ENDINGS.into_iter().find(|ending| ending.name() == name);
    found.ok_or_else(|| unknown("state of a change", name))
}
