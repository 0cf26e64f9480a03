//! Entities to store.

use chrono::{DateTime, TimeDelta, Utc};
use hostwright_model::agent::{Agent, Lanes, Presence, Standing};
use hostwright_model::application::{
    Action, Application, ApplicationFile, Directory, Handler, OtherResource, Package, Service, Trigger,
};
use hostwright_model::blob::BlobDigest;
use hostwright_model::change::{Change, ChangeKind, ChangeState, ChangeTask};
use hostwright_model::clock::{Clock as _, TestClock};
use hostwright_model::context::{ApplicationContext, Context, Installation, ServiceOverride, Subject};
use hostwright_model::distribution::Distribution;
use hostwright_model::environment::Environment;
use hostwright_model::host::{Host, HostState};
use hostwright_model::ids::{self, AgentId, Id};
use hostwright_model::instance::{Instance, InstanceState};
use hostwright_model::organization::Organization;
use hostwright_model::parameter::Parameter;
use hostwright_model::platform::{DriverName, Platform};
use hostwright_model::setting::{Setting, SettingKind};
use hostwright_model::template::{Delimiters, Pair, TemplateFile};
use hostwright_protocol::messages::{
    Cancel, Membership, Monitor, OnError, Operation, ResourceRef, Task, ToAgent,
};
use serde_json::{Value as Json, json};

use crate::{Error, NewMessage, Transaction};

/// Makes entities that differ from each other. Each is new, at version 1, and stored by nobody.
#[derive(Debug, Default)]
pub struct Samples {
    clock: TestClock,
}

/// A host with everything that it needs, stored.
#[derive(Clone, Debug)]
pub struct StoredHost {
    /// Whose it is.
    pub organization: Organization,
    /// Where it stands.
    pub environment: Environment,
    /// The host.
    pub host: Host,
    /// Its agent.
    pub agent: Agent,
}

impl Samples {
    /// Returns the time of all samples.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Makes an id.
    pub fn id<I: Id>(&self) -> I {
        ids::fresh(&self.clock)
    }

    /// Makes an organization.
    #[expect(clippy::missing_panics_doc, clippy::unwrap_used, reason = "the name is a valid one")]
    pub fn organization(&self, name: &str) -> Organization {
        Organization {
            id: self.id(),
            name: name.parse().unwrap(),
            description: "for tests".to_owned(),
            version: 1,
            created_at: self.now(),
        }
    }

    /// Makes an environment.
    #[expect(clippy::missing_panics_doc, clippy::unwrap_used, reason = "the name is a valid one")]
    pub fn environment(&self, organization: &Organization, name: &str) -> Environment {
        Environment {
            id: self.id(),
            organization: organization.id,
            name: name.parse().unwrap(),
            description: String::new(),
            version: 1,
            created_at: self.now(),
        }
    }

    /// Makes a host.
    #[expect(clippy::missing_panics_doc, clippy::unwrap_used, reason = "the name is a valid one")]
    pub fn host(&self, environment: &Environment, name: &str) -> Host {
        Host {
            id: self.id(),
            organization: environment.organization,
            environment: environment.id,
            name: name.parse().unwrap(),
            description: String::new(),
            version: 1,
            state: HostState::Error { since: self.now(), reason: "a task failed".to_owned() },
            generation: 7,
            created_at: self.now(),
        }
    }

    /// Makes the instance of a host.
    pub fn instance(&self, host: &Host) -> Instance {
        let properties = [("ip.eth0", "10.0.0.1"), ("hostname", "web1"), ("a", "first in no order")];
        Instance {
            host: host.id,
            organization: host.organization,
            state: InstanceState::Running,
            handle: "handle".to_owned(),
            locked: true,
            properties: properties
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into_iter()
                .collect(),
            version: 1,
            created_at: self.now(),
        }
    }

