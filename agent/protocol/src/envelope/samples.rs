//! Fixed values for tests: one of each message, and whom it goes between.

use chrono::{DateTime, TimeDelta, Utc};
use hostwright_manifest::grants::Grants;
use indexmap::IndexMap;
use serde_json::json;
use uuid::Uuid;

use super::{Identity, Meta};
use crate::ids::{AgentId, ChangeId, EnvelopeId, OrganizationId, PlanId};
use crate::keys::{AgentKeys, OrchestratorKeys, PinnedRoot, RootKey, Validity};
use crate::messages::*;

pub(crate) fn uuid(number: u64) -> Uuid {
    Uuid::from_u64_pair(0x0199_0000_0000_7000, 0x8000_0000_0000_0000 | number)
}

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
}

pub(crate) fn validity(generation: u64) -> Validity {
    Validity { generation, from: at(0), until: at(0) + TimeDelta::days(90) }
}

pub(crate) fn identity() -> Identity {
    Identity { organization: OrganizationId::from_uuid(uuid(2)), agent: AgentId::from_uuid(uuid(3)) }
}

/// An ordered place with this sequence; 0 is a transient one.
pub(crate) fn meta(sequence: u64) -> Meta {
    let id = EnvelopeId::from_uuid(uuid(1));
    match sequence {
        0 => Meta::transient(identity(), id, at(0)),
        _ => Meta::ordered(identity(), id, HighWater { epoch: 1, sequence }, sequence - 1, at(0)),
    }
}

/// Keys that are the same in every run, so that frames are.
pub(crate) fn agent_keys() -> AgentKeys {
    AgentKeys::from_bytes(&[&[1], [11; 32].as_slice(), &[12; 32]].concat()).unwrap()
}

pub(crate) fn root() -> RootKey {
    RootKey::from_bytes(&[&[1], [21; 32].as_slice()].concat()).unwrap()
}

pub(crate) fn orchestrator_keys() -> OrchestratorKeys {
    let secrets = [[31; 32], [32; 32]];
    let (signing, sealing) = (
        AgentKeys::from_bytes(&[&[1], secrets.concat().as_slice()].concat()).unwrap().public().signing,
        AgentKeys::from_bytes(&[&[1], secrets.concat().as_slice()].concat()).unwrap().public().sealing,
    );
    let certificate = root().certify(signing, sealing, validity(1)).to_bytes();
    OrchestratorKeys::from_bytes(&[&[1], secrets.concat().as_slice(), &certificate].concat()).unwrap()
}

pub(crate) fn pinned() -> PinnedRoot {
    PinnedRoot::try_new(orchestrator_keys().certificate(), at(0)).unwrap()
}

fn resource() -> ResourceRef {
    ResourceRef { collection: "files".into(), id: "/etc/motd".into() }
}

fn difference() -> Difference {
    Difference {
        pointer: "/content".into(),
        before: Some(Value::Known(json!("old"))),
        after: Some(Value::KnownAfterApply),
    }
}

fn task() -> Task {
    Task {
        number: 0,
        description: "add file motd".into(),
        resource: resource(),
        operation: Operation::Apply {
            attributes: json!({"content": "welcome\n", "mode": "0644"}),
            monitor: Monitor::On,
            membership: Membership { applications: vec!["Base".into()] },
            sensitive: false,
            refresh: Some(Refresh { action: "reload".into(), when_changed: vec![0] }),
        },
        requires: vec![],
    }
}

pub(crate) fn change() -> Change {
    Change {
        id: ChangeId::from_uuid(uuid(4)),
        description: "Install Base".into(),
        generation: 2,
        follows: 1,
        desired_digest: "00ff".into(),
        on_error: OnError::Stop,
        tasks: vec![
            task(),
            Task {
                number: 1,
                description: "restart nginx".into(),
                resource: ResourceRef { collection: "services".into(), id: "nginx".into() },
                operation: Operation::Perform { action: "restart".into(), attributes: json!({}), owed: true },
                requires: vec![0],
            },
        ],
        expires: at(3600),
    }
}

