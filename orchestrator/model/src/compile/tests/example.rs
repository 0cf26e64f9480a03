//! The example application, and small ones that get in its way.

use std::collections::BTreeMap;

use serde_json::json;

use super::uuid;
use crate::application::{Action, Application, ApplicationFile, Handler, Package, Service, Trigger};
use crate::blob::BlobDigest;
use crate::clock::{Clock as _, TestClock};
use crate::ids::{ApplicationId, OrganizationId};
use crate::parameter::Parameter;
use crate::template::{Delimiters, TemplateFile};

const SITE: &str = "\
server {
    listen ${http_port};
    root /srv/web-server;
    add_header X-Served-By \"${_host.name}\";
}
";
const INDEX: &str = "<h1>${greeting}</h1>\n<p>${_host.name}</p>\n";
const TEXT: &str = "${text}\n";

pub(crate) fn contents() -> BTreeMap<BlobDigest, Vec<u8>> {
    [SITE, INDEX, TEXT]
        .into_iter()
        .map(|text| (BlobDigest::of(text.as_bytes()), text.as_bytes().to_vec()))
        .collect()
}

pub(crate) fn web_server() -> Application {
    Application {
        packages: vec![Package { name: "nginx-light".parse().unwrap(), version: None, hold: None }],
        services: vec![Service { name: "nginx".parse().unwrap(), enabled: Some(true), running: true }],
        files: vec![
            file("site.conf", "/etc/nginx/conf.d/site.conf", SITE),
            file("index.html", "/srv/web-server/index.html", INDEX),
        ],
        parameters: vec![
            parameter("http_port", json!(8080), "integer"),
            parameter("greeting", json!("Hello from Hostwright"), "string"),
        ],
        handlers: vec![
            handler(
                "http_port",
                vec![Action::Update("site.conf".parse().unwrap()), Action::Reload("nginx".parse().unwrap())],
            ),
            handler("greeting", vec![Action::Update("index.html".parse().unwrap())]),
        ],
        ..empty(11, "Web Server")
    }
}

/// One file with one parameter.
pub(crate) fn page() -> Application {
    Application {
        files: vec![file("page", "/srv/page", TEXT)],
        parameters: vec![parameter("text", json!("text"), "string")],
        handlers: vec![handler("text", vec![Action::Update("page".parse().unwrap())])],
        ..empty(12, "Page")
    }
}

/// The same file from another application.
pub(crate) fn twin_of_page() -> Application {
    let Application { files, parameters, handlers, .. } = page();
    Application { files, parameters, handlers, ..empty(13, "Twin") }
}

fn empty(id: u128, name: &str) -> Application {
    Application {
        id: ApplicationId::from_uuid(uuid(id)),
        organization: OrganizationId::from_uuid(uuid(1)),
        name: name.parse().unwrap(),
        description: String::new(),
        version: 1,
        locked: false,
        packages: Vec::new(),
        services: Vec::new(),
        directories: Vec::new(),
        resources: Vec::new(),
        files: Vec::new(),
        parameters: Vec::new(),
        handlers: Vec::new(),
        created_at: TestClock::default().now(),
    }
}

fn file(name: &str, path: &str, source: &str) -> ApplicationFile {
    ApplicationFile {
        template: TemplateFile {
            name: name.parse().unwrap(),
            delimiters: Delimiters::default(),
            content: Some(BlobDigest::of(source.as_bytes())),
        },
        path: path.to_owned(),
        owner: Some("root".to_owned()),
        group: Some("root".to_owned()),
        mode: Some("644".to_owned()),
    }
}

fn parameter(key: &str, default: serde_json::Value, kind: &str) -> Parameter {
    Parameter {
        key: key.parse().unwrap(),
        name: String::new(),
        description: String::new(),
        default: Some(default),
        schema: json!({"type": kind}),
        version: 1,
    }
}

fn handler(key: &str, actions: Vec<Action>) -> Handler {
    Handler { name: None, on: vec![Trigger::Setting(key.parse().unwrap())], actions }
}
