//! Who may do what.

use axum::http::Method;
use serde_json::json;

use super::bad_input::{every_operation, filled};
use super::world::PASSWORD;
use super::{TestApp, assert_answer};

#[tokio::test]
async fn nobody_gets_in_without_a_login() {
    let test = TestApp::start_with_demo().await;
    for (method, path) in every_operation() {
        let answer = test.anonymous().send(method.clone(), &filled(&path), None).await;
        assert_eq!(answer.status, 401, "{method} {path}: {answer}");
        assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"hostwright\""));
    }
    assert_answer!(test.anonymous().get("/api/organizations").await);
    let wrong =
        test.anonymous().with("authorization", "Basic YWRtaW46d3Jvbmc=").get("/api/organizations").await;
    assert_answer!(wrong);
}

#[tokio::test]
async fn a_foreign_organization_does_not_exist() {
    let test = TestApp::start_with_demo().await;
    let before = test.latest_event().await;
    let eve = test.user("eve");
    for (method, path) in every_operation().into_iter().filter(|(_, path)| path.contains("{organization}")) {
        let foreign = eve.send(method.clone(), &filled(&path), None).await;
        let nowhere = eve.send(method.clone(), &filled(&path).replacen("/Demo", "/Nowhere", 1), None).await;
        assert_eq!(foreign.status, 404, "{method} {path}: {foreign}");
        let text = |answer: &super::Answer| answer.text().replace("Nowhere", "Demo");
        assert_eq!(text(&foreign), text(&nowhere), "{method} {path} tells whether Demo is there");
    }
    assert_eq!(test.latest_event().await, before, "nothing was written");
    let listed = eve.get("/api/organizations").await.expect(200).json();
    assert_eq!(listed["total"], 1);
    assert_eq!(listed["items"][0]["name"], "Other");
}

#[tokio::test]
async fn an_api_key_acts_in_its_organization_by_every_header() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let made =
        admin.post("/api/organizations/Demo/applicationkeys", json!({ "name": "ci" })).await.expect(200);
    let key = made.json()["token"].as_str().unwrap().to_owned();
    let bearer = test.anonymous().with("authorization", &format!("Bearer {key}"));
    let ours = test.anonymous().with("x-hostwright-appkey", &key);
    let theirs = test.anonymous().with("x-comodit-appkey", &key);
    for caller in [&bearer, &ours, &theirs] {
        caller.get("/api/organizations/Demo/environments").await.expect(200);
        caller.get("/api/organizations/Other/environments").await.expect(404);
    }
    assert_answer!(bearer.get("/api/account").await);
    bearer.post("/api/organizations", json!({ "name": "Mine" })).await.expect(403);
    let shown = admin.get("/api/organizations/Demo/applicationkeys/ci").await.expect(200);
    assert!(!shown.text().contains("token"), "the key is shown once only");

    admin.delete("/api/organizations/Demo/applicationkeys/ci").await.expect(204);
    bearer.get("/api/organizations/Demo/environments").await.expect(401);
}

#[tokio::test]
async fn an_expired_key_is_useless() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let past = json!({ "name": "old", "expires": "2020-01-01T00:00:00Z" });
    admin.post("/api/organizations/Demo/applicationkeys", past).await.expect(400);
    let body = json!({ "name": "ci", "expires": "2026-01-01T12:00:01Z" });
    let made = admin.post("/api/organizations/Demo/applicationkeys", body).await.expect(200);
    let key = made.json()["token"].as_str().unwrap().to_owned();
    let caller = test.anonymous().with("authorization", &format!("Bearer {key}"));
    caller.get("/api/account").await.expect(200);
    test.clock.advance(chrono::TimeDelta::seconds(2));
    caller.get("/api/account").await.expect(401);
}

#[tokio::test]
async fn a_role_allows_what_the_table_says() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let mut callers = Vec::new();
    for role in ["user", "architect", "auditor"] {
        let body = json!({ "name": role, "role": role });
        let made = admin.post("/api/organizations/Demo/applicationkeys", body).await.expect(200);
        callers.push(test.anonymous().with("x-hostwright-appkey", made.json()["token"].as_str().unwrap()));
    }
    let [user, architect, auditor] = <[_; 3]>::try_from(callers).unwrap();
    let setting = json!({ "key": "http_port", "value": 1 });
    let settings = "/api/organizations/Demo/settings";
    auditor.get(settings).await.expect(200);
    assert_answer!(auditor.post(settings, setting.clone()).await);
    architect.post(settings, setting.clone()).await.expect(403);
    user.post(settings, setting).await.expect(200);
    let application = json!({ "name": "Mine" });
    auditor.post("/api/organizations/Demo/applications", application.clone()).await.expect(403);
    architect.post("/api/organizations/Demo/applications", application).await.expect(200);
    user.get("/api/organizations/Demo/applicationkeys").await.expect(403);
    user.delete("/api/organizations/Demo").await.expect(403);
}

#[tokio::test]
async fn a_host_moves_only_to_where_its_mover_has_a_role_too() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    admin.post("/api/organizations/Demo/environments", json!({ "name": "secret" })).await.expect(200);
    let eve = test.user("eve");
    let host = "/api/organizations/Demo/environments/prod/hosts/web1";
    test.let_in("eve", "prod").await;
    eve.put(host, json!({ "description": "mine" })).await.expect(200);
    eve.put(host, json!({ "environment": "secret" })).await.expect(403);
    admin.get(host).await.expect(200);
    test.let_in("eve", "secret").await;
    eve.put(host, json!({ "environment": "secret" })).await.expect(200);
}

#[tokio::test]
async fn only_the_sites_owner_brings_plugins_and_sees_others() {
    let test = TestApp::start_with_demo().await;
    let eve = test.user("eve");
    eve.upload("/api/plugins", b"x").await.expect(403);
    eve.get("/api/users/eve").await.expect(200);
    eve.get("/api/users/admin").await.expect(404);
    assert_answer!(test.administrator().get("/api/users/eve").await);
    assert!(!test.administrator().get("/api/users/eve").await.text().contains(PASSWORD));
    eve.send(Method::GET, "/api/plugins", None).await.expect(200);
}
