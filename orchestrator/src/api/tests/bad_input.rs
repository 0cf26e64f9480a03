//! Bad input, on every route: what is wrong, where, how to mend it, and nothing half-written.

use axum::http::Method;
use serde_json::{Value as Json, json};

use super::{Answer, TestApp, TestCaller, assert_answer};
use crate::api::openapi;
use crate::api::routes::described;

/// Every operation, by the description of the API.
pub(super) fn every_operation() -> Vec<(Method, String)> {
    let (_, description) = described().split_for_parts();
    let mut operations = Vec::new();
    for (path, item) in &description.paths.paths {
        let methods = [
            (Method::GET, &item.get),
            (Method::POST, &item.post),
            (Method::PUT, &item.put),
            (Method::DELETE, &item.delete),
        ];
        operations.extend(
            methods
                .into_iter()
                .filter(|(_, operation)| operation.is_some())
                .map(|(method, _)| (method, path.clone())),
        );
    }
    operations
}

/// Puts names of things that are there into a path.
pub(super) fn filled(path: &str) -> String {
    let names = [
        ("{organization}", "Demo"),
        ("{environment}", "prod"),
        ("{host}", "web1"),
        ("{application}", "Web%20Server"),
        ("{file}", "site.conf"),
        ("{service}", "nginx"),
        ("{package}", "nginx-light"),
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

/// Operations that take JSON (or nothing), as the description says; `true` where JSON is required or optional.
fn operations_with_json() -> Vec<(Method, String)> {
    let (_, description) = described().split_for_parts();
    let description: Json = serde_json::from_str(&openapi::document(description)).unwrap();
    let takes_json = |method: &Method, path: &str| {
        let operation = &description["paths"][path][method.as_str().to_lowercase()];
        operation["requestBody"]["content"]["application/json"].is_object()
    };
    every_operation().into_iter().filter(|(method, path)| takes_json(method, path)).collect()
}

#[tokio::test]
async fn an_unknown_field_is_named_with_the_nearest_known_one() {
    let test = TestApp::start_with_demo().await;
    let before = test.latest_event().await;
    let admin = test.administrator();
    let operations = operations_with_json();
    assert!(operations.len() > 30, "{operations:?}");
    for (method, path) in operations {
        let answer = admin.send(method.clone(), &filled(&path), Some(br#"{"nmae":1}"#.to_vec())).await;
        assert_eq!(answer.status, 400, "{method} {path}: {answer}");
        let errors = answer.json()["errors"].clone();
        let unknown = errors.as_array().unwrap().iter().find(|error| error["pointer"] == "/nmae");
        let detail =
            unknown.unwrap_or_else(|| panic!("{method} {path}: {answer}"))["detail"].as_str().unwrap();
        assert!(
            detail.starts_with("unknown field `nmae`, the nearest known field is `"),
            "{method} {path}: {detail}"
        );
    }
    assert_eq!(test.latest_event().await, before, "nothing was written");
}

#[tokio::test]
async fn what_is_no_json_object_is_refused() {
    let test = TestApp::start_with_demo().await;
    let before = test.latest_event().await;
    let admin = test.administrator();
    for (method, path) in operations_with_json() {
        // The one that takes a list as well.
        let is_list_fine = path.ends_with("/properties");
        for body in ["{", "null", "\"text\"", "12", "[1]", "\u{0}"] {
            let answer = admin.send(method.clone(), &filled(&path), Some(body.as_bytes().to_vec())).await;
            assert_eq!(answer.status, 400, "{method} {path} {body}: {answer}");
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
            assert!(
                is_list_fine || answer.json()["errors"][0]["pointer"] == "",
                "{method} {path} {body}: {answer}"
            );
        }
        let typed = admin.clone().with("content-type", "text/plain");
        let answer = typed.send(method.clone(), &filled(&path), Some(b"{}".to_vec())).await;
        assert_eq!(answer.status, 415, "{method} {path}: {answer}");
    }
    assert_eq!(test.latest_event().await, before, "nothing was written");
}

#[tokio::test]
async fn actions_take_nothing_but_an_empty_body() {
    let test = TestApp::start_with_demo().await;
    let before = test.latest_event().await;
    let admin = test.administrator();
    let with_json = operations_with_json();
    let uploads = ["/content", "/plugins"];
    let is_action = |method: &Method, path: &str| {
        let takes_json = with_json.contains(&(method.clone(), path.to_owned()));
        let is_upload = *method == Method::POST && uploads.iter().any(|end| path.ends_with(end));
        matches!(*method, Method::POST | Method::PUT) && !takes_json && !is_upload
    };
    let actions: Vec<_> =
        every_operation().into_iter().filter(|(method, path)| is_action(method, path)).collect();
    assert!(actions.len() > 12, "{actions:?}");
    for (method, path) in actions {
        let answer = admin.send(method.clone(), &filled(&path), Some(br#"{"force":true}"#.to_vec())).await;
        assert_eq!(answer.status, 400, "{method} {path}: {answer}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/force", "{method} {path}: {answer}");
    }
    assert_eq!(test.latest_event().await, before, "nothing was written");
}

#[tokio::test]
async fn what_is_not_there_is_not_found_on_any_route() {
    let test = TestApp::start_with_demo().await;
    let before = test.latest_event().await;
    let admin = test.administrator();
    for (method, path) in every_operation().into_iter().filter(|(_, path)| path.contains('{')) {
        // A setting that is put need not be there before.
        if method == Method::PUT && path.ends_with("/settings/{key}") {
            continue;
        }
        // The last name in the path is that of nothing; then one that cannot be a name.
        for name in ["missing", "a%2Fb", "..%2F..", "%00", "_private", "%20x"] {
            let end = path.rfind('{').unwrap();
            let close = path.rfind('}').unwrap();
            let wanted = format!("{}{name}{}", filled(&path[..end]), &path[close + 1..]);
            let answer = if method == Method::POST && path.ends_with("/content") {
                admin.upload(&wanted, b"x").await
            } else {
                admin.send(method.clone(), &wanted, valid_body(&method, &path)).await
            };
            assert_eq!(answer.status, 404, "{method} {wanted}: {answer}");
        }
    }
    assert_eq!(test.latest_event().await, before, "nothing was written");
}

/// Something that the operation takes.
fn valid_body(method: &Method, path: &str) -> Option<Vec<u8>> {
    if !matches!(*method, Method::POST | Method::PUT) {
        return None;
    }
    let body = if path.ends_with("/settings/{key}") {
        json!({ "value": 1 })
    } else if path.ends_with("/settings") && *method == Method::POST {
        json!({ "key": "x", "value": 1 })
    } else if path.ends_with("/settings") {
        json!({ "newOrUpdatedSettings": [] })
    } else if path.ends_with("/files/{file}") || path.ends_with("/files") {
        json!({ "name": "x", "path": "/x" })
    } else if path.ends_with("/parameters/{key}") || path.ends_with("/parameters") {
        json!({ "key": "x" })
    } else if path.ends_with("/enrolment-tokens") {
        json!({ "environment": "prod" })
    } else if path.ends_with("/organizations/{organization}/plugins") {
        json!({ "plugin": "hostwright/files" })
    } else if path.ends_with("/hosts/{host}/applications") {
        json!({ "application": "Web Server" })
    } else if path.ends_with("/platform") {
        json!({ "platform": "Manual" })
    } else if path.ends_with("/distribution") {
        json!({ "distribution": "Debian" })
    } else if path.ends_with("/properties") {
        json!({ "properties": [] })
    } else if path.ends_with("/hosts/{host}/applications/{application}") {
        json!({})
    } else if path.contains("/_") || path.ends_with("/instance") || path.ends_with("lock") {
        return None;
    } else {
        json!({ "name": "x" })
    };
    Some(body.to_string().into_bytes())
}

async fn refused(caller: &TestCaller, method: Method, path: &str, body: Json) -> String {
    let answer: Answer = caller.send(method.clone(), path, Some(body.to_string().into_bytes())).await;
    let json = answer.json();
    let mut text = format!("{method} {path} {body}\n  {}", answer.status);
    for error in json["errors"].as_array().unwrap() {
        text += &format!(
            "\n  {} {}",
            error["pointer"].as_str().unwrap_or("-"),
            error["detail"].as_str().unwrap()
        );
    }
    if json["errors"].as_array().unwrap().is_empty() {
        text += &format!("\n  {}", json["detail"].as_str().unwrap());
    }
    text + "\n"
}

#[expect(clippy::too_many_lines, reason = "a table")]
#[tokio::test]
async fn every_mistake_says_what_where_and_how_to_mend_it() {
    let test = TestApp::start_with_demo().await;
    test.administrator()
        .post(
            "/api/organizations/Demo/environments/prod/hosts/web1/applications",
            json!({"application": "Web Server"}),
        )
        .await
        .expect(200);
    let before = test.latest_event().await;
    let admin = test.administrator();
    let demo = "/api/organizations/Demo";
    let host = "/api/organizations/Demo/environments/prod/hosts/web1";
    let post = Method::POST;
    let put = Method::PUT;
    let cases = [
        // Names.
        (post.clone(), "/api/organizations".to_owned(), json!({})),
        (post.clone(), "/api/organizations".to_owned(), json!({ "name": "a/b" })),
        (post.clone(), "/api/organizations".to_owned(), json!({ "name": "Demo" })),
        (post.clone(), format!("{demo}/environments"), json!({ "name": 5 })),
        (post.clone(), format!("{demo}/environments"), json!({ "name": "_all" })),
        (post.clone(), format!("{demo}/environments"), json!({ "name": "prod" })),
        (
            post.clone(),
            format!("{demo}/environments"),
            json!({ "name": "x", "groups": [{ "name": "admin" }] }),
        ),
        (put.clone(), format!("{demo}/environments/prod"), json!({ "name": " prod" })),
        (post.clone(), format!("{demo}/environments/prod/hosts"), json!({ "name": "x".repeat(201) })),
        (
            post.clone(),
            format!("{demo}/environments/prod/hosts"),
            json!({ "name": "h", "platform": "Cloud" }),
        ),
        (
            post.clone(),
            format!("{demo}/environments/prod/hosts"),
            json!({ "name": "h", "applications": ["Wep Server"] }),
        ),
        (put.clone(), host.to_owned(), json!({ "environment": "nowhere" })),
        // Types, and fields that are not built.
        (post.clone(), format!("{demo}/applications"), json!({ "name": "A", "packages": "nginx" })),
        (
            post.clone(),
            format!("{demo}/applications"),
            json!({ "name": "A", "users": [{ "name": "wp" }], "gits": [{}] }),
        ),
        (
            post.clone(),
            format!("{demo}/applications"),
            json!({ "name": "A", "thumb": "picture", "rpmmodules": [{}] }),
        ),
        (
            post.clone(),
            format!("{demo}/applications"),
            json!({
                "name": "A",
                "packages": [{ "name": "a" }, { "name": "a" }],
                "services": [{ "name": "a", "enable": true }],
                "files": [{ "name": "f", "path": "etc/f" }],
            }),
        ),
        (
            post.clone(),
            format!("{demo}/applications"),
            json!({
                "name": "A",
                "files": [{ "name": "f", "path": "etc/f", "mode": "999",
                            "template": { "delimiter": { "start": "", "end": "}" } } }],
                "parameters": [{ "key": "p", "value": "x", "schema": { "type": "integer" } }],
                "handlers": [{ "on": ["p"], "do": [{ "action": "restart", "resource": "service://ngnix" }] }],
            }),
        ),
        (
            post.clone(),
            format!("{demo}/applications"),
            json!({
                "name": "A",
                "handlers": [
                    { "on": ["_never"], "do": [{ "action": "explode", "resource": "file://x" }, { "action": "update" }] },
                ],
            }),
        ),
        (
            post.clone(),
            format!("{demo}/applications/Web%20Server/files"),
            json!({ "name": "site.conf", "path": "/x" }),
        ),
        (
            post.clone(),
            format!("{demo}/applications/Web%20Server/files"),
            json!({ "name": "x", "path": "x" }),
        ),
        (
            put.clone(),
            format!("{demo}/applications/Web%20Server/files/site.conf"),
            json!({ "name": "y", "path": "/x", "template": { "name": "z" } }),
        ),
        (
            post.clone(),
            format!("{demo}/applications/Web%20Server/parameters"),
            json!({ "key": "p", "schema": { "type": "whole" } }),
        ),
        (
            put.clone(),
            format!("{demo}/applications/Web%20Server/parameters/http_port"),
            json!({ "key": "other" }),
        ),
        // Settings.
        (post.clone(), format!("{demo}/settings"), json!({ "key": "http_port" })),
        (post.clone(), format!("{demo}/settings"), json!({ "key": "http_port", "value": "eighty" })),
        (post.clone(), format!("{demo}/settings"), json!({ "key": "x", "link": "organizations/Demo" })),
        (
            post.clone(),
            format!("{demo}/settings"),
            json!({ "key": "x", "value": 1, "schema": { "secret": true } }),
        ),
        (post.clone(), format!("{host}/settings"), json!({ "key": "_host", "value": 1 })),
        (put.clone(), format!("{host}/settings/http_port"), json!({ "key": "other", "value": 1 })),
        (
            put.clone(),
            format!("{host}/settings"),
            json!({ "newOrUpdatedSettings": [{ "key": "http_port", "value": [] }] }),
        ),
        (
            put.clone(),
            format!("{host}/settings"),
            json!({ "newOrUpdatedSettings": [{ "key": "a", "value": 1 }, { "key": "a", "value": 2 }] }),
        ),
        (
            put.clone(),
            format!("{demo}/environments/prod"),
            json!({ "settings": [{ "key": "http_port", "value": "x" }] }),
        ),
        // Contexts.
        (post.clone(), format!("{host}/applications"), json!({})),
        (post.clone(), format!("{host}/applications"), json!({ "application": "Wep Server" })),
        (post.clone(), format!("{host}/applications"), json!({ "application": "Web Server" })),
        (put.clone(), format!("{host}/applications/Web%20Server"), json!({ "application": "Other" })),
        (put.clone(), format!("{host}/platform"), json!({ "platform": "Cloud" })),
        (post.clone(), format!("{host}/distribution"), json!({ "distribution": "Debian" })),
        // Dry runs, tokens, keys, plugins, machines.
        (post.clone(), format!("{host}/_plan"), json!({ "install": ["a/b"], "settings": [{ "key": "x" }] })),
        (post.clone(), format!("{demo}/enrolment-tokens"), json!({ "uses": 0, "expires": "tomorrow" })),
        (post.clone(), format!("{demo}/enrolment-tokens"), json!({ "environment": "prod", "host": "web9" })),
        (post.clone(), format!("{demo}/applicationkeys"), json!({ "name": "k", "role": "king" })),
        (post.clone(), format!("{demo}/plugins"), json!({ "plugin": "files" })),
        (
            post.clone(),
            format!("{demo}/plugins"),
            json!({ "plugin": "hostwright/files", "version": "9.9.9" }),
        ),
        (
            post.clone(),
            format!("{demo}/plugins"),
            json!({ "plugin": "hostwright/files", "grants": { "exce": [] } }),
        ),
        (post, format!("{host}/instance/properties"), json!({ "properties": [{ "value": "x" }] })),
    ];
    let mut text = String::new();
    for (method, path, body) in cases {
        text += &refused(&admin, method, &path, body).await;
    }
    insta::assert_snapshot!(text);
    assert_eq!(test.latest_event().await, before, "nothing was written");
}

#[tokio::test]
async fn queries_are_checked() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    for query in ["offset=-1", "limit=x", "limit=0", "offset=99999999999999999999999"] {
        admin.get(&format!("/api/organizations?{query}")).await.expect(400);
    }
    let host = "/api/organizations/Demo/environments/prod/hosts/web1";
    admin.get(&format!("{host}/changes?show_processed=perhaps")).await.expect(400);
    admin.get(&format!("{host}/changes/1?wait=soon")).await.expect(400);
    admin.delete(&format!("{host}/settings/x?trigger_application_handler=no")).await.expect(400);
    assert_answer!(admin.get("/api/organizations?limit=x").await);
}

#[tokio::test]
async fn templates_are_checked_when_they_are_uploaded() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let content = "/api/organizations/Demo/applications/Web%20Server/files/site.conf/content";
    let before = test.latest_event().await;
    assert_answer!(admin.upload(content, b"one\n{% if x %}\nlisten ${http_port\n").await);
    assert_eq!(test.latest_event().await, before, "nothing was written");
    assert_eq!(admin.get(content).await.text(), "listen ${http_port};\n");
    // What is wrong only for a host refuses the installation there.
    admin.upload(content, b"listen ${htpt_port};\n").await.expect(200);
    test.enrol("prod", "web1").await;
    let applications = "/api/organizations/Demo/environments/prod/hosts/web1/applications";
    let before = test.latest_event().await;
    assert_answer!(admin.post(applications, json!({ "application": "Web Server" })).await);
    assert_eq!(test.latest_event().await, before, "nothing was written");
}

#[tokio::test]
async fn forms_are_checked() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let content = "/api/organizations/Demo/applications/Web%20Server/files/site.conf/content";
    assert_answer!(admin.post(content, json!({})).await);
    let form = admin.clone().with("content-type", "multipart/form-data; boundary=edge");
    let field = |name: &str| {
        format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\nx\r\n--edge--\r\n")
            .into_bytes()
    };
    form.send(Method::POST, content, Some(field("fiel"))).await.expect(400);
    form.send(Method::POST, content, Some(b"--edge--\r\n".to_vec())).await.expect(400);
    form.send(Method::POST, content, Some(b"--edge\r\ncontent-disp".to_vec())).await.expect(400);
    let large = vec![b'x'; (33 << 20) + 1];
    let answer = admin.upload(content, &large).await.expect(413);
    assert_answer!(answer);
    admin.upload("/api/plugins", b"no component").await.expect(400);
    assert_answer!(admin.upload("/api/plugins", b"no component").await);
    let large = vec![b' '; (4 << 20) + 1];
    admin.send(Method::POST, "/api/organizations", Some(large)).await.expect(413);
}
