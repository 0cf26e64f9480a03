use chrono::TimeDelta;
use hostwright_model::user::{ApiKey, Membership, PasswordHash, Role, RoleScope, SiteRole, User};

use super::{is_stale, is_taken};
use crate::Store;
use crate::testing::Samples;

pub(super) fn user(samples: &Samples, name: &str) -> User {
    User {
        id: samples.id(),
        username: name.parse().unwrap(),
        full_name: "John Doe".to_owned(),
        email: format!("{name}@example.org"),
        role: SiteRole::Administrator,
        password: PasswordHash("$argon2id$".to_owned()),
        disabled: true,
        version: 1,
        created_at: samples.now(),
    }
}

pub(super) async fn users_have_names_and_addresses_of_their_own(store: Store) {
    let samples = Samples::default();
    let mut jd = user(&samples, "jd");
    let mut tx = store.begin().await.unwrap();
    tx.insert_user(&jd).await.unwrap();
    assert_eq!(tx.user(jd.id).await.unwrap().as_ref(), Some(&jd));
    assert_eq!(tx.user_by_name(&jd.username).await.unwrap().as_ref(), Some(&jd));
    let before = jd.clone();
    "Jane Doe".clone_into(&mut jd.full_name);
    tx.update_user(&mut jd).await.unwrap();
    assert_eq!(jd.version, 2);
    assert_eq!(tx.users().await.unwrap(), std::slice::from_ref(&jd));
    assert!(is_stale(&tx.update_user(&mut before.clone()).await));
    for name in ["no-mail", "no-mail-either"] {
        tx.insert_user(&User { email: String::new(), ..user(&samples, name) }).await.unwrap();
    }
    tx.commit().await.unwrap();
    let begin = async || store.begin().await.unwrap();
    assert!(is_taken(
        &begin().await.insert_user(&User { email: "x@y".to_owned(), ..user(&samples, "jd") }).await
    ));
    let same_address = User { email: jd.email.clone(), ..user(&samples, "other") };
    assert!(is_taken(&begin().await.insert_user(&same_address).await));
    let mut tx = begin().await;
    assert!(tx.delete_user(jd.id).await.unwrap());
    assert!(!tx.delete_user(jd.id).await.unwrap());
}

pub(super) async fn roles_are_given_and_taken(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let o = stored.organization.id;
    let jd = user(&samples, "jd");
    tx.insert_user(&jd).await.unwrap();
    let mut all =
        Membership { organization: o, user: jd.id, scope: RoleScope::Organization(o), role: Role::Auditor };
    let one = Membership { scope: RoleScope::Host(stored.host.id), role: Role::Architect, ..all };
    tx.put_membership(&all).await.unwrap();
    tx.put_membership(&one).await.unwrap();
    all.role = Role::User;
    tx.put_membership(&all).await.unwrap();
    assert_eq!(tx.memberships(o).await.unwrap(), [one, all]);
    assert_eq!(tx.memberships_of_user(jd.id).await.unwrap(), [one, all]);
    assert!(tx.delete_membership(o, jd.id, one.scope).await.unwrap());
    assert!(!tx.delete_membership(o, jd.id, one.scope).await.unwrap());
    tx.delete_user(jd.id).await.unwrap();
    assert_eq!(tx.memberships(o).await.unwrap(), []);
}

pub(super) async fn api_keys_are_found_by_their_digest(store: Store) {
    let samples = Samples::default();
    let mut tx = store.begin().await.unwrap();
    let stored = samples.stored_host(&mut *tx, "Demo").await.unwrap();
    let o = stored.organization.id;
    let key = ApiKey {
        id: samples.id(),
        organization: o,
        name: "ci".parse().unwrap(),
        key_digest: "abc".to_owned(),
        role: Role::User,
        expires_at: Some(samples.now() + TimeDelta::days(1)),
        created_at: samples.now(),
    };
    tx.insert_api_key(&key).await.unwrap();
    assert_eq!(tx.api_key_by_digest("abc").await.unwrap().as_ref(), Some(&key));
    assert_eq!(tx.api_key_by_digest("abd").await.unwrap(), None);
    assert_eq!(tx.api_keys(o).await.unwrap(), std::slice::from_ref(&key));
    tx.commit().await.unwrap();
    let again = ApiKey { id: samples.id(), key_digest: "other".to_owned(), ..key.clone() };
    assert!(is_taken(&store.begin().await.unwrap().insert_api_key(&again).await));
    let mut tx = store.begin().await.unwrap();
    assert!(tx.delete_api_key(o, key.id).await.unwrap());
    assert!(!tx.delete_api_key(o, key.id).await.unwrap());
}
