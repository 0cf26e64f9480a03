//! A wall between organizations: each query is asked for what exists, in the name of another organization.

use hostwright_model::alert::{Alert, Finding};
use hostwright_model::application::Application;
use hostwright_model::blob::Blob;
use hostwright_model::change::Change;
use hostwright_model::context::{Context, Subject};
use hostwright_model::desired::DesiredResource;
use hostwright_model::distribution::Distribution;
use hostwright_model::event::{Actor, NewEvent, Occurrence};
use hostwright_model::ids::OrganizationId;
use hostwright_model::organization::Organization;
use hostwright_model::platform::Platform;
use hostwright_model::setting::Scope;
use hostwright_protocol::messages::{Cancel, ToAgent};
use serde_json::json;

use super::{is_in_use, is_stale};
use crate::testing::Samples;
use crate::testing::samples::StoredHost;
use crate::{Store, Transaction};

/// Everything that an organization can have.
struct Everything {
    stored: StoredHost,
    application: Application,
    platform: Platform,
    distribution: Distribution,
    context: Context,
    change: Change,
    blob: Blob,
    scope: Scope,
}

async fn everything(samples: &Samples, tx: &mut dyn Transaction, name: &str) -> Everything {
    let stored = samples.stored_host(tx, name).await.unwrap();
    let o = stored.organization.id;
    let application = samples.application(&stored.organization, "Web Server");
    tx.insert_application(&application).await.unwrap();
    let platform = samples.platform(&stored.organization, "Manual");
    tx.insert_platform(&platform).await.unwrap();
    let distribution = samples.distribution(&stored.organization, "Debian 12");
    tx.insert_distribution(&distribution).await.unwrap();
    let context = samples.context(&stored.host, &application);
    tx.insert_context(&context).await.unwrap();
    tx.insert_instance(&samples.instance(&stored.host)).await.unwrap();
    let scope = Scope::Host(stored.host.id);
    tx.put_setting(o, scope, &mut samples.setting("key", json!(1))).await.unwrap();
    let desired = DesiredResource {
        attributes: json!({}),
        applications: Vec::new(),
        label: "file page".to_owned(),
        sensitive: false,
    };
    tx.put_desired(o, stored.host.id, &Samples::resource("/srv/page"), &desired).await.unwrap();
    tx.raise_alert(&alert(samples, o, &stored)).await.unwrap();
    let mut change = samples.change(&stored.host);
    tx.insert_change(&mut change).await.unwrap();
    tx.append_message(o, stored.agent.id, samples.message(Some(&change))).await.unwrap();
    let blob = Blob::new(name.as_bytes().to_vec());
    tx.put_blob(o, &blob, samples.now()).await.unwrap();
    let occurrence = Occurrence::Created { kind: "host".to_owned(), path: name.to_owned() };
    tx.append_event(NewEvent { organization: Some(o), actor: Actor::System, occurrence, at: samples.now() });
    Everything { stored, application, platform, distribution, context, change, blob, scope }
}

fn alert(samples: &Samples, organization: OrganizationId, stored: &StoredHost) -> Alert {
    Alert {
        organization,
        host: stored.host.id,
        resource: Samples::resource("/srv/page"),
        finding: Finding::Unreadable { error: "denied".to_owned() },
        since: samples.now(),
        reported_at: samples.now(),
    }
}

async fn two(samples: &Samples, store: &Store) -> (Everything, Organization) {
    let mut tx = store.begin().await.unwrap();
    let theirs = everything(samples, &mut *tx, "Theirs").await;
    let mine = samples.organization("Mine");
    tx.insert_organization(&mine).await.unwrap();
    tx.commit().await.unwrap();
    (theirs, mine)
}

