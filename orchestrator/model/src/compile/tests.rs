use std::collections::BTreeMap;
use std::fmt::Write as _;

use hostwright_protocol::messages::Operation as TaskOperation;
use serde_json::{Value as Json, json};

use super::*;
use crate::clock::{Clock as _, TestClock};
use crate::environment::Environment;
use crate::host::{Host, HostState};
use crate::ids::{ContextId, EnvironmentId, HostId, OrganizationId};
use crate::organization::Organization;
use crate::setting::{Setting, SettingKind};

pub(crate) mod example;

/// A host and its applications, to be compiled.
struct World {
    organization: Organization,
    environment: Environment,
    host: Host,
    applications: Vec<PlacedApplication>,
    settings: HostSettings,
    contents: BTreeMap<crate::blob::BlobDigest, Vec<u8>>,
    desired: DesiredSet,
}

fn uuid(last: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | last)
}

fn context(application: &crate::application::Application) -> ContextId {
    ContextId::from_uuid(application.id.as_uuid())
}

impl World {
    fn new() -> Self {
        let now = TestClock::default().now();
        let organization = OrganizationId::from_uuid(uuid(1));
        let environment = EnvironmentId::from_uuid(uuid(2));
        Self {
            organization: Organization {
                id: organization,
                name: "Demo".parse().unwrap(),
                description: String::new(),
                version: 1,
                created_at: now,
            },
            environment: Environment {
                id: environment,
                organization,
                name: "Default".parse().unwrap(),
                description: String::new(),
                version: 1,
                created_at: now,
            },
            host: Host {
                id: HostId::from_uuid(uuid(3)),
                organization,
                environment,
                name: "web1".parse().unwrap(),
                description: String::new(),
                version: 1,
                state: HostState::Ready { since: now },
                generation: 0,
                created_at: now,
            },
            applications: Vec::new(),
            settings: HostSettings::default(),
            contents: example::contents(),
            desired: DesiredSet::default(),
        }
    }

    fn with(mut self, application: crate::application::Application) -> Self {
        let position = u32::try_from(self.applications.len()).unwrap();
        let context = context(&application);
        self.applications.push(PlacedApplication { context, position, application, services: Vec::new() });
        self
    }

    /// As it is once its applications are installed.
    fn installed(mut self) -> Self {
        let ids: Vec<ApplicationId> = self.applications.iter().map(|placed| placed.application.id).collect();
        self.desired = self.compile(&Operation::Install { applications: &ids }).unwrap().desired;
        self
    }

    fn set(&mut self, level: &str, key: &str, value: Json) {
        let setting = Setting {
            key: key.parse().unwrap(),
            kind: SettingKind::Value(value),
            schema: None,
            version: 1,
            updated_at: self.host.created_at,
        };
        let settings = match level {
            "organization" => &mut self.settings.organization,
            "environment" => &mut self.settings.environment,
            "host" => &mut self.settings.host,
            _ => self.settings.contexts.entry(self.applications[0].context).or_default(),
        };
        settings.retain(|other| other.key != setting.key);
        settings.push(setting);
    }

    fn blueprint(&self) -> Blueprint<'_> {
        Blueprint {
            organization: &self.organization,
            environment: &self.environment,
            host: &self.host,
            applications: &self.applications,
            settings: &self.settings,
            contents: &self.contents,
            desired: &self.desired,
        }
    }

    fn compile(&self, operation: &Operation<'_>) -> Result<Compiled, CompileError> {
        compile(&self.blueprint(), operation)
    }

    fn id(&self, index: usize) -> ApplicationId {
        self.applications[index].application.id
    }
}

/// As a person would want to read it.
fn show(compiled: &Compiled) -> String {
    let mut text = format!("{} ({:?})\n", compiled.description, compiled.on_error);
    for task in &compiled.tasks {
        let _ = write!(
            text,
            "{} {} [{} {}]",
            task.number, task.description, task.resource.collection, task.resource.id
        );
        match &task.operation {
            TaskOperation::Apply { attributes, membership, refresh, .. } => {
                let members: Vec<&str> =
                    membership.applications.iter().map(|id| id.rsplit('0').next().unwrap_or(id)).collect();
                let _ = write!(text, " {attributes} of {}", members.join("+"));
                if let Some(refresh) = refresh {
                    let _ = write!(text, "; {} when {:?} changed", refresh.action, refresh.when_changed);
                }
            }
            TaskOperation::Remove { .. } => text.push_str(" remove"),
            TaskOperation::Release => text.push_str(" release"),
            TaskOperation::Perform { action, owed, .. } => {
                let _ = write!(text, " {action}{}", if *owed { ", owed" } else { "" });
            }
        }
        if !task.requires.is_empty() {
            let _ = write!(text, " after {:?}", task.requires);
        }
        text.push('\n');
    }
    for resource in &compiled.remove {
        let _ = writeln!(text, "- {} {}", resource.collection, resource.id);
    }
    for blob in &compiled.blobs {
        let _ = writeln!(text, "{}\n{}", blob.digest(), String::from_utf8_lossy(blob.bytes()));
    }
    text
}

