//! The payload: one JSON object.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::{OpenError, SealError};
use super::meta::{Envelope, Meta};
use crate::frame::PROTOCOL;
use crate::ids::{AgentId, EnvelopeId, OrganizationId};
use crate::messages::{ToAgent, ToOrchestrator};

/// One of the two closed sets of messages.
pub(super) trait Message: Serialize + DeserializeOwned {
    const KINDS: &'static [&'static str];

    fn is_transient(&self) -> bool;
}

impl Message for ToAgent {
    const KINDS: &'static [&'static str] = &[
        "welcome",
        "receipt",
        "chunk",
        "no-such-blob",
        "plan",
        "change",
        "cancel",
        "resync",
        "large-change",
        "activation",
    ];

    fn is_transient(&self) -> bool {
        Self::is_transient(self)
    }
}

impl Message for ToOrchestrator {
    const KINDS: &'static [&'static str] = &[
        "hello",
        "receipt",
        "fetch",
        "plan-result",
        "task-began",
        "task-ended",
        "change-ended",
        "facts",
        "compliance",
        "plugin-report",
    ];

    fn is_transient(&self) -> bool {
        Self::is_transient(self)
    }
}

#[derive(Deserialize)]
struct Version {
    protocol: u64,
}

#[derive(Serialize, Deserialize)]
struct Content<B> {
    protocol: u8,
    id: EnvelopeId,
    organization: OrganizationId,
    agent: AgentId,
    epoch: u64,
    sequence: u64,
    previous: u64,
    kind: String,
    time: DateTime<Utc>,
    expires: DateTime<Utc>,
    body: B,
}

#[derive(Serialize, Deserialize)]
struct Tagged<B> {
    kind: String,
    body: B,
}

pub(super) fn write<M: Message>(meta: &Meta, message: &M) -> Result<Vec<u8>, SealError> {
    // The message knows its own kind and body; taking them from its JSON keeps the names in one place.
    let tagged = serde_json::to_string(message).map_err(|source| SealError::Json { source })?;
    let Tagged { kind, body } = serde_json::from_str::<Tagged<Box<RawValue>>>(&tagged)
        .map_err(|source| SealError::Json { source })?;
    if message.is_transient() != meta.is_transient() {
        return Err(SealError::WrongLane { kind, sequence: meta.sequence });
    }
    if !meta.is_transient() && meta.previous >= meta.sequence {
        return Err(SealError::WrongOrder { previous: meta.previous, sequence: meta.sequence });
    }
    let &Meta { id, organization, agent, epoch, sequence, previous, time, expires } = meta;
    let content = Content {
        protocol: PROTOCOL,
        id,
        organization,
        agent,
        epoch,
        sequence,
        previous,
        kind,
        time,
        expires,
        body,
    };
    serde_json::to_vec(&content).map_err(|source| SealError::Json { source })
}

/// The envelope before its message is looked at.
pub(super) struct Unopened {
    pub(super) meta: Meta,
    kind: String,
    body: Box<RawValue>,
}

pub(super) fn read(payload: &[u8]) -> Result<Unopened, OpenError> {
    let malformed = |source| OpenError::Malformed { source };
    // The version first: another one may have another shape.
    let Version { protocol } = serde_json::from_slice(payload).map_err(malformed)?;
    if protocol != u64::from(PROTOCOL) {
        return Err(OpenError::UnsupportedProtocol { got: protocol, supported: PROTOCOL });
    }
    let Content {
        protocol: _,
        id,
        organization,
        agent,
        epoch,
        sequence,
        previous,
        kind,
        time,
        expires,
        body,
    } = serde_json::from_slice::<Content<Box<RawValue>>>(payload).map_err(malformed)?;
    let meta = Meta { id, organization, agent, epoch, sequence, previous, time, expires };
    if !meta.is_transient() && previous >= sequence {
        return Err(OpenError::WrongOrder { previous, sequence });
    }
    Ok(Unopened { meta, kind, body })
}

impl Unopened {
    /// With U+FFFD for each U+0000: it has no place in a text, and databases refuse it. What a program prints or a file says
    /// may hold it all the same.
    pub(super) fn without_nul(self) -> Self {
        const NUL: &str = r"\u0000";
        let text = self.body.get();
        if !text.contains(NUL) {
            return self;
        }
        let mut clean = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('\\') {
            let (before, escaped) = rest.split_at(at);
            clean.push_str(before);
            let (escape, after) = match escaped.strip_prefix(NUL) {
                Some(after) => (r"\ufffd", after),
                // A backslash of JSON is followed by something of one byte, which is a backslash maybe.
                None => escaped.split_at(2),
            };
            clean.push_str(escape);
            rest = after;
        }
        clean.push_str(rest);
        match RawValue::from_string(clean) {
            Ok(body) => Self { body, ..self },
            Err(_) => self,
        }
    }
}

pub(super) fn understand<M: Message>(unopened: Unopened) -> Result<Envelope<M>, OpenError> {
    let Unopened { meta, kind, body } = unopened;
    if !M::KINDS.contains(&kind.as_str()) {
        return Err(OpenError::UnknownKind { kind, meta: Box::new(meta) });
    }
    let unreadable = |kind, source| OpenError::Body { kind, meta: Box::new(meta.clone()), source };
    let tagged = format!(r#"{{"kind":"{kind}","body":{}}}"#, body.get());
    let message: M = match serde_json::from_str(&tagged) {
        Ok(message) => message,
        Err(source) => return Err(unreadable(kind, source)),
    };
    if message.is_transient() != meta.is_transient() {
        return Err(OpenError::WrongLane { kind, sequence: meta.sequence });
    }
    Ok(Envelope { meta, message })
}