/// One of each kind.
pub(crate) fn to_agent() -> Vec<ToAgent> {
    vec![
        ToAgent::Welcome(Welcome {
            nonce: "n".into(),
            received: HighWater { epoch: 1, sequence: 7 },
            sent: HighWater { epoch: 1, sequence: 9 },
            time: at(0),
        }),
        ToAgent::Receipt(Receipt { stored: HighWater { epoch: 1, sequence: 7 } }),
        ToAgent::Chunk(Chunk { digest: "sha256:00".into(), offset: 0, size: 3, data: "YWJj".into() }),
        ToAgent::NoSuchBlob(NoSuchBlob { digest: "sha256:00".into() }),
        ToAgent::Plan(Plan { id: PlanId::from_uuid(uuid(5)), tasks: vec![task()] }),
        ToAgent::Change(change()),
        ToAgent::Cancel(Cancel { change: ChangeId::from_uuid(uuid(4)) }),
        ToAgent::Resync(Resync { change: change(), remove: vec![resource()] }),
        ToAgent::LargeChange(LargeChange {
            change: ChangeId::from_uuid(uuid(4)),
            description: "Install Web Server".into(),
            digest: "sha256:00".into(),
            size: 3,
            expires: at(3600),
        }),
        ToAgent::Activation(Activation {
            generation: 1,
            plugins: vec![ActivePlugin {
                plugin: "hostwright/files".into(),
                version: "0.1.0".into(),
                digest: "sha256:00".into(),
                size: 3,
                collection: "files".into(),
                grants: Grants::default(),
                publisher_key: "a2V5".into(),
                signature: "c2ln".into(),
            }],
        }),
    ]
}

/// One of each kind.
pub(crate) fn to_orchestrator() -> Vec<ToOrchestrator> {
    let id = ChangeId::from_uuid(uuid(4));
    vec![
        ToOrchestrator::Hello(Hello {
            nonce: "n".into(),
            version: "0.1.0".into(),
            received: HighWater { epoch: 1, sequence: 9 },
            sent: HighWater { epoch: 1, sequence: 7 },
        }),
        ToOrchestrator::Receipt(Receipt { stored: HighWater { epoch: 1, sequence: 9 } }),
        ToOrchestrator::Fetch(Fetch { digest: "sha256:00".into(), offset: 262_144 }),
        ToOrchestrator::PlanResult(PlanResult {
            id: PlanId::from_uuid(uuid(5)),
            planning: Planning::Planned {
                tasks: vec![PlannedTask {
                    number: 0,
                    differences: vec![difference()],
                    actions: vec!["restart".into()],
                    message: None,
                    error: None,
                }],
            },
        }),
        ToOrchestrator::TaskBegan(TaskBegan { change: id, number: 0, at: at(1) }),
        ToOrchestrator::TaskEnded(TaskEnded {
            change: id,
            number: 0,
            outcome: TaskOutcome::Done { changed: true, message: None, differences: vec![difference()] },
            at: at(2),
        }),
        ToOrchestrator::ChangeEnded(ChangeEnded {
            change: id,
            outcome: ChangeOutcome::Done,
            generation: 2,
            desired_digest: "00ff".into(),
        }),
        ToOrchestrator::Facts(Facts { properties: IndexMap::from([("hostname".into(), "web1".into())]) }),
        ToOrchestrator::Compliance(Compliance {
            resource: resource(),
            state: ResourceState::Drifted(Alert {
                expected: json!({"mode": "0644"}),
                observed: serde_json::Value::Null,
                differences: vec![difference()],
                since: at(3),
            }),
            at: at(4),
        }),
        ToOrchestrator::PluginReport(PluginReport {
            generation: 1,
            plugin: "hostwright/files".into(),
            digest: "sha256:00".into(),
            state: PluginState::Active,
        }),
    ]
}
