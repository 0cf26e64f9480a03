//! An application with callers, and the people and things that tests need.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hostwright_bus::memory;
use hostwright_manifest::section;
use hostwright_model::agent::{Agent, Lanes, Presence, Standing};
use hostwright_model::change::{ChangeEnding, TaskState};
use hostwright_model::clock::{Clock as _, TestClock};
use hostwright_model::distribution::Distribution;
use hostwright_model::ids::{AgentId, EnrolmentTokenId, fresh};
use hostwright_model::parameter::Parameter;
use hostwright_model::platform::{DriverName, Platform};
use hostwright_model::template::{Delimiters, TemplateFile};
use hostwright_model::user::{Membership, Role, RoleScope, SiteRole};
use hostwright_protocol::keys::{KeyId, OrchestratorKeys, VerifyingKey};
use hostwright_protocol::messages::{Alert, Compliance, ResourceRef, ResourceState, TaskOutcome};
use hostwright_runtime::driver::{Blueprint, Instance, InstanceState, Operation, Settings};
use hostwright_store::Store;
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::app::{App, Parts};
use crate::config::Config;
use crate::drivers::{Component, Driver, DriverError, DriverSource, Drivers};
use crate::operations::plugins::{Origin, RegisterPlugin, register_plugin};
use crate::operations::users::{CreateUser, create_user};
use crate::operations::{Actor, HostPath, alerts, changes, hosts, organizations};
use crate::registry::TrustedKeys;

/// The password of everybody.
pub(crate) const PASSWORD: &str = "correct horse";

/// What differs from run to run.
pub(crate) const FILTERS: [(&str, &str); 3] = [
    ("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[uuid]"),
    ("hw[1k]_[A-Za-z0-9_-]+", "[secret]"),
    ("sha256:[0-9a-f]{64}", "[digest]"),
];

/// An application on a database of its own.
pub(crate) struct TestApp {
    pub(crate) app: App,
    pub(crate) router: Router,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) directory: TempDir,
}

