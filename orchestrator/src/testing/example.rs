//! The example application, as people write it.

use hostwright_model::application::{Action, ApplicationFile, Handler, Package, Service, Trigger};
use hostwright_model::parameter::Parameter;
use hostwright_model::template::{Delimiters, TemplateFile};
use serde_json::{Value as Json, json};

use crate::operations::applications::ApplicationDraft;

pub(super) const SITE: &str = "listen ${http_port};\nadd_header X-Served-By ${_host.name};\n";
pub(super) const PAGE: &str = "<h1>${greeting}</h1>\n";

pub(super) fn web_server() -> ApplicationDraft {
    ApplicationDraft {
        name: "Web Server".parse().unwrap(),
        description: String::new(),
        packages: vec![Package { name: "nginx-light".parse().unwrap(), version: None, hold: None }],
        services: vec![Service { name: "nginx".parse().unwrap(), enabled: Some(true), running: true }],
        directories: Vec::new(),
        resources: Vec::new(),
        files: vec![
            file("site.conf", "/etc/nginx/conf.d/site.conf"),
            file("index.html", "/srv/web-server/index.html"),
        ],
        parameters: vec![
            parameter("http_port", json!(8080), "integer"),
            parameter("greeting", json!("Hello"), "string"),
        ],
        handlers: vec![
            Handler {
                name: Some("port".parse().unwrap()),
                on: vec![Trigger::Setting("http_port".parse().unwrap())],
                actions: vec![
                    Action::Update("site.conf".parse().unwrap()),
                    Action::Reload("nginx".parse().unwrap()),
                ],
            },
            Handler {
                name: None,
                on: vec![Trigger::Setting("greeting".parse().unwrap())],
                actions: vec![Action::Update("index.html".parse().unwrap())],
            },
        ],
    }
}

pub(super) fn file(name: &str, path: &str) -> ApplicationFile {
    let template =
        TemplateFile { name: name.parse().unwrap(), delimiters: Delimiters::default(), content: None };
    ApplicationFile {
        template,
        path: path.to_owned(),
        owner: None,
        group: None,
        mode: Some("644".to_owned()),
    }
}

fn parameter(key: &str, default: Json, kind: &str) -> Parameter {
    Parameter {
        key: key.parse().unwrap(),
        name: key.to_owned(),
        description: String::new(),
        default: Some(default),
        schema: json!({"type": kind}),
        version: 1,
    }
}
