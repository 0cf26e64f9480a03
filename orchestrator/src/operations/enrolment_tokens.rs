//! Enrolment tokens: what a person carries to a machine.

use chrono::{DateTime, TimeDelta, Utc};
use hostwright_model::enrolment_token::{EnrolmentToken, TokenSecret};
use hostwright_model::event::Occurrence;
use hostwright_model::ids::EnrolmentTokenId;
use hostwright_model::names::{EnvironmentName, HostName};
use hostwright_model::organization::Organization;
use hostwright_protocol::token::{self, Scope, Token};
use zeroize::Zeroizing;

use super::{HostPath, OperationError, Work, environments, hosts};

/// How long a token is good if nobody says otherwise.
const DEFAULT_LIFETIME: TimeDelta = TimeDelta::days(7);
/// And at most.
const LONGEST_LIFETIME: TimeDelta = TimeDelta::days(366);
/// How often a token may be used at most.
const MOST_USES: u32 = 10_000;

/// A new token.
#[derive(Clone, Debug)]
pub struct CreateEnrolmentToken {
    /// Where machines enrol.
    pub environment: EnvironmentName,
    /// The host that the machine becomes; nothing: it is discovered.
    pub host: Option<HostName>,
    /// How often it may be used; a token for a host once.
    pub uses: u64,
    /// Useless after this; nothing: a week from now.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A token with what it is for.
#[derive(Clone, Debug)]
pub struct EnrolmentTokenView {
    /// Itself.
    pub token: EnrolmentToken,
    /// Where machines enrol.
    pub environment: Option<EnvironmentName>,
    /// The host that the machine becomes.
    pub host: Option<HostName>,
}

/// Lists the tokens of an organization, by age.
pub async fn list_enrolment_tokens(
    work: &mut Work,
    organization: &Organization,
) -> Result<Vec<EnrolmentTokenView>, OperationError> {
    let mut views = Vec::new();
    for token in work.tx.enrolment_tokens(organization.id).await? {
        views.push(view(work, token).await?);
    }
    Ok(views)
}

/// Finds a token.
pub async fn find_enrolment_token(
    work: &mut Work,
    organization: &Organization,
    id: EnrolmentTokenId,
) -> Result<EnrolmentTokenView, OperationError> {
    let token =
        work.tx.enrolment_token_by_id(id).await?.filter(|token| token.organization == organization.id);
    view(work, token.ok_or_else(|| OperationError::not_found("enrolment token", id))?).await
}

/// Makes a token. Its text is returned this once; what is stored of it can check a machine, but is no token.
pub async fn create_enrolment_token(
    work: &mut Work,
    organization: &Organization,
    input: CreateEnrolmentToken,
) -> Result<(EnrolmentTokenView, Zeroizing<String>), OperationError> {
    let CreateEnrolmentToken { environment, host, uses, expires_at } = input;
    let environment = environments::find_environment(work, organization, &environment).await?;
    let host = match host {
        Some(host) => {
            let path = HostPath { environment: environment.name.clone(), host };
            Some(hosts::find_host(work, organization, &path).await?)
        }
        None => None,
    };
    let uses = u32::try_from(uses).ok().filter(|uses| (1..=MOST_USES).contains(uses));
    let uses = uses.ok_or_else(|| OperationError::invalid("/uses", format!("`uses` is 1 to {MOST_USES}")))?;
    if host.is_some() && uses > 1 {
        let message = "a token for a host is used once: give no `uses`, or 1";
        return Err(OperationError::invalid("/uses", message));
    }
    let expires_at = expires_at.unwrap_or(work.now() + DEFAULT_LIFETIME);
    if expires_at <= work.now() || expires_at > work.now() + LONGEST_LIFETIME {
        return Err(OperationError::invalid("/expires", "`expires` is within a year from now"));
    }
    let secret = token::TokenSecret::generate(&mut rand::thread_rng());
    let text = Token {
        bus: work.app.bus_address(),
        organization: organization.id,
        scope: host
            .as_ref()
            .map_or_else(|| Scope::Discovered(Some(wire_id(environment.id))), |host| Scope::Host(host.id)),
        root: work.app.keys().root().fingerprint(),
        id: work.fresh(),
        secret,
    };
    let token = EnrolmentToken {
        id: text.id,
        organization: organization.id,
        environment: environment.id,
        host: host.as_ref().map(|host| host.id),
        secret: TokenSecret(text.secret.authentication_key().to_bytes().to_vec()),
        uses_left: uses,
        uses,
        expires_at,
        created_at: work.now(),
    };
    work.tx.insert_enrolment_token(&token).await?;
    let path = format!("enrolment-tokens/{}", token.id);
    work.record(organization.id, Occurrence::Created { kind: "enrolment token".to_owned(), path });
    Ok((view(work, token).await?, text.encode()))
}

/// Deletes a token; it is useless at once. Agents that it enrolled stay.
pub async fn delete_enrolment_token(
    work: &mut Work,
    organization: &Organization,
    id: EnrolmentTokenId,
) -> Result<(), OperationError> {
    if !work.tx.delete_enrolment_token(organization.id, id).await? {
        return Err(OperationError::not_found("enrolment token", id));
    }
    let path = format!("enrolment-tokens/{id}");
    work.record(organization.id, Occurrence::Deleted { kind: "enrolment token".to_owned(), path });
    Ok(())
}

fn wire_id(id: hostwright_model::ids::EnvironmentId) -> hostwright_protocol::ids::EnvironmentId {
    hostwright_protocol::ids::EnvironmentId::from_uuid(id.as_uuid())
}

async fn view(work: &mut Work, token: EnrolmentToken) -> Result<EnrolmentTokenView, OperationError> {
    let environment = work.tx.environment(token.organization, token.environment).await?;
    let environment = environment.map(|environment| environment.name);
    let host = match token.host {
        Some(host) => work.tx.host(token.organization, host).await?.map(|host| host.name),
        None => None,
    };
    Ok(EnrolmentTokenView { token, environment, host })
}
