//! Reading frames.

use chrono::{DateTime, Utc};

use super::content::{self, Message, Unopened};
use super::error::OpenError;
use super::meta::{Envelope, Identity, KnownAgent};
use crate::frame::{Frame, Parts};
use crate::keys::{PinnedRoot, VerifyingKey};
use crate::messages::{ToAgent, ToOrchestrator};
use crate::signing::Statement;

/// Opens what an orchestrator sent to this agent.
///
/// `bus_time` is the highest time seen in verified envelopes, carried on by a monotonic clock.
pub fn open_from_orchestrator(
    pinned: &PinnedRoot,
    me: &Identity,
    frame: &Frame,
    bus_time: DateTime<Utc>,
) -> Result<Envelope<ToAgent>, OpenError> {
    let parts = frame.parts().map_err(|source| OpenError::Frame { source })?;
    let Some(orchestrator) = pinned.orchestrator(parts.key) else {
        let known = pinned.orchestrators().iter().map(|keys| keys.signing.key_id()).collect();
        return Err(OpenError::UnknownKey { key: parts.key, known });
    };
    verify(&orchestrator.signing, Statement::FrameToAgent, &parts)?;
    orchestrator.check_time(bus_time).map_err(|source| OpenError::Certificate { key: parts.key, source })?;
    let unopened = content::read(parts.payload)?;
    // The orchestrator's word is bus time: an envelope cannot be expired by its own clock and good by an older one.
    let bus_time = bus_time.max(unopened.meta.time);
    open(unopened, me, bus_time)
}

/// Opens what an agent sent; `bus_time` is the orchestrator's clock.
pub fn open_from_agent(
    agent: &KnownAgent,
    frame: &Frame,
    bus_time: DateTime<Utc>,
) -> Result<Envelope<ToOrchestrator>, OpenError> {
    let parts = frame.parts().map_err(|source| OpenError::Frame { source })?;
    let known = agent.signing.key_id();
    if parts.key != known {
        return Err(OpenError::UnknownKey { key: parts.key, known: vec![known] });
    }
    verify(&agent.signing, Statement::FrameToOrchestrator, &parts)?;
    open(content::read(parts.payload)?.without_nul(), &agent.identity, bus_time)
}

fn verify(key: &VerifyingKey, statement: Statement, parts: &Parts<'_>) -> Result<(), OpenError> {
    key.verify(statement, parts.payload, &parts.signature)
        .map_err(|source| OpenError::BadSignature { source })
}

fn open<M: Message>(
    unopened: Unopened,
    expected: &Identity,
    bus_time: DateTime<Utc>,
) -> Result<Envelope<M>, OpenError> {
    let meta = &unopened.meta;
    if meta.organization != expected.organization {
        return Err(OpenError::WrongOrganization { got: meta.organization, expected: expected.organization });
    }
    if meta.agent != expected.agent {
        return Err(OpenError::WrongAgent { got: meta.agent, expected: expected.agent });
    }
    if meta.expires < bus_time {
        return Err(OpenError::Expired { meta: Box::new(unopened.meta), bus_time });
    }
    content::understand(unopened)
}
