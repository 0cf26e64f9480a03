//! Bad input to a running orchestrator: a 4xx that says what, where and how to mend it, and nothing half-written.
//!
//! The routes are those that the orchestrator itself describes, so a new one is tried as soon as it is there. What each single
//! mistake is told is kept beside the API; here it is the whole server that must stand.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use hostwright_tests::{ENVIRONMENT, ORGANIZATION, System};
use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

/// A person with a login, and a plain HTTP client.
struct Caller {
    client: reqwest::Client,
    server: String,
    password: String,
}

/// One thing that the description of the API says can be done.
struct Operation {
    method: Method,
    path: String,
    takes_json: bool,
}

impl Caller {
    fn of(system: &System) -> Self {
        let client = reqwest::Client::builder().build().unwrap();
        let server = format!("http://{}", system.address().unwrap());
        Self { client, server, password: system.password().to_owned() }
    }

    async fn send(&self, method: Method, path: &str, body: Option<&str>) -> (StatusCode, Json) {
        let mut request = self.client.request(method, format!("{}{path}", self.server));
        request = request.basic_auth("admin", Some(&self.password));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Json::Null))
    }

    async fn operations(&self) -> Vec<Operation> {
        let (_, description) = self.send(Method::GET, "/api/openapi.json", None).await;
        let mut operations = Vec::new();
        for (path, item) in description["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                operations.push(Operation {
                    method: method.to_uppercase().parse().unwrap(),
                    path: path.clone(),
                    takes_json: operation["requestBody"]["content"]["application/json"].is_object(),
                });
            }
        }
        operations
    }

    /// Everything that can be read of the organization, but what moves by itself.
    async fn everything(&self, operations: &[Operation]) -> Vec<(String, StatusCode, Json)> {
        let mut read = Vec::new();
        for operation in operations.iter().filter(|operation| operation.method == Method::GET) {
            if operation.path.ends_with("/events") || operation.path.ends_with("/content") {
                continue;
            }
            let path = filled(&operation.path, ORGANIZATION);
            let (status, json) = self.send(Method::GET, &path, None).await;
            read.push((path, status, json));
        }
        assert!(read.iter().filter(|(_, status, _)| *status == StatusCode::OK).count() > 20, "{read:#?}");
        read
    }
}

/// Puts names of things that are there into a path.
fn filled(path: &str, organization: &str) -> String {
    let names = [
        ("{organization}", organization),
        ("{environment}", ENVIRONMENT),
        ("{host}", "web1"),
        ("{application}", "Web%20Server"),
        ("{file}", "site.conf"),
        ("{service}", "nginx"),
        ("{handler}", "reconfigure"),
        ("{key}", "http_port"),
        ("{platform}", "Manual"),
        ("{publisher}", "hostwright"),
        ("{name}", "files"),
        ("{version}", "0.1.0"),
        ("{collection}", "files"),
        ("{username}", "admin"),
        ("{change}", "1"),
        ("{uuid}", "00000000-0000-7000-8000-000000000000"),
    ];
    names.iter().fold(path.to_owned(), |path, (word, name)| path.replace(word, name))
}

async fn start() -> (System, Caller, Vec<Operation>) {
    let system = System::start_for_local_agents().await.unwrap();
    let folder = system.example("web-server");
    let applied =
        system.command_line().run(&["apply", "-f", folder.to_str().unwrap(), "--org", ORGANIZATION]).unwrap();
    assert_eq!(applied.status, 0, "{applied:#?}");
    system.define_host("web1").await.unwrap();
    system.host("web1").install("Web Server", [] as [(&str, Json); 0]).await.unwrap();
    system.client().organizations().create(&json!({"name": "Other"})).await.unwrap();
    let caller = Caller::of(&system);
    let operations = caller.operations().await;
    assert!(operations.len() > 80, "{}", operations.len());
    (system, caller, operations)
}

