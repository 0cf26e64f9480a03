use chrono::TimeDelta;
use hostwright_model::agent::{Presence, Standing};
use hostwright_model::blob::Blob;
use hostwright_model::enrolment_token::{EnrolmentToken, TokenSecret};
use hostwright_protocol::messages::HighWater;
use uuid::Uuid;

use super::is_taken;
use crate::Store;
use crate::testing::Samples;
use crate::testing::samples::StoredHost;

pub(super) async fn a_host_has_one_trusted_agent(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let StoredHost { organization, environment, host, mut agent } =
        samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let o = organization.id;
    agent.lanes.sent = HighWater { epoch: 1, sequence: 0 };
    assert_eq!(tx.agent(o, agent.id).await.unwrap().as_ref(), Some(&agent));
    assert_eq!(tx.agent_by_id(agent.id).await.unwrap().as_ref(), Some(&agent));
    assert_eq!(tx.agent_of_host(o, host.id).await.unwrap().as_ref(), Some(&agent));
    tx.save_presence(agent.id, Presence::Up, Some(samples.now())).await.unwrap();
    tx.save_agent_version(agent.id, "0.2.0").await.unwrap();
    agent.presence = Presence::Up;
    agent.last_seen = Some(samples.now());
    "0.2.0".clone_into(&mut agent.version);
    assert_eq!(tx.agents(o).await.unwrap(), std::slice::from_ref(&agent));
    tx.all_agents_down().await.unwrap();
    agent.presence = Presence::Down;
    assert_eq!(tx.agents(o).await.unwrap(), std::slice::from_ref(&agent));
    tx.commit().await.unwrap();

    let mut tx = store.begin().await.unwrap();
    assert!(is_taken(&tx.insert_agent(&samples.agent(&environment, Some(&host))).await));
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    tx.insert_agent(&samples.agent(&environment, None)).await.unwrap();
    tx.insert_agent(&samples.agent(&environment, None)).await.unwrap();
    assert!(tx.revoke_agent(o, agent.id, samples.now()).await.unwrap());
    let successor = samples.agent(&environment, Some(&host));
    tx.insert_agent(&successor).await.unwrap();
    assert_eq!(tx.agent_of_host(o, host.id).await.unwrap().unwrap().id, successor.id);
    assert!(tx.delete_host(o, host.id).await.unwrap());
    assert_eq!(tx.agent(o, successor.id).await.unwrap().unwrap().host, None, "nobody's");
}

pub(super) async fn revoked_agents_get_nothing_and_are_not_heard(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let (o, agent) = (stored.organization.id, stored.agent.id);
    let blob = Blob::new(b"content".to_vec());
    tx.put_blob(o, &blob, samples.now()).await.unwrap();
    tx.allow_blob(o, agent, blob.digest()).await.unwrap();
    tx.append_message(o, agent, samples.message(None)).await.unwrap();
    assert!(tx.revoke_agent(o, agent, samples.now()).await.unwrap());
    assert!(!tx.revoke_agent(o, agent, samples.now()).await.unwrap());
    let found = tx.agent_by_id(agent).await.unwrap().unwrap();
    assert_eq!(found.standing, Standing::Revoked { at: samples.now() });
    assert_eq!(tx.agents_with_messages(10).await.unwrap(), []);
    assert_eq!(tx.blob_part_for_agent(agent, blob.digest(), 0, 10).await.unwrap(), None);
    let until = samples.now() + TimeDelta::minutes(1);
    assert_eq!(tx.lease_lane(agent, Uuid::nil(), until).await.unwrap(), None);
    let place = HighWater { epoch: 1, sequence: 1 };
    assert_eq!(tx.receive_report(agent, place, 0).await.unwrap(), None);
}

pub(super) async fn tokens_are_used_as_often_as_they_may(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let o = stored.organization.id;
    let token = EnrolmentToken {
        id: samples.id(),
        organization: o,
        environment: stored.environment.id,
        host: Some(stored.host.id),
        secret: TokenSecret(vec![7; 32]),
        uses_left: 3,
        uses: 3,
        expires_at: samples.now() + TimeDelta::hours(1),
        created_at: samples.now(),
    };
    tx.insert_enrolment_token(&token).await.unwrap();
    tx.commit().await.unwrap();
    let mut users = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (store, now) = (store.clone(), samples.now());
        users.spawn(async move {
            let mut tx = store.begin().await.unwrap();
            let used = tx.use_enrolment_token(token.id, now).await.unwrap();
            tx.commit().await.unwrap();
            used
        });
    }
    assert_eq!(users.join_all().await.into_iter().filter(|used| *used).count(), 3);

    let mut tx = store.begin().await.unwrap();
    let found = tx.enrolment_token_by_id(token.id).await.unwrap().unwrap();
    assert_eq!((found.uses_left, &found.secret), (0, &token.secret));
    let expired = EnrolmentToken { id: samples.id(), ..token.clone() };
    tx.insert_enrolment_token(&expired).await.unwrap();
    assert!(!tx.use_enrolment_token(expired.id, expired.expires_at).await.unwrap());
    assert_eq!(tx.enrolment_tokens(o).await.unwrap().len(), 2);
    assert!(tx.delete_enrolment_token(o, token.id).await.unwrap());
    assert!(!tx.delete_enrolment_token(o, token.id).await.unwrap());
    tx.delete_host(o, stored.host.id).await.unwrap();
    assert_eq!(tx.enrolment_tokens(o).await.unwrap(), [], "a host's tokens go with it");
}