impl TestApp {
    /// Starts one with the users `admin` (who owns the site) and `eve`, and two plugins that came with it.
    pub(crate) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("orchestrator.toml");
        let database = format!("sqlite://{}", directory.path().join("state.db").display());
        let state = directory.path().display();
        std::fs::write(&file, format!("database = \"{database}\"\nstate_directory = \"{state}\"\n")).unwrap();
        let mut config = Config::load(Some(&file)).unwrap();
        config.public_url = "http://127.0.0.1:7690".to_owned();
        let clock = Arc::new(TestClock::default());
        let keys = Arc::new(crate::keys::load_or_make(&directory.path().join("keys"), clock.now()).unwrap());
        let store = Store::connect(&database).await.unwrap();
        let (bus, _) = memory::pair(Arc::new(Nobody(Arc::clone(&keys))), hostwright_bus::Limits::default());
        let app = App::new(Parts {
            config,
            store,
            clock: Arc::clone(&clock) as _,
            keys,
            bus,
            drivers: Drivers::new(Arc::new(Machines)),
            trusted_keys: TrustedKeys::default(),
        });
        let mut work = app.begin(Actor::System).await.unwrap();
        for (username, role) in [("admin", SiteRole::Administrator), ("eve", SiteRole::User)] {
            let input = CreateUser {
                username: username.parse().unwrap(),
                full_name: String::new(),
                email: String::new(),
                password: PASSWORD.to_owned(),
                role,
            };
            create_user(&mut work, input).await.unwrap();
        }
        for component in [component("files", "0.1.0"), manual_driver()] {
            let input = RegisterPlugin { component, signature: None, origin: Origin::Shipped };
            register_plugin(&mut work, input).await.unwrap();
        }
        work.commit().await.unwrap();
        let router = crate::router::router(app.clone());
        Self { app, router, clock, directory }
    }

    /// Starts one with organization `Demo`, environment `prod`, host `web1` and application `Web Server`; and with
    /// organization `Other` of somebody else.
    pub(crate) async fn start_with_demo() -> Self {
        let test = Self::start().await;
        let admin = test.administrator();
        test.user("eve").post("/api/organizations", json!({ "name": "Other" })).await.expect(200);
        admin.post("/api/organizations", json!({ "name": "Demo" })).await.expect(200);
        admin.post("/api/organizations/Demo/environments", json!({ "name": "prod" })).await.expect(200);
        let application = web_server();
        admin.post("/api/organizations/Demo/applications", application).await.expect(200);
        let content = "/api/organizations/Demo/applications/Web%20Server/files/site.conf/content";
        admin.upload(content, b"listen ${http_port};\n").await.expect(200);
        let host = json!({ "name": "web1", "platform": "Manual" });
        admin.post("/api/organizations/Demo/environments/prod/hosts", host).await.expect(200);
        test
    }

    /// Makes somebody a user of one environment of `Demo`.
    pub(crate) async fn let_in(&self, username: &str, environment: &str) {
        let mut work = self.app.begin(Actor::System).await.unwrap();
        let tx = work.tx();
        let user = tx.user_by_name(&username.parse().unwrap()).await.unwrap().unwrap().id;
        let organization = tx.organization_by_name(&"Demo".parse().unwrap()).await.unwrap().unwrap().id;
        let found = tx.environment_by_name(organization, &environment.parse().unwrap()).await.unwrap();
        let scope = RoleScope::Environment(found.unwrap().id);
        tx.put_membership(&Membership { organization, user, scope, role: Role::User }).await.unwrap();
        work.commit().await.unwrap();
    }

    /// Enrols a machine for a host of `Demo`, without the machine.
    pub(crate) async fn enrol(&self, environment: &str, host: &str) {
        let mut work = self.app.begin(Actor::System).await.unwrap();
        let name = "Demo".parse().unwrap();
        let organization = organizations::find_organization(&mut work, &name).await.unwrap();
        let path = HostPath { environment: environment.parse().unwrap(), host: host.parse().unwrap() };
        let mut host = hosts::find_host(&mut work, &organization, &path).await.unwrap();
        let agent = Agent {
            id: fresh(&**self.app.clock()),
            organization: organization.id,
            environment: host.environment,
            host: Some(host.id),
            signing_key: vec![1; 32],
            sealing_key: vec![2; 32],
            version: "0.1.0".to_owned(),
            standing: Standing::Trusted,
            presence: Presence::Down,
            last_seen: None,
            lanes: Lanes::default(),
            created_at: work.now(),
        };
        host.state = host.state.enrol(work.now()).unwrap();
        work.tx().insert_agent(&agent).await.unwrap();
        work.tx().save_host_state(&host).await.unwrap();
        work.commit().await.unwrap();
    }

    /// Ends a change of a host of `prod`: its first task done, its second failed.
    pub(crate) async fn end_change(&self, host: &str, number: u64) {
        let mut work = self.app.begin(Actor::System).await.unwrap();
        let name = "Demo".parse().unwrap();
        let organization = organizations::find_organization(&mut work, &name).await.unwrap();
        let path = HostPath { environment: "prod".parse().unwrap(), host: host.parse().unwrap() };
        let mut change = changes::find_change(&mut work, &organization, &path, number).await.unwrap();
        let at = work.now();
        let done = TaskOutcome::Done { changed: true, message: None, differences: Vec::new() };
        let failed = TaskOutcome::Failed { error: "the disk is full".to_owned() };
        for (task, outcome) in change.tasks.iter_mut().zip([done, failed]) {
            task.state = TaskState::Reported { outcome, at };
        }
        change.end(ChangeEnding::Failed, at, None).unwrap();
        work.tx().save_change(&change).await.unwrap();
        work.commit().await.unwrap();
    }

    /// Tells of a resource of a host of `prod` what its agent would: that it is not as desired.
    pub(crate) async fn report_drift(
        &self,
        host: &str,
        resource: (&str, &str),
        expected: Json,
        observed: Json,
    ) {
        let mut work = self.app.begin(Actor::System).await.unwrap();
        let name = "Demo".parse().unwrap();
        let organization = organizations::find_organization(&mut work, &name).await.unwrap();
        let path = HostPath { environment: "prod".parse().unwrap(), host: host.parse().unwrap() };
        let host = hosts::find_host(&mut work, &organization, &path).await.unwrap();
        let agent = work.tx().agent_of_host(organization.id, host.id).await.unwrap().unwrap();
        let (collection, id) = resource;
        let report = Compliance {
            resource: ResourceRef { collection: collection.to_owned(), id: id.to_owned() },
            state: ResourceState::Drifted(Alert {
                expected,
                observed,
                differences: Vec::new(),
                since: work.now(),
            }),
            at: work.now(),
        };
        alerts::take_report(&mut work, &agent, report).await.unwrap();
        work.commit().await.unwrap();
    }

    /// Makes a platform `Cloud` and a distribution `Debian` in `Demo`, each with a parameter and a file.
    pub(crate) async fn make_templates(&self) {
        let mut work = self.app.begin(Actor::System).await.unwrap();
        let name = "Demo".parse().unwrap();
        let organization = organizations::find_organization(&mut work, &name).await.unwrap().id;
        let parameter = Parameter {
            key: "vm_memory".parse().unwrap(),
            name: "Memory".to_owned(),
            description: String::new(),
            default: Some(json!(512)),
            schema: json!({ "type": "integer" }),
            version: 1,
        };
        let name = "domain.xml".parse().unwrap();
        let file = TemplateFile { name, delimiters: Delimiters::default(), content: None };
        let platform = Platform {
            id: fresh(&**self.app.clock()),
            organization,
            name: "Cloud".parse().unwrap(),
            description: String::new(),
            version: 1,
            driver: DriverName("Manual".to_owned()),
            parameters: vec![parameter.clone()],
            files: vec![file.clone()],
            created_at: work.now(),
        };
        work.tx().insert_platform(&platform).await.unwrap();
        let distribution = Distribution {
            id: fresh(&**self.app.clock()),
            organization,
            name: "Debian".parse().unwrap(),
            description: String::new(),
            version: 1,
            locked: false,
            parameters: vec![parameter],
            files: vec![file],
            created_at: work.now(),
        };
        work.tx().insert_distribution(&distribution).await.unwrap();
        work.commit().await.unwrap();
    }

    /// Returns the number of the latest event: it rises with everything that is written.
    pub(crate) async fn latest_event(&self) -> i64 {
        let mut work = self.app.look(Actor::System).await.unwrap();
        work.tx().latest_event_id().await.unwrap()
    }

    /// Somebody who is not logged in.
    pub(crate) fn anonymous(&self) -> TestCaller {
        TestCaller { router: self.router.clone(), headers: HeaderMap::new() }
    }

    /// The site's owner, who is the administrator of `Demo`.
    pub(crate) fn administrator(&self) -> TestCaller {
        self.user("admin")
    }

    /// A person.
    pub(crate) fn user(&self, name: &str) -> TestCaller {
        let value = format!("Basic {}", STANDARD.encode(format!("{name}:{PASSWORD}")));
        self.anonymous().with("authorization", &value)
    }
}

