//! What holds for every route.

use axum::http::Method;
use serde_json::json;

use super::bad_input::{every_operation, filled};
use super::{TestApp, assert_answer};

#[tokio::test]
async fn lists_have_an_envelope_and_pages() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    for name in ["a", "b c", "z"] {
        admin.post("/api/organizations/Demo/environments", json!({ "name": name })).await.expect(200);
    }
    let page = admin.get("/api/organizations/Demo/environments?limit=2").await.expect(200);
    let next = "</api/organizations/Demo/environments?offset=2&limit=2>; rel=\"next\"";
    assert_eq!(page.header("link"), Some(next));
    let names = |answer: &super::Answer| {
        let json = answer.json();
        let names: Vec<_> =
            json["items"].as_array().unwrap().iter().map(|item| item["name"].to_string()).collect();
        format!("{} {} {} {}", json["count"], json["offset"], json["total"], names.join(" "))
    };
    assert_eq!(names(&page), "2 0 4 \"a\" \"b c\"");
    let last = admin.get("/api/organizations/Demo/environments?offset=2&limit=2").await;
    assert_eq!(names(&last), "2 2 4 \"prod\" \"z\"");
    assert_eq!(last.header("link"), None);
    assert_eq!(
        names(&admin.get("/api/organizations/Demo/environments").await),
        "4 0 4 \"a\" \"b c\" \"prod\" \"z\""
    );
}

#[tokio::test]
async fn a_slash_at_the_end_makes_no_difference() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let is_stream = |path: &str| path.ends_with("/events");
    for (method, path) in every_operation() {
        if method != Method::GET || is_stream(&path) {
            continue;
        }
        let without = admin.get(&filled(&path)).await;
        let with = admin.get(&format!("{}/", filled(&path))).await;
        assert!(!with.status.is_redirection(), "{path}");
        assert_eq!((with.status, with.text()), (without.status, without.text()), "{path}");
    }
    admin.post("/api/organizations/", json!({ "name": "With slash" })).await.expect(200);
    admin.delete("/api/organizations/With%20slash/").await.expect(204);
}

#[tokio::test]
async fn other_methods_and_other_paths_are_explained() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    for (_, path) in every_operation() {
        let answer = admin.send(Method::PATCH, &filled(&path), None).await.expect(405);
        assert!(!answer.header("allow").unwrap_or_default().is_empty(), "{path}: {answer}");
        assert_eq!(answer.json()["status"], 405, "{path}");
    }
    assert_answer!(admin.send(Method::PATCH, "/api/organizations/Demo", None).await);
    assert_answer!(admin.get("/api/nothing/here").await);
    test.anonymous().get("/elsewhere").await.expect(404);
}

#[tokio::test]
async fn names_hold_spaces_parentheses_and_other_letters() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let hosts = "/api/organizations/Demo/environments/prod/hosts";
    let made = admin.post(hosts, json!({ "name": "my höst (1)" })).await.expect(200);
    let location = made.header("location").unwrap().to_owned();
    assert_eq!(location, "/api/organizations/Demo/environments/prod/hosts/my%20h%C3%B6st%20%281%29");
    assert_eq!(admin.get(&location).await.expect(200).json()["name"], "my höst (1)");
    // As clients write it that encode only what they must.
    assert_eq!(
        admin.get(&format!("{hosts}/my%20h%C3%B6st%20(1)")).await.expect(200).json()["name"],
        "my höst (1)"
    );
    admin.get(&format!("{hosts}/%FF")).await.expect(400);
}

#[tokio::test]
async fn writes_can_ask_for_a_version() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let path = "/api/organizations/Demo/environments/prod";
    assert_eq!(admin.get(path).await.header("etag"), Some("\"1\""));
    let old = admin.clone().with("if-match", "\"1\"");
    let written = old.put(path, json!({ "description": "one" })).await.expect(200);
    assert_eq!(written.header("etag"), Some("\"2\""));
    assert_answer!(old.put(path, json!({ "description": "two" })).await);
    old.delete(path).await.expect(412);
    admin.put(path, json!({ "description": "two" })).await.expect(200);
    for path in ["/api/organizations/Demo", "/api/organizations/Demo/applications/Web%20Server"] {
        let stale = admin.clone().with("if-match", "\"99\"");
        stale.put(path, json!({})).await.expect(412);
        stale.delete(path).await.expect(412);
    }
}

