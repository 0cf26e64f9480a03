//! Resources from their making to their end.

use insta::assert_snapshot;
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
    // Whoever reads an application and puts it back changes nothing.
    let before = test.latest_event().await;
    let again = admin.put(&application, shown.json()).await.expect(200);
    assert_eq!(again.text(), shown.text());
    for part in ["files/site.conf", "parameters/http_port"] {
        let part = format!("{application}/{part}");
        let read = admin.get(&part).await.expect(200);
        assert_eq!(admin.put(&part, read.json()).await.expect(200).text(), read.text());
    }
    assert_eq!(test.latest_event().await, before, "nothing was written");
    assert_eq!(admin.get(&application).await.header("etag"), shown.header("etag"));
    let published =
        json!({ "name": "Web Server", "publishedAs": { "uuid": "x" }, "price": "9.50", "canPull": true });
    let mut published_too = shown.json();
    published_too.as_object_mut().unwrap().extend(published.as_object().unwrap().clone());
    assert_eq!(admin.put(&application, published_too).await.expect(200).text(), shown.text());
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
    let renamed = json!({ "key": "greeting", "name": "What to say", "value": "hi" });
    admin.put(&format!("{application}/parameters/greeting"), renamed).await.expect(200);
    let by_name = format!("{application}/parameters/What%20to%20say");
    assert_eq!(admin.get(&by_name).await.expect(200).json()["key"], "greeting");
    let other = json!({ "key": "farewell", "name": "What to say" });
    admin.post(&format!("{application}/parameters"), other).await.expect(200);
    assert_answer!(admin.get(&by_name).await);
    admin.delete(&format!("{application}/parameters/farewell")).await.expect(204);
    admin.delete(&by_name).await.expect(204);
    admin.get(&format!("{application}/parameters/greeting")).await.expect(404);

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
    // A machine that is told of is waited for like one that was made.
    let told = admin.post(&format!("{HOST}/instance/properties"), properties.clone()).await.expect(200);
    assert_eq!(admin.get(HOST).await.json()["state"], "PROVISIONING");
    let mut instance = told.json();
    assert_answer!(told);
    admin.act(&format!("{HOST}/instance/_forget")).await.expect(202);
    let with_properties = json!({ "properties": properties });
    admin.post(&format!("{HOST}/instance"), with_properties).await.expect(400);
    // As a client sends it that posts the whole of what it is to make.
    instance["properties"] = json!([]);
    assert_answer!(admin.post(&format!("{HOST}/instance"), instance).await);
    assert_eq!(admin.get(HOST).await.json()["state"], "PROVISIONING");
    admin.post(&format!("{HOST}/instance"), json!({})).await.expect(409);
    assert_eq!(
        admin.post(&format!("{HOST}/instance/lock"), json!({})).await.expect(200).json()["locked"],
        true
    );
    assert_answer!(admin.act(&format!("{HOST}/instance/_forget")).await);
    admin.delete(&format!("{HOST}/instance")).await.expect(409);
    admin.act(&format!("{HOST}/instance/_off")).await.expect(409);
    // What destroys nothing is not refused.
    admin.act(&format!("{HOST}/instance/_stop")).await.expect(202);
    admin.post(&format!("{HOST}/instance/unlock"), json!({})).await.expect(200);
    assert_answer!(admin.act(&format!("{HOST}/instance/_pause")).await);
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
    let run = admin.act(&format!("{actions}/handler/reconfigure/_run")).await;
    assert_eq!(Some(run.text().as_str()), run.header("hostwright-change"), "the answer is the change's key");
    admin.get(&format!("{HOST}/changes/{}", run.text())).await.expect(200);
    assert_answer!(run);
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
async fn services_and_packages_are_made_one_by_one() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    test.enrol("prod", "web1").await;
    admin.post(&format!("{HOST}/applications"), json!({ "application": "Web Server" })).await.expect(200);
    let application = format!("{HOST}/applications/Web%20Server");
    let mut seen = Vec::new();
    for action in [
        "services/nginx/_update",
        "services/nginx/_disable",
        "services/nginx/_enable",
        "packages/nginx-light/_install",
        "packages/nginx-light/_update",
        "packages/nginx-light/_update?release=1.22-3",
    ] {
        let done = admin.act(&format!("{application}/{action}")).await.expect(202);
        let change = done.header("hostwright-change").unwrap().to_owned();
        let change = admin.get(&format!("{HOST}/changes/{change}")).await.expect(200).json();
        let services = admin.get(&application).await.expect(200).json()["services"].clone();
        seen.push(format!("{action}: {}, {}", change["description"], services));
    }
    assert_snapshot!(seen.join("\n"));
    admin.act(&format!("{application}/packages/nginx-light/_update?release=$(id)")).await.expect(400);
    admin.act(&format!("{application}/packages/apache/_install")).await.expect(404);
    admin.act(&format!("{application}/services/apache/_disable")).await.expect(404);
}