pub(super) async fn another_organization_sees_nothing(store: Store) {
    let samples = Samples::default();
    let (theirs, Organization { id: me, .. }) = two(&samples, &store).await;
    let StoredHost { environment, host, agent, .. } = &theirs.stored;
    let page = Samples::resource("/srv/page");
    let mut tx = store.read().await.unwrap();

    assert_eq!(tx.environment(me, environment.id).await.unwrap(), None);
    assert_eq!(tx.environment_by_name(me, &environment.name).await.unwrap(), None);
    assert_eq!(tx.environments(me).await.unwrap(), []);
    assert_eq!(tx.host(me, host.id).await.unwrap(), None);
    assert_eq!(tx.host_by_name(me, environment.id, &host.name).await.unwrap(), None);
    assert_eq!(tx.hosts(me, environment.id).await.unwrap(), []);
    assert_eq!(tx.all_hosts(me).await.unwrap(), []);
    assert_eq!(tx.instance(me, host.id).await.unwrap(), None);
    assert_eq!(tx.platform(me, theirs.platform.id).await.unwrap(), None);
    assert_eq!(tx.platform_by_name(me, &theirs.platform.name).await.unwrap(), None);
    assert_eq!(tx.platforms(me).await.unwrap(), []);
    assert_eq!(tx.distribution(me, theirs.distribution.id).await.unwrap(), None);
    assert_eq!(tx.distribution_by_name(me, &theirs.distribution.name).await.unwrap(), None);
    assert_eq!(tx.distributions(me).await.unwrap(), []);
    assert_eq!(tx.application(me, theirs.application.id).await.unwrap(), None);
    assert_eq!(tx.application_by_name(me, &theirs.application.name).await.unwrap(), None);
    assert_eq!(tx.applications(me).await.unwrap(), []);
    assert_eq!(tx.contexts(me, host.id).await.unwrap(), []);
    assert_eq!(tx.application_context(me, host.id, theirs.application.id).await.unwrap(), None);
    assert_eq!(tx.contexts_of_application(me, theirs.application.id).await.unwrap(), []);
    assert_eq!(tx.setting(me, theirs.scope, &"key".parse().unwrap()).await.unwrap(), None);
    assert_eq!(tx.settings(me, theirs.scope).await.unwrap(), []);
    assert_eq!(tx.all_settings(me).await.unwrap(), []);
    assert!(tx.desired_set(me, host.id).await.unwrap().is_empty());
    assert_eq!(tx.alert(me, host.id, &page).await.unwrap(), None);
    assert_eq!(tx.alerts(me, host.id).await.unwrap(), []);
    assert_eq!(tx.change(me, theirs.change.id).await.unwrap(), None);
    assert_eq!(tx.change_by_number(me, host.id, theirs.change.order_number).await.unwrap(), None);
    assert_eq!(tx.changes(me, host.id, true).await.unwrap(), []);
    assert_eq!(tx.open_changes(me, host.id).await.unwrap(), []);
    assert_eq!(tx.agent(me, agent.id).await.unwrap(), None);
    assert_eq!(tx.agent_of_host(me, host.id).await.unwrap(), None);
    assert_eq!(tx.agents(me).await.unwrap(), []);
    assert_eq!(tx.enrolment_tokens(me).await.unwrap(), []);
    assert_eq!(tx.blob(me, theirs.blob.digest()).await.unwrap(), None);
    assert_eq!(tx.activations(me).await.unwrap(), []);
    assert_eq!(tx.plugin_standings(me, agent.id).await.unwrap(), []);
    assert_eq!(tx.memberships(me).await.unwrap(), []);
    assert_eq!(tx.api_keys(me).await.unwrap(), []);
    assert_eq!(tx.events_after(Some(me), 0, 10).await.unwrap(), []);
    assert_eq!(tx.latest_events(Some(me), 0, 10).await.unwrap(), []);
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.lock_hosts(me, &[host.id]).await.unwrap(), []);
}

