//! The description of the API.

use std::collections::BTreeSet;

use insta::assert_snapshot;

use super::TestApp;
use crate::api::openapi;
use crate::api::routes::described;

#[tokio::test]
async fn the_description_is_served_and_complete() {
    let test = TestApp::start().await;
    let description = test.anonymous().get("/api/openapi.json").await.expect(200).json();
    assert!(description["openapi"].as_str().unwrap().starts_with("3."));
    let mut ids = BTreeSet::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        assert!(path.starts_with("/api/"), "{path}");
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "two operations are called {id}");
            let named = operation["parameters"].as_array().unwrap().iter();
            let named = named.filter(|parameter| parameter["in"] == "path").count();
            assert_eq!(named, path.matches('{').count(), "{method} {path} describes every name in its path");
            assert!(operation["responses"]["default"].is_object(), "{method} {path} describes errors");
        }
    }
    // What is referred to is there.
    let text = description.to_string();
    let schemas = description["components"]["schemas"].as_object().unwrap();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "schema {name} is missing");
    }
}

#[test]
fn every_route_is_known() {
    let (_, description) = described().split_for_parts();
    let description = openapi::complete(description);
    let mut lines = Vec::new();
    for (path, item) in &description.paths.paths {
        let methods =
            [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("DELETE", &item.delete)];
        for (method, operation) in methods {
            if let Some(operation) = operation {
                lines.push(format!("{path} {method} {}", operation.operation_id.as_deref().unwrap_or("?")));
            }
        }
    }
    lines.sort();
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn shapes_are_described_with_the_names_that_are_sent() {
    let (_, description) = described().split_for_parts();
    let document = openapi::document(description);
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let mut lines = Vec::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let fields =
            schema["properties"].as_object().map(|fields| fields.keys().cloned().collect::<Vec<_>>());
        lines.push(format!("{name}: {}", fields.unwrap_or_default().join(" ")));
    }
    lines.sort();
    assert_snapshot!(lines.join("\n"));
}
