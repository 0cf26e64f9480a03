use hostwright_model::context::{Context, Subject};
use hostwright_model::host::HostState;
use hostwright_model::ids::HostId;

use super::{is_in_use, is_stale, is_taken};
use crate::Store;
use crate::testing::Samples;

pub(super) async fn entities_come_back_as_they_were_stored(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let (organization, environment, host) = (&stored.organization, &stored.environment, &stored.host);
    let application = samples.application(organization, "Web Server");
    tx.insert_application(&application).await.unwrap();
    let platform = samples.platform(organization, "Manual");
    tx.insert_platform(&platform).await.unwrap();
    let distribution = samples.distribution(organization, "Debian 12");
    tx.insert_distribution(&distribution).await.unwrap();
    let instance = samples.instance(host);
    tx.insert_instance(&instance).await.unwrap();
    let context = samples.context(host, &application);
    let on_platform =
        Context { id: samples.id(), subject: Subject::Platform(platform.id), ..context.clone() };
    let of_distribution =
        Context { id: samples.id(), subject: Subject::Distribution(distribution.id), ..context.clone() };
    for context in [&context, &of_distribution, &on_platform] {
        tx.insert_context(context).await.unwrap();
    }
    tx.commit().await.unwrap();

    let o = organization.id;
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.organization(o).await.unwrap().as_ref(), Some(organization));
    assert_eq!(tx.organization_by_name(&organization.name).await.unwrap().as_ref(), Some(organization));
    assert_eq!(tx.organizations().await.unwrap(), std::slice::from_ref(organization));
    assert_eq!(tx.environment(o, environment.id).await.unwrap().as_ref(), Some(environment));
    assert_eq!(tx.environment_by_name(o, &environment.name).await.unwrap().as_ref(), Some(environment));
    assert_eq!(tx.environments(o).await.unwrap(), std::slice::from_ref(environment));
    assert_eq!(tx.host(o, host.id).await.unwrap().as_ref(), Some(host));
    assert_eq!(tx.host_by_name(o, environment.id, &host.name).await.unwrap().as_ref(), Some(host));
    assert_eq!(tx.hosts(o, environment.id).await.unwrap(), std::slice::from_ref(host));
    assert_eq!(tx.all_hosts(o).await.unwrap(), std::slice::from_ref(host));
    let found = tx.instance(o, host.id).await.unwrap().unwrap();
    assert_eq!(found, instance);
    assert!(found.properties.keys().eq(instance.properties.keys()), "properties keep their order");
    assert_eq!(tx.application(o, application.id).await.unwrap().as_ref(), Some(&application));
    assert_eq!(tx.application_by_name(o, &application.name).await.unwrap().as_ref(), Some(&application));
    let found = tx.applications(o).await.unwrap().remove(0);
    assert_eq!(
        found.parameters[0].schema.to_string(),
        application.parameters[0].schema.to_string(),
        "schemas keep the order of their keys"
    );
    assert_eq!(tx.platform(o, platform.id).await.unwrap().as_ref(), Some(&platform));
    assert_eq!(tx.platform_by_name(o, &platform.name).await.unwrap().as_ref(), Some(&platform));
    assert_eq!(tx.platforms(o).await.unwrap(), [platform]);
    assert_eq!(tx.distribution(o, distribution.id).await.unwrap().as_ref(), Some(&distribution));
    assert_eq!(tx.distribution_by_name(o, &distribution.name).await.unwrap().as_ref(), Some(&distribution));
    assert_eq!(tx.distributions(o).await.unwrap(), [distribution]);
    assert_eq!(tx.contexts(o, host.id).await.unwrap(), [on_platform, of_distribution, context.clone()]);
    let found = tx.application_context(o, host.id, application.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&context));
    assert_eq!(tx.contexts_of_application(o, application.id).await.unwrap(), [context]);
}

pub(super) async fn taken_names_are_refused(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let application = samples.application(&stored.organization, "Web Server");
    tx.insert_application(&application).await.unwrap();
    let context = samples.context(&stored.host, &application);
    tx.insert_context(&context).await.unwrap();
    tx.insert_instance(&samples.instance(&stored.host)).await.unwrap();
    tx.commit().await.unwrap();

    // PostgreSQL gives a transaction up at its first error, so each of these has its own.
    let begin = async || store.begin().await.unwrap();
    assert!(is_taken(&begin().await.insert_organization(&samples.organization("Demo")).await));
    let environment = samples.environment(&stored.organization, "Default");
    assert!(is_taken(&begin().await.insert_environment(&environment).await));
    assert!(is_taken(&begin().await.insert_host(&samples.host(&stored.environment, "web1")).await));
    assert!(is_taken(&begin().await.insert_instance(&samples.instance(&stored.host)).await));
    let again = samples.application(&stored.organization, "Web Server");
    assert!(is_taken(&begin().await.insert_application(&again).await));
    let again = Context { id: samples.id(), ..context };
    assert!(is_taken(&begin().await.insert_context(&again).await));

    let mut tx = begin().await;
    let mut other = samples.application(&stored.organization, "Other");
    tx.insert_application(&other).await.unwrap();
    other.name = application.name;
    assert!(is_taken(&tx.update_application(&mut other).await));
}