#[tokio::test]
async fn every_route_refuses_what_it_cannot_take_and_writes_nothing() {
    let (_system, caller, operations) = start().await;
    let before = caller.everything(&operations).await;
    let mut tried = 0;
    for Operation { method, path, .. } in operations.iter().filter(|operation| operation.takes_json) {
        let path = filled(path, ORGANIZATION);
        for body in [r#"{"nmae":1}"#, r#"{"name":"#, "[1]", "\"text\"", r#"{"name":{"a":[1]},"nmae":true}"#] {
            let (status, answer) = caller.send(method.clone(), &path, Some(body)).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{method} {path} {body}: {answer}");
            let detail = answer["errors"][0]["detail"].as_str().or(answer["detail"].as_str());
            assert!(detail.is_some_and(|detail| detail.len() > 8), "{method} {path} {body}: {answer}");
            assert_eq!(answer["error"].as_array().map(Vec::is_empty), Some(false), "{answer}");
            tried += 1;
        }
    }
    assert!(tried > 150, "{tried}");
    assert_eq!(caller.everything(&operations).await, before, "nothing was written");
}

#[tokio::test]
async fn what_is_of_another_organization_is_not_there_on_any_route() {
    let (_system, caller, operations) = start().await;
    let before = caller.everything(&operations).await;
    for Operation { method, path, .. } in &operations {
        let belongs = ["{environment}", "{application}", "{host}", "{file}", "{change}"];
        if !path.contains("{organization}") || !belongs.iter().any(|name| path.contains(name)) {
            continue;
        }
        for organization in ["Other", "Nobody", "%2e%2e", "Demo%2F..", "%00"] {
            let path = filled(path, organization);
            let body = matches!(*method, Method::POST | Method::PUT).then_some("{}");
            let (status, answer) = caller.send(method.clone(), &path, body).await;
            // A mistake in the body may be told before the place is looked up; it tells nothing of the place.
            let is_refused = status == StatusCode::NOT_FOUND
                || (body.is_some()
                    && [StatusCode::BAD_REQUEST, StatusCode::UNSUPPORTED_MEDIA_TYPE].contains(&status));
            assert!(is_refused, "{method} {path}: {status} {answer}");
        }
    }
    assert_eq!(caller.everything(&operations).await, before, "nothing was written");
}

#[tokio::test]
async fn what_is_no_request_at_all_is_refused_and_others_are_served() {
    let (system, caller, _) = start().await;
    let address = system.address().unwrap();
    let answer_to = |request: &[u8]| {
        let mut connection = TcpStream::connect(address).unwrap();
        connection.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        // It may answer and close before it has read everything.
        let _ = connection.write_all(request);
        let mut answer = Vec::new();
        let _ = connection.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
    };
    let long = format!("GET /api/{} HTTP/1.1\r\nHost: x\r\n\r\n", "a/".repeat(200_000));
    let many = format!("GET /api HTTP/1.1\r\n{}\r\n", "X-Y: z\r\n".repeat(5_000));
    for request in ["\0\0\0\0\r\n\r\n", "NONSENSE\r\n\r\n", "GET /api HTTP/9.9\r\n\r\n", &long, &many] {
        let status = answer_to(request.as_bytes());
        let shown = &request[..request.len().min(60)];
        assert!(status.is_empty() || status.starts_with("HTTP/1.1 4"), "{shown:?}: {status}");
    }
    let large = "x".repeat(70 << 20);
    let (status, answer) =
        caller.send(Method::POST, "/api/organizations", Some(&format!("{{\"name\":\"{large}\"}}"))).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{answer}");
    let (status, _) = caller.send(Method::GET, "/api/organizations", None).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn the_command_line_says_what_is_wrong_and_how_to_mend_it() {
    let (system, ..) = start().await;
    let wright = system.command_line();
    let mut text = String::new();
    let cases: &[&[&str]] = &[
        &["hosts", "plan", "Demo", "prod", "web1", "--set", "http_port=eighty"],
        &["settings", "set", "Demo", "prod", "web1", "http_port", "eighty"],
        &["settings", "set", "Demo", "prod", "web1", "http_port"],
        &["settings", "set", "Demo", "prod", "web9", "http_port", "80"],
        &["hosts", "show", "Dmeo", "prod", "web1"],
        &["hosts", "shwo", "Demo", "prod", "web1"],
        &["apply", "-f", "/nowhere", "--org", "Demo"],
        &["plugins", "upload", "/etc/hostname"],
        &["tokens", "create", "Demo", "prod", "--host", "web9"],
    ];
    for case in cases {
        let ended = wright.run(case).unwrap();
        assert_ne!(ended.status, 0, "{case:?}: {ended:#?}");
        assert_eq!(ended.stdout, "", "{case:?}");
        text += &format!("$ wright {}\n{}exit status {}\n\n", case.join(" "), ended.stderr, ended.status);
    }
    insta::assert_snapshot!(text);
}
