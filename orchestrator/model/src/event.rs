//! What happened, for those who watch and for those who look later.

use std::fmt;

use chrono::{DateTime, Utc};
use hostwright_protocol::messages::ResourceRef;

use crate::ids::{AgentId, ChangeId, HostId, OrganizationId};

/// Something that happened, as it is recorded together with what it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Where; nothing: in the site as a whole.
    pub organization: Option<OrganizationId>,
    /// Who made it happen.
    pub actor: Actor,
    /// What.
    pub occurrence: Occurrence,
    /// When.
    pub at: DateTime<Utc>,
}

/// Something that happened, and its place among all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Rises with each event of the site; what was seen up to one is all there is up to it.
    pub id: i64,
    /// What happened.
    pub event: NewEvent,
}

/// Who makes something happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The orchestrator by itself.
    System,
    /// A person.
    User {
        /// As they log in.
        username: String,
        /// For people.
        full_name: String,
    },
    /// A program.
    ApiKey {
        /// The key's name.
        name: String,
    },
    /// A machine.
    Agent {
        /// Which.
        agent: AgentId,
    },
}

/// What happened. A path is that of the API below its organization, e.g. `environments/Default/hosts/web1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occurrence {
    /// Something was made.
    Created {
        /// What it is, e.g. `host`.
        kind: String,
        /// Where it is.
        path: String,
    },
    /// Something was changed.
    Updated {
        /// What it is.
        kind: String,
        /// Where it is.
        path: String,
    },
    /// Something was deleted.
    Deleted {
        /// What it was.
        kind: String,
        /// Where it was.
        path: String,
    },
    /// A setting was written.
    SettingWritten {
        /// Where it is; never its value.
        path: String,
        /// Its key.
        key: String,
    },
    /// A setting was deleted.
    SettingDeleted {
        /// Where it was.
        path: String,
        /// Its key.
        key: String,
    },
    /// A host went into another state.
    HostState {
        /// Which.
        host: HostId,
        /// Where it is.
        path: String,
        /// e.g. `READY`.
        state: String,
    },
    /// A change was made, begun or ended.
    ChangeState {
        /// For which host.
        host: HostId,
        /// Where the host is.
        path: String,
        /// Which.
        change: ChangeId,
        /// Its place among the host's changes.
        order_number: u64,
        /// For people.
        description: String,
        /// e.g. `RUNNING`.
        state: String,
    },
    /// A task was begun or has ended.
    TaskState {
        /// For which host.
        host: HostId,
        /// Where the host is.
        path: String,
        /// Of which change.
        change: ChangeId,
        /// Which.
        number: u32,
        /// For people.
        description: String,
        /// `PENDING`, `OK` or `ERROR`.
        status: String,
        /// e.g. `changed`.
        outcome: String,
    },
    /// A resource is not as desired.
    Drifted {
        /// On which host.
        host: HostId,
        /// Where the host is.
        path: String,
        /// Which.
        resource: ResourceRef,
    },
    /// A resource is as desired again.
    Compliant {
        /// On which host.
        host: HostId,
        /// Where the host is.
        path: String,
        /// Which.
        resource: ResourceRef,
    },
    /// What a machine tells of itself has changed.
    PropertiesReported {
        /// Of which host.
        host: HostId,
        /// Where the host is.
        path: String,
    },
    /// A machine became an agent.
    AgentEnrolled {
        /// Which.
        agent: AgentId,
        /// Where its host is.
        path: String,
    },
    /// An agent has a session, or lost it.
    AgentPresence {
        /// Which.
        agent: AgentId,
        /// `UP` or `DOWN`.
        state: String,
    },
    /// An agent is not believed any more.
    AgentRevoked {
        /// Which.
        agent: AgentId,
    },
    /// A plugin was registered.
    PluginRegistered {
        /// `publisher/name`.
        plugin: String,
        /// Which version.
        version: String,
    },
    /// A plugin serves an organization from now on.
    PluginActivated {
        /// `publisher/name`.
        plugin: String,
        /// Which version.
        version: String,
        /// The collection or platform.
        serves: String,
        /// Of the activation.
        generation: u64,
    },
    /// Nothing serves a collection or platform of an organization any more.
    PluginDeactivated {
        /// The collection or platform.
        serves: String,
        /// Of the activation.
        generation: u64,
    },
    /// An agent says how a plugin stands.
    PluginReported {
        /// Which agent.
        agent: AgentId,
        /// `publisher/name`.
        plugin: String,
        /// `active`, `idle` or `refused`.
        state: String,
    },
}

impl Occurrence {
    /// Returns the name by which programs know it, e.g. `change.state`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Created { .. } => "entity.created",
            Self::Updated { .. } => "entity.updated",
            Self::Deleted { .. } => "entity.deleted",
            Self::SettingWritten { .. } => "setting.written",
            Self::SettingDeleted { .. } => "setting.deleted",
            Self::HostState { .. } => "host.state",
            Self::ChangeState { .. } => "change.state",
            Self::TaskState { .. } => "task.state",
            Self::Drifted { .. } => "compliance.drifted",
            Self::Compliant { .. } => "compliance.restored",
            Self::PropertiesReported { .. } => "instance.properties",
            Self::AgentEnrolled { .. } => "agent.enrolled",
            Self::AgentPresence { .. } => "agent.presence",
            Self::AgentRevoked { .. } => "agent.revoked",
            Self::PluginRegistered { .. } => "plugin.registered",
            Self::PluginActivated { .. } => "plugin.activated",
            Self::PluginDeactivated { .. } => "plugin.deactivated",
            Self::PluginReported { .. } => "plugin.reported",
        }
    }
}

impl fmt::Display for Occurrence {
    /// Says it in a sentence, for logs that people read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created { kind, path } => write!(f, "created {kind} {path}"),
            Self::Updated { kind, path } => write!(f, "updated {kind} {path}"),
            Self::Deleted { kind, path } => write!(f, "deleted {kind} {path}"),
            Self::SettingWritten { path, key } => write!(f, "set {key} of {path}"),
            Self::SettingDeleted { path, key } => write!(f, "unset {key} of {path}"),
            Self::HostState { path, state, .. } => write!(f, "{path} is {state}"),
            Self::ChangeState { path, order_number, description, state, .. } => {
                write!(f, "change {order_number} of {path} ({description}) is {state}")
            }
            Self::TaskState { path, description, outcome, .. } => {
                write!(f, "{path}: {description}: {outcome}")
            }
            Self::Drifted { path, resource, .. } => {
                write!(f, "{path}: {} {} is not as desired", resource.collection, resource.id)
            }
            Self::Compliant { path, resource, .. } => {
                write!(f, "{path}: {} {} is as desired again", resource.collection, resource.id)
            }
            Self::PropertiesReported { path, .. } => write!(f, "{path} reported what it is"),
            Self::AgentEnrolled { agent, path } => write!(f, "agent {agent} enrolled for {path}"),
            Self::AgentPresence { agent, state } => write!(f, "agent {agent} is {state}"),
            Self::AgentRevoked { agent } => write!(f, "agent {agent} was revoked"),
            Self::PluginRegistered { plugin, version } => write!(f, "registered plugin {plugin} {version}"),
            Self::PluginActivated { plugin, version, serves, generation } => {
                write!(f, "plugin {plugin} {version} serves {serves} (generation {generation})")
            }
            Self::PluginDeactivated { serves, generation } => {
                write!(f, "nothing serves {serves} any more (generation {generation})")
            }
            Self::PluginReported { agent, plugin, state } => {
                write!(f, "agent {agent}: plugin {plugin} is {state}")
            }
        }
    }
}