#[tokio::test]
async fn whatever_has_a_version_can_be_asked_for_it() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    test.make_templates().await;
    let host = "/api/organizations/Demo/environments/prod/hosts/web1";
    let file = "/api/organizations/Demo/applications/Web%20Server/files/site.conf";
    admin.post(&format!("{host}/applications"), json!({ "application": "Web Server" })).await.expect(200);
    admin.post(&format!("{host}/distribution"), json!({ "distribution": "Debian" })).await.expect(200);
    admin.post(&format!("{host}/instance"), json!({})).await.expect(200);
    let current = admin.get(file).await.expect(200);
    let stale = admin.clone().with("if-match", "\"99\"");
    stale.put(file, current.json()).await.expect(412);
    stale.upload(&format!("{file}/content"), b"x").await.expect(412);
    for path in ["applications/Web%20Server", "platform", "distribution", "instance"] {
        stale.delete(&format!("{host}/{path}")).await.expect(412);
        let etag = admin.get(&format!("{host}/{path}")).await.expect(200);
        assert!(etag.header("etag").is_some(), "{path}: {etag}");
    }
    stale.delete(file).await.expect(412);
    let fresh = admin.clone().with("if-match", current.header("etag").unwrap());
    let written = fresh.upload(&format!("{file}/content"), b"x").await.expect(200);
    fresh.upload(&format!("{file}/content"), b"y").await.expect(412);
    assert_ne!(written.header("etag"), current.header("etag"));
}

#[tokio::test]
async fn a_repeated_request_is_done_once() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator().with("idempotency-key", "k-1");
    let path = "/api/organizations/Demo/environments";
    let first = admin.post(path, json!({ "name": "once" })).await.expect(200);
    let again = admin.post(path, json!({ "name": "once" })).await.expect(200);
    assert_eq!(first.body, again.body);
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!(
        (first.header("idempotency-replayed"), again.header("idempotency-replayed")),
        (None, Some("true"))
    );
    assert_answer!(admin.post(path, json!({ "name": "twice" })).await);
    // What failed may be tried again, and somebody else's key is another key.
    let eve = test.user("eve").with("idempotency-key", "k-1");
    eve.post("/api/organizations/Other/environments", json!({ "name": "once" })).await.expect(200);
    let retried = test.administrator().with("idempotency-key", "k-2");
    retried.post(path, json!({ "name": "a/b" })).await.expect(400);
    retried.post(path, json!({ "name": "ab" })).await.expect(200);
    let secret = test.administrator().with("idempotency-key", "k-3");
    secret
        .post("/api/organizations/Demo/enrolment-tokens", json!({ "environment": "prod" }))
        .await
        .expect(400);
}

#[tokio::test]
async fn a_machine_is_made_and_switched_once_for_a_repeated_request() {
    let test = TestApp::start_with_demo().await;
    let instance = "/api/organizations/Demo/environments/prod/hosts/web1/instance";
    let with_key = |key: &str| test.administrator().with("idempotency-key", key);
    let first = with_key("k-1").post(instance, json!({})).await.expect(200);
    let again = with_key("k-1").post(instance, json!({})).await.expect(200);
    assert_eq!((first.text(), first.header("location")), (again.text(), again.header("location")));
    assert_eq!(
        (first.header("idempotency-replayed"), again.header("idempotency-replayed")),
        (None, Some("true"))
    );
    test.administrator().post(instance, json!({})).await.expect(409);
    with_key("k-1").act(&format!("{instance}/_stop")).await.expect(409);
    let before = test.latest_event().await;
    with_key("k-2").act(&format!("{instance}/_stop")).await.expect(202);
    let after = test.latest_event().await;
    assert!(after > before);
    let again = with_key("k-2").act(&format!("{instance}/_stop")).await.expect(202);
    assert_eq!((again.header("idempotency-replayed"), test.latest_event().await), (Some("true"), after));
    // What failed may be tried again.
    with_key("k-3").act(&format!("{instance}/_pause")).await.expect(400);
    assert_eq!(with_key("k-3").act(&format!("{instance}/_start")).await.expect(202).body, b"");
    with_key("k-4").delete(instance).await.expect(204);
    assert_eq!(
        with_key("k-4").delete(instance).await.expect(204).header("idempotency-replayed"),
        Some("true")
    );
}

#[tokio::test]
async fn bodies_may_be_empty_where_nothing_is_needed() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let host = "/api/organizations/Demo/environments/prod/hosts/web1";
    admin.send(Method::POST, &format!("{host}/instance"), None).await.expect(200);
    admin.put(&format!("{host}/instance/_forget"), json!({})).await.expect(202);
    let formless = admin.clone().with("content-type", "application/x-www-form-urlencoded");
    formless.send(Method::POST, &format!("{host}/instance"), Some(Vec::new())).await.expect(200);
}

#[tokio::test]
async fn answers_carry_the_id_of_their_request() {
    let test = TestApp::start().await;
    let given = test.anonymous().with("x-request-id", "abc-1").get("/healthz").await.expect(200);
    assert_eq!(given.header("x-request-id"), Some("abc-1"));
    let made = test.anonymous().with("x-request-id", "no good!").get("/healthz").await;
    assert_eq!(made.header("x-request-id").unwrap().len(), 24);
}

#[tokio::test]
async fn the_orchestrator_can_be_watched() {
    let test = TestApp::start_with_demo().await;
    assert_eq!(test.anonymous().get("/readyz").await.expect(200).text(), "ready\n");
    let metrics = test.anonymous().get("/metrics").await.expect(200).text();
    assert!(metrics.contains("hostwright_organizations 2\n"), "{metrics}");
    assert!(metrics.contains("hostwright_hosts{state=\"DEFINED\"} 1\n"), "{metrics}");
}
