use chrono::TimeDelta;
use hostwright_model::event::{Actor, NewEvent, Occurrence};
use hostwright_model::ids::OrganizationId;

use crate::Store;
use crate::testing::Samples;

/// One of each kind.
fn occurrences(samples: &Samples) -> Vec<Occurrence> {
    let text = || "text".to_owned();
    let (host, change, agent) = (samples.id(), samples.id(), samples.id());
    let resource = || Samples::resource("/srv/page");
    let (kind, path, key, state, plugin) = (text, text, text, text, text);
    vec![
        Occurrence::Created { kind: kind(), path: path() },
        Occurrence::Updated { kind: kind(), path: path() },
        Occurrence::Deleted { kind: kind(), path: path() },
        Occurrence::SettingWritten { path: path(), key: key() },
        Occurrence::SettingDeleted { path: path(), key: key() },
        Occurrence::HostState { host, path: path(), state: state() },
        Occurrence::ChangeState {
            host,
            path: path(),
            change,
            order_number: 4,
            description: text(),
            state: state(),
        },
        Occurrence::TaskState {
            host,
            path: path(),
            change,
            number: 1,
            description: text(),
            status: text(),
            outcome: text(),
        },
        Occurrence::Drifted { host, path: path(), resource: resource() },
        Occurrence::Compliant { host, path: path(), resource: resource() },
        Occurrence::PropertiesReported { host, path: path() },
        Occurrence::AgentEnrolled { agent, path: path() },
        Occurrence::AgentPresence { agent, state: state() },
        Occurrence::AgentRevoked { agent },
        Occurrence::PluginRegistered { plugin: plugin(), version: text() },
        Occurrence::PluginActivated { plugin: plugin(), version: text(), serves: text(), generation: 2 },
        Occurrence::PluginDeactivated { serves: text(), generation: 3 },
        Occurrence::PluginReported { agent, plugin: plugin(), state: state() },
    ]
}

fn event(samples: &Samples, organization: Option<OrganizationId>, occurrence: Occurrence) -> NewEvent {
    NewEvent { organization, actor: Actor::System, occurrence, at: samples.now() }
}

fn small(samples: &Samples, organization: Option<OrganizationId>, path: &str) -> NewEvent {
    event(samples, organization, Occurrence::Created { kind: "host".to_owned(), path: path.to_owned() })
}

pub(super) async fn events_come_back_as_they_were_stored(store: Store) {
    let samples = Samples::default();
    let organization = Some(samples.id());
    let actors = [
        Actor::System,
        Actor::User { username: "jd".to_owned(), full_name: "John".to_owned() },
        Actor::ApiKey { name: "ci".to_owned() },
        Actor::Agent { agent: samples.id() },
    ];
    let occurrences = occurrences(&samples);
    let mut told: Vec<NewEvent> =
        occurrences.into_iter().map(|occurrence| event(&samples, organization, occurrence)).collect();
    for (event, actor) in told.iter_mut().zip(actors) {
        event.actor = actor;
    }
    let mut tx = store.begin().await.unwrap();
    for event in &told {
        tx.append_event(event.clone());
    }
    tx.commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    let found = tx.events_after(organization, 0, 100).await.unwrap();
    assert_eq!(found.iter().map(|event| event.event.clone()).collect::<Vec<_>>(), told);
    assert_eq!(found.iter().map(|event| event.id).collect::<Vec<_>>(), (1..=18).collect::<Vec<_>>());
    let latest = tx.latest_events(organization, 1, 2).await.unwrap();
    assert_eq!(latest.iter().map(|event| event.id).collect::<Vec<_>>(), [17, 16]);
    assert_eq!(tx.latest_event_id().await.unwrap(), 18);
}

pub(super) async fn events_are_numbered_in_the_order_in_which_they_appear(store: Store) {
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..6 {
        let store = store.clone();
        writers.spawn(async move {
            let samples = Samples::default();
            for round in 0..5 {
                let mut tx = store.begin().await.unwrap();
                // Something else first, so that transactions overlap.
                tx.insert_organization(&samples.organization(&format!("{writer} {round}"))).await.unwrap();
                tx.append_event(small(&samples, None, &writer.to_string()));
                tx.append_event(small(&samples, None, &writer.to_string()));
                tx.commit().await.unwrap();
            }
        });
    }
    // A reader that follows sees each number once, in order, and none that it has passed already.
    let mut seen: Vec<i64> = Vec::new();
    while seen.len() < 60 {
        let mut tx = store.read().await.unwrap();
        let after = seen.last().copied().unwrap_or(0);
        let found = tx.events_after(None, after, 7).await.unwrap();
        seen.extend(found.iter().map(|event| event.id));
        tokio::task::yield_now().await;
    }
    writers.join_all().await;
    assert_eq!(seen, (1..=60).collect::<Vec<_>>());
}

pub(super) async fn old_events_are_forgotten(store: Store) {
    let samples = Samples::default();
    let organization = Some(samples.id());
    let mut tx = store.begin().await.unwrap();
    tx.append_event(small(&samples, organization, "old"));
    let mut young = small(&samples, None, "young");
    young.at += TimeDelta::hours(24);
    tx.append_event(young.clone());
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.oldest_event_id().await.unwrap(), Some(1));
    assert_eq!(tx.prune_events(young.at).await.unwrap(), 1);
    assert_eq!(tx.oldest_event_id().await.unwrap(), Some(2));
    assert!(tx.events_after(organization, 0, 10).await.unwrap().is_empty());
    assert_eq!(tx.events_after(None, 0, 10).await.unwrap()[0].event, young);
    assert_eq!(tx.latest_event_id().await.unwrap(), 2);
}
