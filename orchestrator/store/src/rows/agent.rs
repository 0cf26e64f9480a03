//! Agents, their lanes and enrolment tokens.

use chrono::{DateTime, Utc};
use hostwright_model::agent::{Agent, Lanes, Presence, Standing};
use hostwright_model::enrolment_token::{EnrolmentToken, TokenSecret};
use hostwright_model::ids::{
    AgentId, ChangeId, EnrolmentTokenId, EnvelopeId, EnvironmentId, HostId, OrganizationId,
};
use hostwright_protocol::messages::HighWater;
use uuid::Uuid;

use super::{loaded, read_json};
use crate::{Error, NewMessage, OutboxEntry, ParkedReport};

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct AgentRow {
    id: Uuid,
    organization: Uuid,
    environment: Uuid,
    host: Option<Uuid>,
    signing_key: Vec<u8>,
    sealing_key: Vec<u8>,
    version: String,
    revoked_at: Option<DateTime<Utc>>,
    up: bool,
    last_seen: Option<DateTime<Utc>>,
    sent_epoch: i64,
    sent_sequence: i64,
    receipted_epoch: i64,
    receipted_sequence: i64,
    received_epoch: i64,
    received_sequence: i64,
    created_at: DateTime<Utc>,
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct OutboxRow {
    agent: Uuid,
    epoch: i64,
    sequence: i64,
    previous: i64,
    organization: Uuid,
    id: Uuid,
    content: String,
    change_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    sent_at: Option<DateTime<Utc>>,
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct ParkedRow {
    epoch: i64,
    sequence: i64,
    previous: i64,
    id: Uuid,
    report: String,
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct TokenRow {
    id: Uuid,
    organization: Uuid,
    environment: Uuid,
    host: Option<Uuid>,
    secret: Vec<u8>,
    uses_left: i64,
    uses: i64,
    expires_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

pub(crate) fn high_water(epoch: i64, sequence: i64) -> Result<HighWater, Error> {
    Ok(HighWater { epoch: loaded("lane", epoch)?, sequence: loaded("lane", sequence)? })
}

impl TryFrom<AgentRow> for Agent {
    type Error = Error;

    fn try_from(row: AgentRow) -> Result<Self, Error> {
        Ok(Self {
            id: AgentId::from_uuid(row.id),
            organization: OrganizationId::from_uuid(row.organization),
            environment: EnvironmentId::from_uuid(row.environment),
            host: row.host.map(HostId::from_uuid),
            signing_key: row.signing_key,
            sealing_key: row.sealing_key,
            version: row.version,
            standing: row.revoked_at.map_or(Standing::Trusted, |at| Standing::Revoked { at }),
            presence: if row.up { Presence::Up } else { Presence::Down },
            last_seen: row.last_seen,
            lanes: Lanes {
                sent: high_water(row.sent_epoch, row.sent_sequence)?,
                receipted: high_water(row.receipted_epoch, row.receipted_sequence)?,
                received: high_water(row.received_epoch, row.received_sequence)?,
            },
            created_at: row.created_at,
        })
    }
}

impl TryFrom<OutboxRow> for OutboxEntry {
    type Error = Error;

    fn try_from(row: OutboxRow) -> Result<Self, Error> {
        Ok(Self {
            organization: OrganizationId::from_uuid(row.organization),
            agent: AgentId::from_uuid(row.agent),
            place: high_water(row.epoch, row.sequence)?,
            previous: loaded("outbox", row.previous)?,
            message: NewMessage {
                id: EnvelopeId::from_uuid(row.id),
                content: read_json("message", &row.content)?,
                change: row.change_id.map(ChangeId::from_uuid),
                at: row.created_at,
                expires_at: row.expires_at,
            },
            sent_at: row.sent_at,
        })
    }
}

impl TryFrom<ParkedRow> for ParkedReport {
    type Error = Error;

    fn try_from(row: ParkedRow) -> Result<Self, Error> {
        Ok(Self {
            place: high_water(row.epoch, row.sequence)?,
            previous: loaded("report", row.previous)?,
            id: EnvelopeId::from_uuid(row.id),
            report: read_json("report", &row.report)?,
        })
    }
}

impl TryFrom<TokenRow> for EnrolmentToken {
    type Error = Error;

    fn try_from(row: TokenRow) -> Result<Self, Error> {
        Ok(Self {
            id: EnrolmentTokenId::from_uuid(row.id),
            organization: OrganizationId::from_uuid(row.organization),
            environment: EnvironmentId::from_uuid(row.environment),
            host: row.host.map(HostId::from_uuid),
            secret: TokenSecret(row.secret),
            uses_left: loaded("enrolment token", row.uses_left)?,
            uses: loaded("enrolment token", row.uses)?,
            expires_at: row.expires_at,
            created_at: row.created_at,
        })
    }
}