    /// Makes an application that has everything an application can have.
    #[expect(clippy::missing_panics_doc, clippy::unwrap_used, reason = "the names are valid ones")]
    pub fn application(&self, organization: &Organization, name: &str) -> Application {
        Application {
            id: self.id(),
            organization: organization.id,
            name: name.parse().unwrap(),
            description: "serves".to_owned(),
            version: 1,
            locked: true,
            packages: vec![Package {
                name: "nginx-light".parse().unwrap(),
                version: Some("${version}".to_owned()),
                hold: Some(true),
            }],
            services: vec![Service { name: "nginx".parse().unwrap(), enabled: None, running: false }],
            directories: vec![Directory {
                name: "root".parse().unwrap(),
                path: "/srv/web".to_owned(),
                owner: Some("root".to_owned()),
                group: None,
                mode: Some("755".to_owned()),
            }],
            files: vec![ApplicationFile {
                template: Self::file("site.conf"),
                path: "/etc/site.conf".to_owned(),
                owner: None,
                group: Some("root".to_owned()),
                mode: None,
            }],
            resources: vec![OtherResource {
                collection: "acme.shares".to_owned(),
                id: "/srv/${name}".to_owned(),
                attributes: [("hosts".to_owned(), json!(["${peer}", {"z": 1, "a": null}]))]
                    .into_iter()
                    .collect(),
            }],
            parameters: vec![
                Self::parameter("http_port", Some(json!(8080))),
                Self::parameter("nothing", Some(Json::Null)),
                Self::parameter("required", None),
            ],
            handlers: vec![Handler {
                name: Some("all".parse().unwrap()),
                on: vec![
                    Trigger::Install,
                    Trigger::Uninstall,
                    Trigger::Setting("http_port".parse().unwrap()),
                ],
                actions: vec![
                    Action::Update("site.conf".parse().unwrap()),
                    Action::Continue,
                    Action::Reload("nginx".parse().unwrap()),
                ],
            }],
            created_at: self.now(),
        }
    }

    /// Makes a platform.
    #[expect(clippy::missing_panics_doc, clippy::unwrap_used, reason = "the name is a valid one")]
    pub fn platform(&self, organization: &Organization, name: &str) -> Platform {
        Platform {
            id: self.id(),
            organization: organization.id,
            name: name.parse().unwrap(),
            description: String::new(),
            version: 1,
            driver: DriverName("Manual".to_owned()),
            parameters: vec![Self::parameter("memory", Some(json!(512)))],
            files: vec![Self::file("domain.xml")],
            created_at: self.now(),
        }
    }

    /// Makes a distribution.
    #[expect(clippy::missing_panics_doc, clippy::unwrap_used, reason = "the name is a valid one")]
    pub fn distribution(&self, organization: &Organization, name: &str) -> Distribution {
        Distribution {
            id: self.id(),
            organization: organization.id,
            name: name.parse().unwrap(),
            description: String::new(),
            version: 1,
            locked: false,
            parameters: vec![Self::parameter("zone", Some(json!("angleur")))],
            files: vec![Self::file("kickstart")],
            created_at: self.now(),
        }
    }

    /// Makes the context of an application on a host.
    #[expect(clippy::missing_panics_doc, clippy::unwrap_used, reason = "the name is a valid one")]
    pub fn context(&self, host: &Host, application: &Application) -> Context {
        Context {
            id: self.id(),
            organization: host.organization,
            host: host.id,
            subject: Subject::Application(ApplicationContext {
                application: application.id,
                position: 3,
                installation: Installation::Uninstalling,
                services: vec![ServiceOverride { name: "nginx".parse().unwrap(), enabled: true }],
            }),
            version: 1,
            created_at: self.now(),
        }
    }

    /// Makes a setting.
    #[expect(clippy::missing_panics_doc, clippy::unwrap_used, reason = "the key is a valid one")]
    pub fn setting(&self, key: &str, value: Json) -> Setting {
        Setting {
            key: key.parse().unwrap(),
            kind: SettingKind::Value(value),
            schema: None,
            version: 0,
            updated_at: self.now(),
        }
    }

