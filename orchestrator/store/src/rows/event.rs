//! Events, in the form in which they are kept.
//!
//! To add an occurrence: a variant here and in the model, and its two translations. What is stored is never changed.

use chrono::{DateTime, Utc};
use hostwright_model::event::{Actor, Event, NewEvent, Occurrence};
use hostwright_model::ids::{AgentId, ChangeId, HostId, OrganizationId};
use hostwright_protocol::messages::ResourceRef;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{read_json, write_json};
use crate::Error;

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct EventRow {
    id: i64,
    organization: Option<Uuid>,
    actor: String,
    occurrence: String,
    happened_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "actor", rename_all = "kebab-case")]
enum StoredActor {
    System,
    User { username: String, full_name: String },
    ApiKey { name: String },
    Agent { agent: AgentId },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum StoredOccurrence {
    Created {
        kind: String,
        path: String,
    },
    Updated {
        kind: String,
        path: String,
    },
    Deleted {
        kind: String,
        path: String,
    },
    SettingWritten {
        path: String,
        key: String,
    },
    SettingDeleted {
        path: String,
        key: String,
    },
    HostState {
        host: HostId,
        path: String,
        state: String,
    },
    ChangeState {
        host: HostId,
        path: String,
        change: ChangeId,
        order_number: u64,
        description: String,
        state: String,
    },
    TaskState {
        host: HostId,
        path: String,
        change: ChangeId,
        number: u32,
        description: String,
        status: String,
        outcome: String,
    },
    Drifted {
        host: HostId,
        path: String,
        resource: ResourceRef,
    },
    Compliant {
        host: HostId,
        path: String,
        resource: ResourceRef,
    },
    PropertiesReported {
        host: HostId,
        path: String,
    },
    AgentEnrolled {
        agent: AgentId,
        path: String,
    },
    AgentPresence {
        agent: AgentId,
        state: String,
    },
    AgentRevoked {
        agent: AgentId,
    },
    PluginRegistered {
        plugin: String,
        version: String,
    },
    PluginActivated {
        plugin: String,
        version: String,
        serves: String,
        generation: u64,
    },
    PluginDeactivated {
        serves: String,
        generation: u64,
    },
    PluginReported {
        agent: AgentId,
        plugin: String,
        state: String,
    },
}

pub(crate) fn write_actor(actor: &Actor) -> Result<String, Error> {
    let stored = match actor.clone() {
        Actor::System => StoredActor::System,
        Actor::User { username, full_name } => StoredActor::User { username, full_name },
        Actor::ApiKey { name } => StoredActor::ApiKey { name },
        Actor::Agent { agent } => StoredActor::Agent { agent },
    };
    write_json("event", &stored)
}

pub(crate) fn write_occurrence(occurrence: &Occurrence) -> Result<String, Error> {
    write_json("event", &StoredOccurrence::from(occurrence.clone()))
}

impl TryFrom<EventRow> for Event {
    type Error = Error;

    fn try_from(row: EventRow) -> Result<Self, Error> {
        let EventRow { id, organization, actor, occurrence, happened_at } = row;
        let actor = match read_json("event", &actor)? {
            StoredActor::System => Actor::System,
            StoredActor::User { username, full_name } => Actor::User { username, full_name },
            StoredActor::ApiKey { name } => Actor::ApiKey { name },
            StoredActor::Agent { agent } => Actor::Agent { agent },
        };
        let event = NewEvent {
            organization: organization.map(OrganizationId::from_uuid),
            actor,
            occurrence: read_json::<StoredOccurrence>("event", &occurrence)?.into(),
            at: happened_at,
        };
        Ok(Self { id, event })
    }
}

/// Both enums have the same variants and fields; whoever adds to one is told to add to the other.
macro_rules! translate {
    ($($variant:ident { $($field:ident),* }),* $(,)?) => {
        impl From<Occurrence> for StoredOccurrence {
            fn from(occurrence: Occurrence) -> Self {
                match occurrence {
                    $(Occurrence::$variant { $($field),* } => Self::$variant { $($field),* },)*
                }
            }
        }

        impl From<StoredOccurrence> for Occurrence {
            fn from(stored: StoredOccurrence) -> Self {
                match stored {
                    $(StoredOccurrence::$variant { $($field),* } => Self::$variant { $($field),* },)*
                }
            }
        }
    };
}

translate! {
    Created { kind, path },
    Updated { kind, path },
    Deleted { kind, path },
    SettingWritten { path, key },
    SettingDeleted { path, key },
    HostState { host, path, state },
    ChangeState { host, path, change, order_number, description, state },
    TaskState { host, path, change, number, description, status, outcome },
    Drifted { host, path, resource },
    Compliant { host, path, resource },
    PropertiesReported { host, path },
    AgentEnrolled { agent, path },
    AgentPresence { agent, state },
    AgentRevoked { agent },
    PluginRegistered { plugin, version },
    PluginActivated { plugin, version, serves, generation },
    PluginDeactivated { serves, generation },
    PluginReported { agent, plugin, state },
}
