//! Settings at every level, and what they set in motion.

use serde_json::json;

use super::{TestApp, assert_answer};

const DEMO: &str = "/api/organizations/Demo";
const HOST: &str = "/api/organizations/Demo/environments/prod/hosts/web1";

#[tokio::test]
async fn every_level_has_the_same_six_things() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    admin.post(&format!("{HOST}/applications"), json!({ "application": "Web Server" })).await.expect(200);
    let levels = [
        DEMO.to_owned(),
        format!("{DEMO}/environments/prod"),
        HOST.to_owned(),
        format!("{HOST}/applications/Web%20Server"),
        format!("{HOST}/platform"),
        format!("{DEMO}/platforms/Manual"),
    ];
    for level in levels {
        let all = format!("{level}/settings");
        let one = format!("{level}/settings/extra");
        let made = admin.post(&all, json!({ "key": "extra", "value": { "b": 1, "a": 2 } })).await.expect(200);
        assert_eq!(made.header("location"), Some(one.as_str()), "{level}");
        assert_eq!(made.text(), r#"{"key":"extra","value":{"b":1,"a":2},"version":1}"#, "{level}");
        admin.post(&all, json!({ "key": "extra", "value": 1 })).await.expect(409);
        let put = admin.put(&one, json!({ "value": 2 })).await.expect(200);
        assert_eq!(put.json()["version"], 2, "{level}");
        let more = json!({ "newOrUpdatedSettings": [{ "key": "more", "value": "x" }] });
        let kept = admin.put(&format!("{all}?no_delete=true"), more.clone()).await.expect(200);
        assert_eq!(kept.json()["total"], 2, "{level}");
        assert_eq!(admin.put(&all, more).await.expect(200).json()["total"], 1, "{level}");
        admin.get(&one).await.expect(404);
        admin.delete(&format!("{level}/settings/more")).await.expect(204);
        admin.delete(&format!("{level}/settings/more")).await.expect(404);
        assert_eq!(admin.get(&all).await.json()["items"], json!([]), "{level}");
    }
}

#[tokio::test]
async fn the_latest_level_wins_and_each_step_is_one_change_of_two_tasks() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    test.enrol("prod", "web1").await;
    admin.post(&format!("{DEMO}/environments/prod/hosts"), json!({ "name": "web2" })).await.expect(200);
    test.enrol("prod", "web2").await;
    let installed = admin.post(&format!("{HOST}/applications"), json!({ "application": "Web Server" })).await;
    assert_answer!(installed);

    let file = format!("{HOST}/applications/Web%20Server/files/site.conf");
    let origin = format!("{HOST}/applications/Web%20Server/origin-settings/http_port");
    let levels = [
        (DEMO.to_owned(), 80, "organization"),
        (format!("{DEMO}/environments/prod"), 8880, "environment"),
        (HOST.to_owned(), 8000, "host"),
        (format!("{HOST}/applications/Web%20Server"), 8888, "context"),
    ];
    let mut expected = vec![("parameter", 8080)];
    for (level, port, from) in &levels {
        let body = json!({ "key": "http_port", "value": port });
        let written = admin.post(&format!("{level}/settings"), body).await.expect(200);
        assert_eq!(
            written.headers.get_all("hostwright-change").iter().count(),
            1,
            "web2 has no application: {written}"
        );
        let change = written.header("link").unwrap().split(['<', '>']).nth(1).unwrap().to_owned();
        let change = admin.get(&change).await.expect(200).json();
        let tasks: Vec<&str> = change["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["description"].as_str().unwrap())
            .collect();
        assert_eq!(tasks, ["update file site.conf", "reload service nginx"]);
        assert_eq!(admin.get(&file).await.expect(200).text(), format!("listen {port};\n"));
        assert_eq!(admin.get(&origin).await.json()["from"], *from);
        expected.push((*from, *port));
    }
    for (level, ..) in levels.iter().rev() {
        expected.pop();
        let (from, port) = *expected.last().unwrap();
        let unset = admin.delete(&format!("{level}/settings/http_port")).await.expect(204);
        assert_eq!(unset.headers.get_all("hostwright-change").iter().count(), 1);
        assert_eq!(admin.get(&file).await.expect(200).text(), format!("listen {port};\n"));
        assert_eq!(admin.get(&origin).await.json()["from"], from);
    }
    assert_answer!(admin.get(&origin).await);
}

#[tokio::test]
async fn a_setting_that_changes_nothing_for_a_host_sends_nothing() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    test.enrol("prod", "web1").await;
    admin.post(&format!("{HOST}/applications"), json!({ "application": "Web Server" })).await.expect(200);
    let same = admin
        .post(&format!("{HOST}/settings"), json!({ "key": "http_port", "value": 8080 }))
        .await
        .expect(200);
    assert_eq!(same.header("hostwright-change"), None);
    let other = format!("{HOST}/settings/http_port?trigger_application_handler=false");
    assert_eq!(admin.put(&other, json!({ "value": 1 })).await.expect(200).header("hostwright-change"), None);
}

#[tokio::test]
async fn settings_are_replaced_with_the_entity_they_belong_to() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let path = format!("{DEMO}/environments/prod");
    let body = json!({ "settings": [{ "key": "a", "value": 1 }, { "key": "b", "value": null }] });
    admin.put(&path, body).await.expect(200);
    let read = admin.get(&path).await.expect(200);
    // Whoever reads something and puts it back changes nothing.
    let again = admin.put(&path, read.json()).await.expect(200);
    assert_eq!(again.text(), read.text());
    assert_answer!(again);
    let fewer = admin.put(&path, json!({ "settings": [{ "key": "a", "value": 1 }] })).await.expect(200);
    assert_eq!(fewer.json()["settings"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_read_can_be_put_back_and_changes_nothing() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let size = json!({ "key": "size", "value": 1, "schema": { "type": "integer" } });
    admin.post(&format!("{HOST}/settings"), size).await.expect(200);
    let before = test.latest_event().await;
    for path in [format!("{HOST}/settings/size"), HOST.to_owned()] {
        let read = admin.get(&path).await.expect(200);
        let again = admin.put(&path, read.json()).await.expect(200);
        assert_eq!((again.text(), again.header("etag")), (read.text(), read.header("etag")), "{path}");
    }
    let all = admin.get(&format!("{HOST}/settings")).await.expect(200).json()["items"].clone();
    let bulk = json!({ "newOrUpdatedSettings": all });
    admin.put(&format!("{HOST}/settings"), bulk).await.expect(200);
    assert_eq!(test.latest_event().await, before, "nothing was written");
}

#[tokio::test]
async fn a_setting_keeps_its_schema_until_it_is_given_another_one() {
    let test = TestApp::start_with_demo().await;
    let admin = test.administrator();
    let path = format!("{HOST}/settings/size");
    let schema = json!({ "type": "integer" });
    admin.put(&path, json!({ "value": 1, "schema": schema })).await.expect(200);
    // Otherwise what is stored could not be put back.
    assert_answer!(admin.put(&path, json!({ "value": "large" })).await);
    let kept = admin.put(&path, json!({ "value": 2 })).await.expect(200).json();
    assert_eq!(kept["schema"], schema);
    let removed = admin.put(&path, json!({ "value": "large", "schema": {} })).await.expect(200);
    assert_eq!(removed.json().get("schema"), None, "{removed}");
    // Also where it comes with its host, and the value stays.
    let other = json!({ "type": "string" });
    let host = json!({ "settings": [{ "key": "size", "value": "large", "schema": other }] });
    admin.put(HOST, host).await.expect(200);
    assert_eq!(admin.get(&path).await.expect(200).json()["schema"], other);
}
