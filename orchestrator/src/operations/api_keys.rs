//! Keys by which programs use the API as members of one organization.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hostwright_model::event::{Actor, Occurrence};
use hostwright_model::names::ApiKeyName;
use hostwright_model::organization::Organization;
use hostwright_model::user::{ApiKey, Role};
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{OperationError, Work};
use crate::app::App;

/// A new key.
#[derive(Clone, Debug)]
pub struct CreateApiKey {
    /// Unique in its organization.
    pub name: ApiKeyName,
    /// What it may do.
    pub role: Role,
    /// Useless after this.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Finds the key with this text, if it has not expired.
pub async fn authenticate(app: &App, token: &str) -> Result<Option<ApiKey>, OperationError> {
    let mut work = app.look(Actor::System).await?;
    let key = work.tx.api_key_by_digest(&digest_of(token)).await?;
    let now = work.now();
    Ok(key.filter(|key| key.expires_at.is_none_or(|expires| now < expires)))
}

/// Lists the keys of an organization, by name.
pub async fn list_api_keys(
    work: &mut Work,
    organization: &Organization,
) -> Result<Vec<ApiKey>, OperationError> {
    Ok(work.tx.api_keys(organization.id).await?)
}

/// Makes a key; the text is returned this once and stored nowhere.
pub async fn create_api_key(
    work: &mut Work,
    organization: &Organization,
    input: CreateApiKey,
) -> Result<(ApiKey, Zeroizing<String>), OperationError> {
    let CreateApiKey { name, role, expires_at } = input;
    if expires_at.is_some_and(|expires| expires <= work.now()) {
        return Err(OperationError::invalid("/expires", "`expires` is in the past"));
    }
    let mut bytes = Zeroizing::new([0; 32]);
    rand::thread_rng().fill_bytes(&mut *bytes);
    let token = Zeroizing::new(format!("hwk_{}", URL_SAFE_NO_PAD.encode(*bytes)));
    let key = ApiKey {
        id: work.fresh(),
        organization: organization.id,
        name,
        key_digest: digest_of(&token),
        role,
        expires_at,
        created_at: work.now(),
    };
    work.tx.insert_api_key(&key).await.map_err(OperationError::taken("API key", &key.name))?;
    let path = format!("applicationkeys/{}", key.name);
    work.record(organization.id, Occurrence::Created { kind: "API key".to_owned(), path });
    Ok((key, token))
}

/// Deletes a key; it is useless at once.
pub async fn delete_api_key(
    work: &mut Work,
    organization: &Organization,
    name: &ApiKeyName,
) -> Result<(), OperationError> {
    let keys = work.tx.api_keys(organization.id).await?;
    let key = keys.into_iter().find(|key| key.name == *name);
    let key = key.ok_or_else(|| OperationError::not_found("API key", name))?;
    work.tx.delete_api_key(organization.id, key.id).await?;
    let path = format!("applicationkeys/{name}");
    work.record(organization.id, Occurrence::Deleted { kind: "API key".to_owned(), path });
    Ok(())
}

/// A key is random and long, so a plain digest cannot be reversed by trying.
fn digest_of(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