/// Who sends requests.
#[derive(Clone, Debug)]
pub(crate) struct TestCaller {
    router: Router,
    headers: HeaderMap,
}

impl TestCaller {
    /// The same with another header.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Json) -> Answer {
        self.send(Method::POST, path, Some(body.to_string().into_bytes())).await
    }

    pub(crate) async fn put(&self, path: &str, body: Json) -> Answer {
        self.send(Method::PUT, path, Some(body.to_string().into_bytes())).await
    }

    /// Asks for an action, with an empty body.
    pub(crate) async fn act(&self, path: &str) -> Answer {
        self.send(Method::PUT, path, None).await
    }

    /// Sends a form with a field `file`.
    pub(crate) async fn upload(&self, path: &str, content: &[u8]) -> Answer {
        let mut body =
            b"--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n".to_vec();
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n--edge--\r\n");
        let caller = self.clone().with("content-type", "multipart/form-data; boundary=edge");
        caller.send(Method::POST, path, Some(body)).await
    }

    /// Sends anything.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        let headers = request.headers_mut().unwrap();
        headers.extend(self.headers.clone());
        if body.is_some() && !headers.contains_key("content-type") {
            headers.insert("content-type", HeaderValue::from_static("application/json"));
        }
        let request = request.body(body.map_or_else(Body::empty, Body::from)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body: body.to_vec() }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Goes on only with this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Goes on only if it was the caller's mistake.
    #[track_caller]
    pub(crate) fn expect_refused(self) -> Self {
        assert!(self.status.is_client_error(), "{self}");
        self
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// As people would look at it: status, the headers that mean something, the body.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.status)?;
        let shown = [
            "allow",
            "content-type",
            "etag",
            "hostwright-change",
            "idempotency-replayed",
            "link",
            "location",
        ];
        let mut headers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, value) in &self.headers {
            if shown.contains(&name.as_str())
                && value != "application/json"
                && value != "application/problem+json"
            {
                headers.entry(name.as_str()).or_default().push(value.to_str().unwrap_or("?"));
            }
        }
        for (name, values) in headers {
            for value in values {
                writeln!(f, "{name}: {value}")?;
            }
        }
        match serde_json::from_slice::<Json>(&self.body) {
            Ok(json) => write!(f, "\n{}", serde_json::to_string_pretty(&json).unwrap_or_default()),
            Err(_) => write!(f, "\n{}", self.text()),
        }
    }
}

