//! Resources from their making to their end.

use serde_json::json;

use super::world::component;
use super::{TestApp, assert_answer};

const DEMO: &str = "/api/organizations/Demo";
const HOST: &str = "/api/organizations/Demo/environments/prod/hosts/web1";

#[tokio::test]
async fn organizations() {
    let test = TestApp::start().await;
    let admin = test.administrator();
    let body =
        json!({ "name": "New one", "description": "x", "settings": [{ "key": "zone", "value": "eu" }] });
    assert_answer!(admin.post("/api/organizations", body).await);
    // What only the server sets is ignored, in whatever shape it comes.
    let body = json!({ "name": "Renamed", "uuid": 5, "version": "x", "environments": null, "groups": ["admin"], "access": {} });
    assert_answer!(admin.put("/api/organizations/New%20one", body).await);
    admin.get("/api/organizations/New%20one").await.expect(404);
    assert_answer!(admin.delete("/api/organizations/Renamed").await);
    admin.get("/api/organizations/Renamed").await.expect(404);
}

#[tokio::test]
async fn applications_with_files_and_parameters() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let application = format!("{DEMO}/applications/Web%20Server");
    let shown = admin.get(&application).await;
    // Whoever reads an application and puts it back changes only its version.
    let again = admin.put(&application, shown.json()).await.expect(200);
    let without_version = |mut json: serde_json::Value| {
        json["version"] = serde_json::Value::Null;
        json
    };
    assert_eq!(without_version(again.json()), without_version(shown.json()));
    assert_answer!(shown);

    let file = json!({ "name": "run.sh", "path": "/opt/run.sh", "mode": 755, "template": { "delimiter": { "start": "##", "end": "##" } } });
    assert_answer!(admin.post(&format!("{application}/files"), file).await);
    admin.get(&format!("{application}/files/run.sh/content")).await.expect(404);
    admin
        .upload(&format!("{application}/files/run.sh/content"), b"echo ${KEY} ##http_port##\n")
        .await
        .expect(200);
    let content = admin.get(&format!("{application}/files/run.sh/content")).await.expect(200);
    assert_eq!(content.text(), "echo ${KEY} ##http_port##\n");
    let bytes = [0, 159, 146, 150];
    admin.upload(&format!("{application}/files/run.sh/content"), &bytes).await.expect(200);
    assert_eq!(admin.get(&format!("{application}/files/run.sh/content")).await.body, bytes);
    admin.delete(&format!("{application}/files/run.sh")).await.expect(204);
    admin.delete(&format!("{application}/files/site.conf")).await.expect(400);

    let parameter =
        json!({ "key": "greeting", "value": "hello", "schema": { "type": "string", "multiline": true } });
    assert_answer!(admin.post(&format!("{application}/parameters"), parameter.clone()).await);
    admin.post(&format!("{application}/parameters"), parameter).await.expect(409);
    let put = json!({ "key": "greeting", "value": "hi" });
    assert_eq!(
        admin.put(&format!("{application}/parameters/greeting"), put).await.expect(200).json()["version"],
        2
    );
    admin.delete(&format!("{application}/parameters/greeting")).await.expect(204);

    let copy = admin.act(&format!("{application}/_clone")).await.expect(200);
    assert_eq!(copy.json()["name"], "Web Server (1)");
    admin.post(&format!("{HOST}/applications"), json!({ "application": "Web Server" })).await.expect(200);
    assert_answer!(admin.delete(&application).await);
    admin.delete(&format!("{DEMO}/applications/Web%20Server%20(1)")).await.expect(204);
}

