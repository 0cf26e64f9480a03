use chrono::TimeDelta;
use hostwright_model::alert::{Alert, Finding};
use hostwright_model::desired::DesiredResource;
use hostwright_model::setting::Scope;
use hostwright_model::user::{Membership, Role, RoleScope};
use hostwright_protocol::messages::{Difference, Value};
use serde_json::json;

use super::people::user;
use crate::Store;
use crate::testing::Samples;

pub(super) async fn settings_keep_their_order_their_keys_order_and_their_version(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let o = stored.organization.id;
    let scope = Scope::Host(stored.host.id);
    let mut zebra = samples.setting("zebra", json!({"z": 1, "a": [1.0, null, "x"], "m": {"b": 1, "a": 2}}));
    zebra.schema = Some(json!({"type": "object", "pretty": "Z", "a": 1}));
    let mut ant = samples.setting("ant", json!(null));
    tx.put_setting(o, scope, &mut zebra).await.unwrap();
    tx.put_setting(o, scope, &mut ant).await.unwrap();
    assert_eq!((zebra.version, ant.version), (1, 1));
    let text = zebra.kind.value().to_string();
    zebra.updated_at += TimeDelta::seconds(1);
    tx.put_setting(o, scope, &mut zebra).await.unwrap();
    assert_eq!(zebra.version, 2);
    tx.commit().await.unwrap();

    let mut tx = store.begin().await.unwrap();
    let found = tx.settings(o, scope).await.unwrap();
    assert_eq!(found, [zebra.clone(), ant.clone()], "in the order in which they were made");
    assert_eq!(found[0].kind.value().to_string(), text);
    assert_eq!(found[0].schema.as_ref().unwrap().to_string(), r#"{"type":"object","pretty":"Z","a":1}"#);
    assert_eq!(tx.setting(o, scope, &zebra.key).await.unwrap().as_ref(), Some(&zebra));
    assert_eq!(tx.settings(o, Scope::Environment(stored.environment.id)).await.unwrap(), []);
    assert_eq!(tx.all_settings(o).await.unwrap(), [(scope, zebra.clone()), (scope, ant)]);
    assert!(tx.delete_setting(o, scope, &zebra.key).await.unwrap());
    assert!(!tx.delete_setting(o, scope, &zebra.key).await.unwrap());
    assert_eq!(tx.settings(o, scope).await.unwrap().len(), 1);
}

pub(super) async fn settings_go_with_what_they_stand_at(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let o = stored.organization.id;
    let application = samples.application(&stored.organization, "Web Server");
    tx.insert_application(&application).await.unwrap();
    let context = samples.context(&stored.host, &application);
    tx.insert_context(&context).await.unwrap();
    let platform = samples.platform(&stored.organization, "Manual");
    tx.insert_platform(&platform).await.unwrap();
    let person = user(&samples, "jd");
    tx.insert_user(&person).await.unwrap();
    let scope = RoleScope::Host(stored.host.id);
    let membership = Membership { organization: o, user: person.id, scope, role: Role::User };
    tx.put_membership(&membership).await.unwrap();
    let scopes = [
        Scope::Organization(o),
        Scope::Environment(stored.environment.id),
        Scope::Host(stored.host.id),
        Scope::Context(context.id),
        Scope::Platform(platform.id),
    ];
    for scope in scopes {
        tx.put_setting(o, scope, &mut samples.setting("key", json!(1))).await.unwrap();
    }
    let left = async |tx: &mut Box<dyn crate::Transaction>| tx.all_settings(o).await.unwrap().len();
    assert_eq!(left(&mut tx).await, 5);
    tx.delete_host(o, stored.host.id).await.unwrap();
    assert_eq!(left(&mut tx).await, 3, "host and context");
    assert_eq!(tx.memberships(o).await.unwrap(), []);
    tx.delete_platform(o, platform.id).await.unwrap();
    tx.delete_environment(o, stored.environment.id).await.unwrap();
    assert_eq!(left(&mut tx).await, 1);
}

pub(super) async fn desired_resources_come_back_as_they_were_stored(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let (o, host) = (stored.organization.id, stored.host.id);
    let resource = Samples::resource("/srv/page");
    let mut desired = DesiredResource {
        attributes: json!({"mode": "0644", "content": {"$hostwright": {"blob": "b", "size": 1}}, "a": 1.0}),
        applications: vec!["b".to_owned(), "a".to_owned()],
        label: "file page".to_owned(),
        sensitive: false,
    };
    tx.put_desired(o, host, &resource, &desired).await.unwrap();
    desired.sensitive = true;
    tx.put_desired(o, host, &resource, &desired).await.unwrap();
    let set = tx.desired_set(o, host).await.unwrap();
    assert_eq!((set.len(), set.get(&resource)), (1, Some(&desired)));
    assert_eq!(set.get(&resource).unwrap().attributes.to_string(), desired.attributes.to_string());
    assert_eq!(tx.desired(o, host, &resource).await.unwrap(), Some(desired.clone()));
    let mut other = resource.clone();
    other.id.push('x');
    assert_eq!(tx.desired(o, host, &other).await.unwrap(), None);
    assert!(tx.remove_desired(o, host, &resource).await.unwrap());
    assert!(!tx.remove_desired(o, host, &resource).await.unwrap());
    tx.put_desired(o, host, &resource, &desired).await.unwrap();
    tx.clear_desired(o, host).await.unwrap();
    assert!(tx.desired_set(o, host).await.unwrap().is_empty());
}

pub(super) async fn alerts_are_raised_once_and_closed(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let (o, host) = (stored.organization.id, stored.host.id);
    let mut alert = Alert {
        organization: o,
        host,
        resource: Samples::resource("/srv/page"),
        finding: Finding::Drifted {
            expected: json!({"mode": "0644", "a": 1}),
            observed: json!(null),
            differences: vec![Difference {
                pointer: "/mode".to_owned(),
                before: None,
                after: Some(Value::Known(json!("0644"))),
            }],
        },
        since: samples.now(),
        reported_at: samples.now(),
    };
    assert!(tx.raise_alert(&alert).await.unwrap());
    alert.finding = Finding::Unreadable { error: "denied".to_owned() };
    alert.reported_at += TimeDelta::microseconds(1);
    assert!(!tx.raise_alert(&alert).await.unwrap(), "one is open for a resource at most");
    assert_eq!(tx.alert(o, host, &alert.resource).await.unwrap().as_ref(), Some(&alert));
    assert_eq!(tx.alerts(o, host).await.unwrap(), std::slice::from_ref(&alert));
    assert!(tx.close_alert(o, host, &alert.resource).await.unwrap());
    assert!(!tx.close_alert(o, host, &alert.resource).await.unwrap());
    tx.raise_alert(&alert).await.unwrap();
    assert_eq!(tx.close_alerts(o, host).await.unwrap(), 1);
}