/// The application that most tests use.
pub(crate) fn web_server() -> Json {
    json!({
        "name": "Web Server",
        "packages": [{ "name": "nginx-light" }],
        "services": [{ "name": "nginx", "enabled": true }],
        "files": [{ "name": "site.conf", "path": "/etc/nginx/conf.d/site.conf", "mode": "644" }],
        "parameters": [{ "key": "http_port", "name": "Port", "value": 8080, "schema": { "type": "integer" } }],
        "handlers": [{
            "name": "reconfigure",
            "on": ["http_port"],
            "do": [
                { "action": "update", "resource": "file://site.conf" },
                { "action": "reload", "resource": "service://nginx" },
            ],
        }],
    })
}

/// A component that is only a manifest: whoever looks at it sees a plugin, nobody runs it.
pub(crate) fn component(name: &str, version: &str) -> Vec<u8> {
    let manifest = format!(
        "manifest = 1\nid = \"hostwright/{name}\"\nversion = \"{version}\"\nkind = \"provider\"\napi = \"0.1\"\n\
         collection = \"{name}\"\nsummary = \"Regular files\"\nlicense = \"Apache-2.0\"\nauthors = [\"Hostwright\"]\n\
         systems = [\"linux\"]\n[[capabilities.files]]\nreason = \"what it is for\"\nwrite = [\"/etc\", \"/srv\"]\n\
         [capabilities.log]\nreason = \"to tell\"\n"
    );
    section::embed(EMPTY_COMPONENT, &manifest).unwrap()
}

fn manual_driver() -> Vec<u8> {
    let manifest = "manifest = 1\nid = \"hostwright/manual\"\nversion = \"0.1.0\"\nkind = \"driver\"\napi = \"0.1\"\n\
                    platform = \"Manual\"\nsummary = \"Machines that exist already\"\nlicense = \"Apache-2.0\"\n\
                    authors = [\"Hostwright\"]\nsystems = []\n";
    section::embed(EMPTY_COMPONENT, manifest).unwrap()
}

/// The header of a component and nothing else.
const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// Admits nobody to the bus.
struct Nobody(Arc<OrchestratorKeys>);

#[async_trait]
impl hostwright_bus::Authenticator for Nobody {
    async fn agent_key(&self, _agent: AgentId) -> Option<VerifyingKey> {
        None
    }

    async fn token_is_known(&self, _token: EnrolmentTokenId) -> bool {
        false
    }

    async fn orchestrator_key(&self) -> KeyId {
        self.0.key_id()
    }
}

/// Makes machines that are there at once, and that cannot be paused.
struct Machines;

#[async_trait]
impl DriverSource for Machines {
    async fn driver(&self, _component: &Component) -> Result<Arc<dyn Driver>, DriverError> {
        Ok(Arc::new(Self))
    }
}

#[async_trait]
impl Driver for Machines {
    async fn provision(&self, blueprint: &Blueprint) -> Result<String, DriverError> {
        Ok(blueprint.uuid.clone())
    }

    async fn inspect(&self, _handle: &str, _settings: &Settings) -> Result<Instance, DriverError> {
        Ok(Instance { state: InstanceState::Pending, properties: Vec::new(), waiting_for: None })
    }

    async fn operate(
        &self,
        _operation: Operation,
        _handle: &str,
        _settings: &Settings,
    ) -> Result<(), DriverError> {
        Ok(())
    }

    fn supports(&self, operation: Operation) -> bool {
        operation != Operation::Pause
    }
}