#[tokio::test]
async fn hosts_and_their_contexts() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    assert_answer!(admin.get(HOST).await);
    let body = json!({ "application": "Web Server", "settings": [{ "key": "http_port", "value": 81 }] });
    assert_answer!(admin.post(&format!("{HOST}/applications"), body).await);
    assert_answer!(admin.get(&format!("{HOST}/platform")).await);
    admin.get(&format!("{HOST}/distribution")).await.expect(404);
    let copy = admin.act(&format!("{HOST}/_clone")).await.expect(200).json();
    assert_eq!((copy["name"].as_str(), copy["state"].as_str()), (Some("web1 (1)"), Some("DEFINED")));
    assert_eq!(copy["applications"], json!(["Web Server"]));
    admin.post(&format!("{DEMO}/environments"), json!({ "name": "test" })).await.expect(200);
    let moved = admin
        .put(&format!("{DEMO}/environments/prod/hosts/web1%20(1)"), json!({ "environment": "test" }))
        .await;
    assert_eq!(moved.expect(200).json()["environment"], "test");
    admin.get(&format!("{DEMO}/environments/test/hosts/web1%20(1)")).await.expect(200);
    assert_answer!(admin.delete(&format!("{DEMO}/environments/test")).await);
    admin.delete(&format!("{HOST}/applications/Web%20Server")).await.expect(204);
    assert_eq!(admin.get(&format!("{HOST}/applications")).await.json()["total"], 0);
    admin.delete(&format!("{HOST}/platform")).await.expect(204);
    admin.post(&format!("{HOST}/platform"), json!({ "platform": "Manual" })).await.expect(200);
    admin.delete(HOST).await.expect(204);
}

#[tokio::test]
async fn machines() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    admin.get(&format!("{HOST}/instance")).await.expect(404);
    let properties =
        json!([{ "key": "ip.eth0", "value": "10.0.0.1" }, { "key": "hostname", "value": "web1" }]);
    admin.post(&format!("{HOST}/instance/properties"), properties).await.expect(200);
    assert_answer!(admin.post(&format!("{HOST}/instance"), json!({})).await);
    assert_eq!(admin.get(HOST).await.json()["state"], "PROVISIONING");
    admin.post(&format!("{HOST}/instance"), json!({})).await.expect(409);
    assert_eq!(
        admin.post(&format!("{HOST}/instance/lock"), json!({})).await.expect(200).json()["locked"],
        true
    );
    assert_answer!(admin.act(&format!("{HOST}/instance/_forget")).await);
    admin.delete(&format!("{HOST}/instance")).await.expect(409);
    admin.post(&format!("{HOST}/instance/unlock"), json!({})).await.expect(200);
    admin.act(&format!("{HOST}/instance/_stop")).await.expect(202);
    admin.delete(HOST).await.expect(409);
    admin.act(&format!("{HOST}/instance/_forget")).await.expect(202);
    assert_eq!(admin.get(HOST).await.json()["state"], "DEFINED");
}

#[tokio::test]
async fn changes_and_actions() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let actions = format!("{HOST}/applications/Web%20Server");
    admin.act(&format!("{HOST}/compliance/_rebuild")).await.expect(409);
    test.enrol("prod", "web1").await;
    admin.post(&format!("{HOST}/applications"), json!({ "application": "Web Server" })).await.expect(200);
    assert_answer!(admin.get(&format!("{HOST}/changes/1")).await);
    assert_answer!(admin.act(&format!("{actions}/services/nginx/_restart")).await);
    assert_answer!(admin.act(&format!("{actions}/handler/reconfigure/_run")).await);
    admin.act(&format!("{actions}/files/site.conf/_update")).await.expect(202);
    admin.act(&format!("{actions}/handler/nothing/_run")).await.expect_refused();
    admin.act(&format!("{actions}/services/apache/_restart")).await.expect_refused();
    let open = admin.get(&format!("{HOST}/changes")).await.json();
    let key = open["items"][0]["key"].as_str().unwrap();
    assert_eq!(admin.get(&format!("{HOST}/changes/{key}")).await.expect(200).json()["orderNum"], 1);
    // One that waits is waited for only as long as is asked.
    assert_eq!(admin.get(&format!("{HOST}/changes/1?wait=0")).await.expect(200).json()["state"], "PENDING");
    assert_eq!(admin.get(HOST).await.json()["state"], "UPDATING");
    admin.delete(&format!("{HOST}/changes?processed_only=false")).await.expect(204);
    assert_eq!(admin.get(&format!("{HOST}/changes?show_processed=true")).await.json()["total"], 0);
    assert_eq!(admin.get(HOST).await.json()["state"], "READY");
    assert_answer!(admin.post(&format!("{HOST}/_plan"), json!({ "install": ["Web Server"] })).await);
}