#[test]
fn installing_brings_packages_files_services_in_that_order() {
    let world = World::new().with(example::web_server());
    let compiled = world.compile(&Operation::Install { applications: &[world.id(0)] }).unwrap();
    insta::assert_snapshot!(show(&compiled));
    assert_eq!(compiled.desired.len(), 4);
    let mut advanced = DesiredSet::default();
    for task in &compiled.tasks {
        advanced.advance(task);
    }
    assert_eq!(advanced, compiled.desired, "what is desired is what the tasks do");
    assert_eq!(advanced.digest(), compiled.desired.digest());
}

#[test]
fn a_port_updates_its_file_and_reloads_the_server() {
    let mut world = World::new().with(example::web_server()).installed();
    let before = world.settings.clone();
    world.set("environment", "http_port", json!(8880));
    let compiled = world.compile(&Operation::SettingsChanged { before: &before }).unwrap();
    insta::assert_snapshot!(show(&compiled));
}

#[test]
fn a_greeting_updates_its_page_only() {
    let mut world = World::new().with(example::web_server()).installed();
    let before = world.settings.clone();
    world.set("context", "greeting", json!("Good morning"));
    let compiled = world.compile(&Operation::SettingsChanged { before: &before }).unwrap();
    insta::assert_snapshot!(show(&compiled));
}

#[test]
fn a_setting_that_changes_nothing_here_does_nothing_here() {
    let mut world = World::new().with(example::web_server());
    world.set("host", "http_port", json!(8000));
    let mut world = world.installed();
    let before = world.settings.clone();
    world.set("environment", "http_port", json!(8880));
    world.set("organization", "unheard_of", json!(1));
    world.set("context", "http_port", json!(8000));
    let compiled = world.compile(&Operation::SettingsChanged { before: &before }).unwrap();
    assert!(compiled.tasks.is_empty(), "{}", show(&compiled));
}

#[test]
fn several_keys_at_once_make_one_change_without_repetition() {
    let mut application = example::web_server();
    application.handlers.push(crate::application::Handler {
        name: None,
        on: vec!["http_port".parse().unwrap()],
        actions: vec![
            Action::Update("index.html".parse().unwrap()),
            Action::Restart("nginx".parse().unwrap()),
        ],
    });
    let mut world = World::new().with(application).installed();
    let before = world.settings.clone();
    world.set("host", "http_port", json!(1));
    world.set("host", "greeting", json!("Hi"));
    let compiled = world.compile(&Operation::SettingsChanged { before: &before }).unwrap();
    let descriptions: Vec<_> = compiled.tasks.iter().map(|task| task.description.as_str()).collect();
    assert_eq!(descriptions, ["update file site.conf", "update file index.html", "restart service nginx"]);
    assert_eq!(compiled.description, "Change greeting, http_port");
}

#[test]
fn uninstalling_runs_its_actions_first_and_removes_in_reverse() {
    let mut application = example::web_server();
    application.handlers.push(crate::application::Handler {
        name: None,
        on: vec![crate::application::Trigger::Uninstall],
        actions: vec![Action::Execute("index.html".parse().unwrap())],
    });
    let world = World::new().with(application).installed();
    let compiled = world.compile(&Operation::Uninstall { application: world.id(0) }).unwrap();
    insta::assert_snapshot!(show(&compiled));
    assert!(compiled.desired.is_empty());
}

#[test]
fn equal_declarations_merge_and_leave_with_the_last() {
    let mut other = example::page();
    other.packages = example::web_server().packages;
    let world = World::new().with(example::web_server()).with(other).installed();
    let shared = crate::template::resource("packages", "nginx-light");
    assert_eq!(world.desired.get(&shared).unwrap().applications.len(), 2);
    let compiled = world.compile(&Operation::Uninstall { application: world.id(0) }).unwrap();
    let kept = compiled.tasks.iter().find(|task| task.resource == shared).unwrap();
    assert_eq!(kept.description, "keep package nginx-light");
    assert_eq!(compiled.desired.get(&shared).unwrap().applications, [world.id(1).to_string()]);
    assert_eq!(compiled.desired.get(&shared).unwrap().label, "package nginx-light");
}

#[test]
fn differing_declarations_refuse_naming_both() {
    let mut other = example::page();
    other.files[0].path = "/srv/web-server/index.html".to_owned();
    let world = World::new().with(example::web_server()).installed().with(other.clone());
    let error = world.compile(&Operation::Install { applications: &[world.id(1)] }).unwrap_err();
    insta::assert_snapshot!(error, @"applications `Web Server` and `Page` both declare files `/srv/web-server/index.html`, but differ in `content`: make them equal, or install only one");

    let both = World::new().with(example::web_server()).with(other);
    let together = both.compile(&Operation::Install { applications: &[both.id(0), both.id(1)] }).unwrap_err();
    assert_eq!(together, error);
}