#[tokio::test]
async fn services_of_a_context_are_kept() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let applications = format!("{HOST}/applications");
    let install = |services: serde_json::Value| json!({ "application": "Web Server", "services": services });
    let unknown = install(json!([{ "name": "apache", "enabled": false }]));
    assert_answer!(admin.post(&applications, unknown).await);
    let off = json!({ "application": "Web Server", "enabled": false });
    assert_eq!(admin.post(&applications, off).await.expect(400).json()["errors"][0]["pointer"], "/enabled");
    let disabled = json!([{ "name": "nginx", "enabled": false }]);
    let made = admin.post(&applications, install(disabled.clone())).await.expect(200);
    assert_eq!(made.json()["services"], disabled);
    let path = format!("{applications}/Web%20Server");
    let read = admin.get(&path).await.expect(200);
    assert_eq!(admin.put(&path, read.json()).await.expect(200).text(), read.text());
    assert_eq!(admin.put(&path, json!({})).await.expect(200).json()["services"], disabled);
    let enabled = admin.put(&path, json!({ "services": [] })).await.expect(200).json();
    assert_eq!(enabled["services"], json!([{ "name": "nginx", "enabled": true }]));
}

#[tokio::test]
async fn a_locked_application_is_left_alone() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let path = format!("{DEMO}/applications/Web%20Server");
    let locked = admin.post(&format!("{path}/lock"), json!({})).await.expect(200);
    assert_eq!(locked.json()["locked"], true);
    assert_answer!(admin.put(&path, json!({ "description": "x" })).await);
    admin.delete(&path).await.expect(409);
    admin.upload(&format!("{path}/files/site.conf/content"), b"x").await.expect(409);
    // Locking again changes nothing.
    assert_eq!(admin.post(&format!("{path}/lock"), json!({})).await.expect(200).text(), locked.text());
    assert_eq!(admin.post(&format!("{path}/unlock"), json!({})).await.expect(200).json()["locked"], false);
    admin.put(&path, json!({ "description": "x" })).await.expect(200);
}

#[tokio::test]
async fn a_file_is_renamed_where_it_is_used() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let application = format!("{DEMO}/applications/Web%20Server");
    let path = format!("{application}/files/site.conf");
    let mut file = admin.get(&path).await.expect(200).json();
    file["template"]["name"] = json!("another");
    assert_answer!(admin.put(&path, file.clone()).await);
    file["template"]["name"] = json!("site.conf");
    file["name"] = json!("nginx.conf");
    admin.put(&path, file.clone()).await.expect(200);
    admin.get(&path).await.expect(404);
    let renamed = format!("{application}/files/nginx.conf");
    let content = admin.get(&format!("{renamed}/content")).await.expect(200);
    assert_eq!(content.text(), "listen ${http_port};\n");
    let shown = admin.get(&application).await.expect(200).json();
    assert_eq!(shown["handlers"][0]["do"][0]["resource"], "file://nginx.conf");
    admin.post(&format!("{application}/files"), json!({ "name": "a", "path": "/a" })).await.expect(200);
    file["name"] = json!("a");
    file["template"]["name"] = json!("a");
    admin.put(&renamed, file).await.expect(409);
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
async fn alerts_say_what_is_there_and_what_should_be() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let application = format!("{DEMO}/applications/Web%20Server");
    let mut described = admin.get(&application).await.expect(200).json();
    described["directories"] = json!([{ "name": "old", "path": "/srv/old" }]);
    admin.put(&application, described).await.expect(200);
    test.enrol("prod", "web1").await;
    admin.post(&format!("{HOST}/applications"), json!({ "application": "Web Server" })).await.expect(200);
    let (mode, nothing) = (json!({ "mode": "0644" }), json!(null));
    let reports = [
        (("packages", "nginx-light"), json!({}), nothing.clone()),
        (("files", "/etc/nginx/conf.d/site.conf"), mode.clone(), nothing.clone()),
        (("directories", "/srv/old"), nothing.clone(), mode.clone()),
        (("services", "nginx"), json!({ "running": true }), nothing),
    ];
    for (resource, expected, observed) in reports {
        test.report_drift("web1", resource, expected, observed).await;
    }
    let alerts = admin.get(&format!("{HOST}/compliance")).await.expect(200).json();
    let states: Vec<String> = alerts["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| format!("{} {} {}", alert["type"], alert["currentState"], alert["expectedState"]))
        .collect();
    assert_snapshot!(states.join("\n"));
    assert_eq!(admin.get(HOST).await.expect(200).json()["compliant"], false);
    admin.delete(&format!("{HOST}/compliance")).await.expect(204);
    assert_eq!(admin.get(HOST).await.expect(200).json()["compliant"], true);
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
async fn parameters_and_files_of_platforms_and_distributions_can_be_looked_at() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    test.make_templates().await;
    for template in ["platforms/Cloud", "distributions/Debian"] {
        let all = admin.get(&format!("{DEMO}/{template}")).await.expect(200).json();
        for (part, by) in [("parameters", vec!["vm_memory", "Memory"]), ("files", vec!["domain.xml"])] {
            let list = admin.get(&format!("{DEMO}/{template}/{part}")).await.expect(200).json();
            assert_eq!((&list["total"], &list["items"]), (&json!(1), &all[part]), "{template}/{part}");
            for name in by {
                let one = admin.get(&format!("{DEMO}/{template}/{part}/{name}")).await.expect(200).json();
                assert_eq!(one, all[part][0], "{template}/{part}/{name}");
            }
            admin.get(&format!("{DEMO}/{template}/{part}/other")).await.expect(404);
        }
    }
    assert_answer!(admin.get(&format!("{DEMO}/platforms/Cloud/parameters")).await);
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