pub(super) async fn another_organization_changes_nothing(store: Store) {
    let samples = Samples::default();
    let (theirs, Organization { id: me, .. }) = two(&samples, &store).await;
    let StoredHost { organization, environment, host, agent } = &theirs.stored;
    let o = organization.id;
    let page = Samples::resource("/srv/page");
    let mut tx = store.begin().await.unwrap();

    let mut stolen = environment.clone();
    stolen.organization = me;
    assert!(is_stale(&tx.update_environment(&mut stolen).await));
    let mut stolen = host.clone();
    stolen.organization = me;
    assert!(is_stale(&tx.update_host(&mut stolen).await));
    assert!(is_stale(&tx.save_host_state(&stolen).await));
    let mut stolen = samples.instance(host);
    stolen.organization = me;
    assert!(is_stale(&tx.update_instance(&mut stolen).await));
    let mut stolen = theirs.application.clone();
    stolen.organization = me;
    assert!(is_stale(&tx.update_application(&mut stolen).await));
    let mut stolen = theirs.platform.clone();
    stolen.organization = me;
    assert!(is_stale(&tx.update_platform(&mut stolen).await));
    let mut stolen = theirs.distribution.clone();
    stolen.organization = me;
    assert!(is_stale(&tx.update_distribution(&mut stolen).await));
    let mut stolen = theirs.context.clone();
    stolen.organization = me;
    assert!(is_stale(&tx.update_context(&mut stolen).await));
    let mut stolen = theirs.change.clone();
    stolen.organization = me;
    assert!(is_stale(&tx.save_change(&stolen).await));
    assert!(is_stale(&tx.save_change_alone(&stolen).await));
    assert!(is_stale(&tx.save_task(me, stolen.id, &stolen.tasks[0]).await));
    assert_eq!(tx.change_alone(me, stolen.id).await.unwrap(), None);
    assert_eq!(tx.task(me, stolen.id, stolen.tasks[0].task.number).await.unwrap(), None);

    assert!(!tx.delete_environment(me, environment.id).await.unwrap());
    assert!(!tx.delete_host(me, host.id).await.unwrap());
    assert!(!tx.delete_instance(me, host.id).await.unwrap());
    assert!(!tx.delete_platform(me, theirs.platform.id).await.unwrap());
    assert!(!tx.delete_distribution(me, theirs.distribution.id).await.unwrap());
    assert!(!tx.delete_application(me, theirs.application.id).await.unwrap());
    assert!(!tx.delete_context(me, theirs.context.id).await.unwrap());
    assert!(!tx.delete_setting(me, theirs.scope, &"key".parse().unwrap()).await.unwrap());
    assert!(!tx.remove_desired(me, host.id, &page).await.unwrap());
    tx.clear_desired(me, host.id).await.unwrap();
    assert!(!tx.close_alert(me, host.id, &page).await.unwrap());
    assert_eq!(tx.close_alerts(me, host.id).await.unwrap(), 0);
    assert!(!tx.delete_change(me, theirs.change.id).await.unwrap());
    assert!(!tx.withdraw_message(me, theirs.change.id).await.unwrap());
    let content = ToAgent::Cancel(Cancel { change: theirs.change.id });
    assert!(!tx.amend_message(me, theirs.change.id, &content).await.unwrap());
    assert!(is_in_use(&tx.append_message(me, agent.id, samples.message(None)).await));
    assert!(!tx.revoke_agent(me, agent.id, samples.now()).await.unwrap());
    tx.put_setting(me, theirs.scope, &mut samples.setting("key", json!("mine"))).await.unwrap();
    tx.put_blob(me, &Blob::new(b"mine".to_vec()), samples.now()).await.unwrap();
    tx.allow_blob(me, agent.id, Blob::new(b"mine".to_vec()).digest()).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.host(o, host.id).await.unwrap().as_ref(), Some(host));
    assert_eq!(tx.instance(o, host.id).await.unwrap(), Some(samples.instance(host)));
    assert_eq!(tx.contexts(o, host.id).await.unwrap(), std::slice::from_ref(&theirs.context));
    assert_eq!(tx.changes(o, host.id, true).await.unwrap(), std::slice::from_ref(&theirs.change));
    assert_eq!(tx.desired_set(o, host.id).await.unwrap().len(), 1);
    assert_eq!(tx.alerts(o, host.id).await.unwrap().len(), 1);
    assert_eq!(tx.agents_with_messages(10).await.unwrap(), [agent.id]);
    assert_eq!(tx.settings(o, theirs.scope).await.unwrap()[0].kind.value(), &json!(1));
    let mine = Blob::new(b"mine".to_vec()).digest();
    assert_eq!(tx.blob_part_for_agent(agent.id, mine, 0, 9).await.unwrap(), None);
}

pub(super) async fn nothing_can_refer_to_another_organization(store: Store) {
    let samples = Samples::default();
    let (theirs, mine) = two(&samples, &store).await;
    let mut tx = store.begin().await.unwrap();
    let environment = samples.environment(&mine, "Mine");
    tx.insert_environment(&environment).await.unwrap();
    let host = samples.host(&environment, "mine1");
    tx.insert_host(&host).await.unwrap();
    tx.commit().await.unwrap();

    let begin = async || store.begin().await.unwrap();
    let mut stray = samples.host(&theirs.stored.environment, "stray");
    stray.organization = mine.id;
    assert!(is_in_use(&begin().await.insert_host(&stray).await));
    let mut moved = host.clone();
    moved.environment = theirs.stored.environment.id;
    assert!(is_in_use(&begin().await.update_host(&mut moved).await));
    let stray = samples.context(&host, &theirs.application);
    assert!(is_in_use(&begin().await.insert_context(&stray).await));
    let subject = Subject::Platform(theirs.platform.id);
    assert!(is_in_use(&begin().await.insert_context(&Context { subject, ..stray.clone() }).await));
    let subject = Subject::Distribution(theirs.distribution.id);
    assert!(is_in_use(&begin().await.insert_context(&Context { subject, ..stray }).await));
    let stray = alert(&samples, mine.id, &theirs.stored);
    assert!(is_in_use(&begin().await.raise_alert(&stray).await));
    let desired = DesiredResource {
        attributes: json!({}),
        applications: Vec::new(),
        label: "file page".to_owned(),
        sensitive: false,
    };
    let page = Samples::resource("/srv/page");
    assert!(is_in_use(&begin().await.put_desired(mine.id, theirs.stored.host.id, &page, &desired).await));
}