#[tokio::test]
async fn a_change_that_ends_wakes_who_waits_for_it() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    test.enrol("prod", "web1").await;
    admin.post(&format!("{HOST}/applications"), json!({ "application": "Web Server" })).await.expect(200);
    let waiting = tokio::spawn({
        let admin = admin.clone();
        async move { admin.get(&format!("{HOST}/changes/1?wait=60")).await }
    });
    tokio::task::yield_now().await;
    admin.delete(&format!("{HOST}/changes/1")).await.expect(204);
    // It was given up and forgotten while somebody waited for it.
    waiting.await.unwrap().expect(404);
}

#[tokio::test]
async fn compliance_starts_empty() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    assert_answer!(admin.get(&format!("{HOST}/compliance")).await);
    admin.get(&format!("{HOST}/compliance/applications/Web%20Server/files/site.conf")).await.expect(404);
    admin.delete(&format!("{HOST}/compliance")).await.expect(204);
    test.enrol("prod", "web1").await;
    admin.act(&format!("{HOST}/compliance/_rebuild")).await.expect(202);
}

#[tokio::test]
async fn enrolment_tokens_and_agents() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let tokens = format!("{DEMO}/enrolment-tokens");
    let made = admin.post(&tokens, json!({ "environment": "prod", "host": "web1" })).await.expect(200);
    let uuid = made.json()["uuid"].as_str().unwrap().to_owned();
    assert_answer!(made);
    let listed = admin.get(&tokens).await.expect(200);
    assert!(!listed.text().contains("hw1_"), "a token is shown once only");
    admin.delete(&format!("{tokens}/{uuid}")).await.expect(204);
    admin.get(&format!("{tokens}/{uuid}")).await.expect(404);

    test.enrol("prod", "web1").await;
    let agents = admin.get(&format!("{DEMO}/agents")).await.expect(200);
    let uuid = agents.json()["items"][0]["uuid"].as_str().unwrap().to_owned();
    assert_answer!(agents);
    admin.delete(&format!("{DEMO}/agents/{uuid}")).await.expect(204);
    admin.get(&format!("{DEMO}/agents/{uuid}")).await.expect(404);
}

#[tokio::test]
async fn plugins() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    assert_answer!(admin.upload("/api/plugins", &component("files", "0.2.0")).await);
    admin.upload("/api/plugins", &component("files", "0.2.0")).await.expect(409);
    assert_answer!(admin.get("/api/plugins").await);
    admin.get("/api/plugins/hostwright/files/0.2.0").await.expect(200);
    let active = admin.get(&format!("{DEMO}/plugins/files")).await.expect(200).json();
    assert_eq!(active["version"], "0.1.0");
    let body = json!({ "plugin": "hostwright/files", "version": "0.2.0", "grants": { "files": { "write": ["/etc"] } } });
    assert_answer!(admin.post(&format!("{DEMO}/plugins"), body).await);
    let beyond = json!({ "plugin": "hostwright/files", "grants": { "scripts": true } });
    assert_answer!(admin.post(&format!("{DEMO}/plugins"), beyond).await);
    assert_answer!(admin.get(&format!("{HOST}/permissions")).await);
    admin.delete(&format!("{DEMO}/plugins/files")).await.expect(204);
    admin.delete(&format!("{DEMO}/plugins/files")).await.expect(404);
}

#[tokio::test]
async fn platforms_are_there_from_the_beginning() {
    let test = TestApp::start_with_demo().await;
    assert_answer!(test.administrator().get(&format!("{DEMO}/platforms/Manual")).await);
    assert_eq!(
        test.administrator().get(&format!("{DEMO}/distributions")).await.expect(200).json()["total"],
        0
    );
}