    /// Makes a change with two tasks that wait.
    pub fn change(&self, host: &Host) -> Change {
        Change {
            id: self.id(),
            organization: host.organization,
            host: host.id,
            order_number: 0,
            description: "Change http_port".to_owned(),
            kind: ChangeKind::Change,
            state: ChangeState::Pending,
            generation: 8,
            follows: 7,
            desired_digest: "d1".to_owned(),
            on_error: OnError::Continue,
            tasks: vec![ChangeTask::pending(Self::task(0)), ChangeTask::pending(Self::task(1))],
            created_at: self.now(),
            expires_at: self.now() + TimeDelta::days(30),
        }
    }

    /// Makes a task.
    pub fn task(number: u32) -> Task {
        Task {
            number,
            description: format!("add file {number}"),
            resource: Self::resource(&format!("/srv/{number}")),
            operation: Operation::Apply {
                attributes: json!({"mode": "0644", "content": "b", "another": 1.0}),
                monitor: Monitor::Keep,
                membership: Membership { applications: vec!["a".to_owned()] },
                sensitive: false,
                refresh: None,
            },
            requires: Vec::new(),
        }
    }

    /// Names a file.
    pub fn resource(path: &str) -> ResourceRef {
        ResourceRef { collection: "files".to_owned(), id: path.to_owned() }
    }

    /// Makes the agent of a host.
    pub fn agent(&self, environment: &Environment, host: Option<&Host>) -> Agent {
        Agent {
            id: self.id(),
            organization: environment.organization,
            environment: environment.id,
            host: host.map(|host| host.id),
            signing_key: vec![1; 32],
            sealing_key: vec![2; 32],
            version: "0.1.0".to_owned(),
            standing: Standing::Trusted,
            presence: Presence::Down,
            last_seen: None,
            lanes: Lanes::default(),
            created_at: self.now(),
        }
    }

    /// Makes a message to an agent.
    pub fn message(&self, change: Option<&Change>) -> NewMessage {
        let content = change.map_or_else(
            || ToAgent::Cancel(Cancel { change: self.id() }),
            |change| ToAgent::Change(change.to_message()),
        );
        NewMessage {
            id: self.id(),
            content,
            change: change.map(|change| change.id),
            at: self.now(),
            expires_at: self.now() + TimeDelta::days(30),
        }
    }

    /// Stores an organization with an environment, a host and its agent.
    pub async fn stored_host(
        &self,
        tx: &mut dyn Transaction,
        organization: &str,
    ) -> Result<StoredHost, Error> {
        let organization = self.organization(organization);
        tx.insert_organization(&organization).await?;
        let environment = self.environment(&organization, "Default");
        tx.insert_environment(&environment).await?;
        let host = self.host(&environment, "web1");
        tx.insert_host(&host).await?;
        let agent = self.agent(&environment, Some(&host));
        tx.insert_agent(&agent).await?;
        Ok(StoredHost { organization, environment, host, agent })
    }

    #[expect(clippy::unwrap_used, reason = "the key is a valid one")]
    fn parameter(key: &str, default: Option<Json>) -> Parameter {
        let schema = json!({"type": "integer", "pretty": "A number", "advanced": true, "enum": [3, 1, 2]});
        Parameter {
            key: key.parse().unwrap(),
            name: "Port".to_owned(),
            description: "?".to_owned(),
            default,
            schema,
            version: 4,
        }
    }

    #[expect(clippy::unwrap_used, reason = "the name is a valid one")]
    fn file(name: &str) -> TemplateFile {
        let comment = Some(Pair::new("<#", "#>"));
        TemplateFile {
            name: name.parse().unwrap(),
            delimiters: Delimiters { comment, ..Delimiters::of_variables(Pair::new("##", "##")) },
            content: Some(BlobDigest::of(name.as_bytes())),
        }
    }
}

/// An id that nothing has.
pub(super) fn nobody() -> AgentId {
    AgentId::from_uuid(uuid::Uuid::nil())
}
