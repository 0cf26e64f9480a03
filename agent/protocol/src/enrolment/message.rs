//! The four messages of an enrolment, in JSON.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::EnrolmentError;
use crate::base64_text;
use crate::frame::{Frame, PROTOCOL};
use crate::ids::{AgentId, EnrolmentTokenId, HostId, OrganizationId};
use crate::keys::{AgentPublicKeys, Certificate, Fingerprint, VerifyingKey};
use crate::sealed::Sealed;

/// What a machine says of itself before anybody knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineDescription {
    /// `/etc/machine-id`.
    pub machine_id: String,
    /// As the machine calls itself.
    pub hostname: String,
}

/// More than any machine id or host name has.
const LONGEST_TEXT: usize = 255;

impl MachineDescription {
    /// Refuses what would do harm where it is shown.
    pub(super) fn check(&self) -> Result<(), EnrolmentError> {
        for (name, text) in [("machine id", &self.machine_id), ("host name", &self.hostname)] {
            if text.is_empty() || text.len() > LONGEST_TEXT || text.chars().any(char::is_control) {
                return Err(EnrolmentError::Description { name });
            }
        }
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub(super) enum FromAgent {
    Ask,
    Request(SealedRequest),
}

#[derive(Serialize, Deserialize)]
pub(super) struct SealedRequest {
    pub(super) token: EnrolmentTokenId,
    #[serde(with = "base64_text")]
    pub(super) nonce: [u8; 32],
    pub(super) sealed: Sealed,
    /// Over everything else here, and over the root that the agent believes.
    #[serde(with = "base64_text")]
    pub(super) code: [u8; 32],
}

impl SealedRequest {
    /// Names this request, so that an answer is to no other.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.token.as_uuid().as_bytes());
        hash.update(self.nonce);
        hash.update(self.sealed.as_bytes());
        hash.finalize().into()
    }
}

/// What the code covers.
pub(super) fn authenticated<R>(
    token: EnrolmentTokenId,
    nonce: &[u8; 32],
    sealed: &Sealed,
    root: Fingerprint,
    use_parts: impl FnOnce(&[&[u8]]) -> R,
) -> R {
    let (token, root) = (token.as_uuid(), root.to_string());
    use_parts(&[token.as_bytes(), nonce, sealed.as_bytes(), root.as_bytes()])
}

/// What is inside the sealed part.
#[derive(Serialize, Deserialize)]
pub(super) struct Inside {
    pub(super) keys: AgentPublicKeys,
    #[serde(flatten)]
    pub(super) machine: MachineDescription,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub(super) enum FromOrchestrator {
    Chain {
        certificate: Certificate,
    },
    Answer {
        /// The JSON of a [`Statement`], as bytes, because its signature is checked before it is parsed.
        #[serde(with = "base64_text")]
        statement: Vec<u8>,
        #[serde(with = "base64_text")]
        signature: [u8; 64],
    },
}

#[derive(Serialize, Deserialize)]
pub(super) struct Statement {
    #[serde(with = "base64_text")]
    pub(super) nonce: [u8; 32],
    #[serde(with = "base64_text")]
    pub(super) request: [u8; 32],
    pub(super) time: DateTime<Utc>,
    pub(super) outcome: Outcome,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub(super) enum Outcome {
    Enrolled {
        agent: AgentId,
        organization: OrganizationId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<HostId>,
        bus: String,
        root: VerifyingKey,
    },
    Refused {
        reason: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Versioned<M> {
    protocol: u64,
    #[serde(flatten)]
    message: M,
}

#[derive(Deserialize)]
struct Version {
    protocol: u64,
}

#[expect(clippy::expect_used, reason = "the messages hold nothing that JSON cannot write")]
pub(super) fn to_json<M: Serialize>(message: &M) -> Vec<u8> {
    serde_json::to_vec(message).expect("a message can be written")
}

pub(super) fn to_frame<M: Serialize>(message: M) -> Frame {
    Frame::of_enrolment(&to_json(&Versioned { protocol: u64::from(PROTOCOL), message }))
}

pub(super) fn from_frame<M: for<'de> Deserialize<'de>>(frame: &Frame) -> Result<M, EnrolmentError> {
    let json = frame.enrolment().map_err(|source| EnrolmentError::Frame { source })?;
    let malformed = |source| EnrolmentError::Malformed { source };
    let Version { protocol } = serde_json::from_slice(json).map_err(malformed)?;
    if protocol != u64::from(PROTOCOL) {
        return Err(EnrolmentError::UnsupportedProtocol { got: protocol, supported: PROTOCOL });
    }
    let versioned: Versioned<M> = serde_json::from_slice(json).map_err(malformed)?;
    Ok(versioned.message)
}