#[test]
fn an_update_may_not_take_a_shared_file_away_from_another() {
    let mut world = World::new().with(example::page()).with(example::twin_of_page()).installed();
    let before = world.settings.clone();
    world.set("context", "text", json!("mine alone"));
    let error = world.compile(&Operation::SettingsChanged { before: &before }).unwrap_err();
    assert!(matches!(error, CompileError::Conflict { .. }), "{error}");

    world.settings = before.clone();
    world.set("host", "text", json!("for both"));
    let compiled = world.compile(&Operation::SettingsChanged { before: &before }).unwrap();
    assert_eq!(compiled.tasks.len(), 1);
    let shared = &compiled.tasks[0].resource;
    assert_eq!(compiled.desired.get(shared).unwrap().applications.len(), 2);
}

#[test]
fn a_rebuild_names_everything_and_what_is_to_go() {
    let mut world = World::new().with(example::web_server()).installed();
    world.applications[0].application.files.remove(1);
    world.applications[0].application.handlers.clear();
    let compiled = world.compile(&Operation::Rebuild).unwrap();
    insta::assert_snapshot!(show(&compiled));
}

#[test]
fn a_resync_says_again_what_was_said_before() {
    let world = World::new().with(example::web_server()).installed();
    let mut again = DesiredSet::default();
    let tasks = resync(&world.desired);
    for task in &tasks {
        again.advance(task);
    }
    assert_eq!(again, world.desired);
    let order: Vec<_> = tasks.iter().map(|task| task.resource.collection.as_str()).collect();
    assert_eq!(order, ["packages", "files", "files", "services"]);
}

#[test]
fn continue_lets_what_comes_after_it_happen() {
    let mut application = example::web_server();
    application.handlers = vec![crate::application::Handler {
        name: Some("all".parse().unwrap()),
        on: Vec::new(),
        actions: vec![
            Action::Update("site.conf".parse().unwrap()),
            Action::Reload("nginx".parse().unwrap()),
            Action::Continue,
            Action::Update("index.html".parse().unwrap()),
            Action::Execute("index.html".parse().unwrap()),
        ],
    }];
    let world = World::new().with(application).installed();
    let name = "all".parse().unwrap();
    let compiled =
        world.compile(&Operation::RunHandler { application: world.id(0), handler: &name }).unwrap();
    let requires: Vec<_> = compiled.tasks.iter().map(|task| task.requires.clone()).collect();
    assert_eq!(requires, [vec![], vec![0], vec![], vec![2]]);
    assert_eq!(compiled.on_error, OnError::Continue);
}

#[test]
fn install_handlers_run_after_everything_and_update_nothing_twice() {
    let mut application = example::web_server();
    application.handlers = vec![crate::application::Handler {
        name: None,
        on: vec![crate::application::Trigger::Install],
        actions: vec![
            Action::Update("index.html".parse().unwrap()),
            Action::Execute("index.html".parse().unwrap()),
        ],
    }];
    let world = World::new().with(application);
    let compiled = world.compile(&Operation::Install { applications: &[world.id(0)] }).unwrap();
    let last = compiled.tasks.last().unwrap();
    assert_eq!((compiled.tasks.len(), last.description.as_str()), (5, "execute file index.html"));
    assert!(matches!(last.operation, TaskOperation::Perform { owed: true, .. }));
}

#[test]
fn a_context_can_leave_a_service_disabled() {
    let mut world = World::new().with(example::web_server());
    world.applications[0].services =
        vec![crate::context::ServiceOverride { name: "nginx".parse().unwrap(), enabled: false }];
    let world = world.installed();
    let service = world.desired.get(&crate::template::resource("services", "nginx")).unwrap();
    assert_eq!(service.attributes, json!({"running": true, "enabled": false}));
}

#[test]
fn nothing_is_compiled_of_what_cannot_be() {
    let refuse = |change: fn(&mut World)| {
        let mut world = World::new().with(example::web_server());
        change(&mut world);
        world.compile(&Operation::Install { applications: &[world.id(0)] }).unwrap_err().to_string()
    };
    let errors = [
        refuse(|world| world.applications[0].application.parameters.clear()),
        refuse(|world| world.applications[0].application.files[0].template.content = None),
        refuse(|world| world.applications[0].application.files[0].path = "${greeting}".to_owned()),
        refuse(|world| world.applications[0].application.files[0].path = "/srv/../etc/x".to_owned()),
        refuse(|world| {
            world.applications[0].application.parameters[1].default = None;
            world.applications[0].application.parameters[1].schema =
                json!({"type": "string", "required": true});
        }),
        refuse(|world| {
            world.applications[0].application.packages[0].version = Some("${version}".to_owned());
        }),
        refuse(|world| world.contents.clear()),
    ];
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn a_rendered_file_can_be_looked_at_without_any_machine() {
    let world = World::new().with(example::web_server());
    let blueprint = world.blueprint();
    let page = blueprint.render_file(&world.applications[0], &"index.html".parse().unwrap()).unwrap();
    assert_eq!(String::from_utf8(page).unwrap(), "<h1>Hello from Hostwright</h1>\n<p>web1</p>\n");
}