pub(super) async fn names_are_told_apart_by_case(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    tx.insert_organization(&samples.organization("demo")).await.unwrap();
    tx.insert_organization(&samples.organization("Demo")).await.unwrap();
    assert_eq!(tx.organizations().await.unwrap().len(), 2);
}

pub(super) async fn versions_rise_and_stale_ones_are_refused(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let mut stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let before = stored.host.clone();
    "changed".clone_into(&mut stored.host.description);
    tx.update_host(&mut stored.host).await.unwrap();
    assert_eq!(stored.host.version, 2);
    let found = tx.host(stored.organization.id, stored.host.id).await.unwrap().unwrap();
    assert_eq!(found, stored.host);
    assert!(is_stale(&tx.update_host(&mut before.clone()).await));

    // What the system does to a host is no edit of it.
    stored.host.state = HostState::Ready { since: samples.now() };
    stored.host.generation = 9;
    tx.save_host_state(&stored.host).await.unwrap();
    let found = tx.host(stored.organization.id, stored.host.id).await.unwrap().unwrap();
    assert_eq!((found.version, found.generation, found.state), (2, 9, stored.host.state));

    let mut organization = stored.organization.clone();
    tx.update_organization(&mut organization).await.unwrap();
    assert_eq!(organization.version, 2);
    assert!(is_stale(&tx.update_organization(&mut stored.organization).await));
    let mut environment = stored.environment.clone();
    tx.update_environment(&mut environment).await.unwrap();
    assert!(is_stale(&tx.update_environment(&mut stored.environment).await));
}

pub(super) async fn what_is_in_use_is_not_deleted(store: Store) {
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
    let on_platform =
        Context { id: samples.id(), subject: Subject::Platform(platform.id), ..context.clone() };
    tx.insert_context(&on_platform).await.unwrap();
    tx.commit().await.unwrap();

    let begin = async || store.begin().await.unwrap();
    assert!(is_in_use(&begin().await.delete_environment(o, stored.environment.id).await));
    assert!(is_in_use(&begin().await.delete_application(o, application.id).await));
    assert!(is_in_use(&begin().await.delete_platform(o, platform.id).await));

    let mut tx = begin().await;
    assert!(tx.delete_context(o, context.id).await.unwrap());
    assert!(!tx.delete_context(o, context.id).await.unwrap());
    assert!(tx.delete_application(o, application.id).await.unwrap());
    assert!(tx.delete_host(o, stored.host.id).await.unwrap());
    assert!(!tx.delete_host(o, stored.host.id).await.unwrap());
    assert!(tx.delete_environment(o, stored.environment.id).await.unwrap());
}

pub(super) async fn deleting_an_organization_leaves_nothing_of_it(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let o = stored.organization.id;
    let application = samples.application(&stored.organization, "Web Server");
    tx.insert_application(&application).await.unwrap();
    tx.insert_context(&samples.context(&stored.host, &application)).await.unwrap();
    let mut change = samples.change(&stored.host);
    tx.insert_change(&mut change).await.unwrap();
    tx.append_message(o, stored.agent.id, samples.message(Some(&change))).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = store.begin().await.unwrap();
    assert!(tx.delete_organization(o).await.unwrap());
    assert!(!tx.delete_organization(o).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    assert!(tx.organizations().await.unwrap().is_empty());
    assert!(tx.all_hosts(o).await.unwrap().is_empty());
    assert!(tx.applications(o).await.unwrap().is_empty());
    assert_eq!(tx.change(o, change.id).await.unwrap(), None);
    assert_eq!(tx.agent_by_id(stored.agent.id).await.unwrap(), None);
    assert!(tx.agents_with_messages(10).await.unwrap().is_empty());
}

pub(super) async fn hosts_are_locked_in_the_order_of_their_ids(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let mut ids = vec![stored.host.id];
    for name in ["web2", "web3"] {
        let host = samples.host(&stored.environment, name);
        tx.insert_host(&host).await.unwrap();
        ids.push(host.id);
    }
    ids.sort_unstable();
    let asked: Vec<HostId> = ids.iter().rev().chain(&ids).copied().collect();
    let locked = tx.lock_hosts(stored.organization.id, &asked).await.unwrap();
    assert_eq!(locked.iter().map(|host| host.id).collect::<Vec<_>>(), ids);
}
