//! The three messages before the first frame.

use hostwright_protocol::ids::EnrolmentTokenId;
use hostwright_protocol::login::{Challenge, Proof};
use serde::{Deserialize, Serialize};

/// The server's first.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Greeting {
    pub(super) challenge: Challenge,
}

/// The client's only one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Answer {
    Agent(Proof),
    Enrolment { token: EnrolmentTokenId },
}

/// The server's last; a refusal is a close message instead.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Acceptance {
    pub(super) accepted: bool,
}

#[expect(clippy::expect_used, reason = "the messages hold nothing that JSON cannot write")]
pub(super) fn to_text<M: Serialize>(message: &M) -> String {
    serde_json::to_string(message).expect("a message can be written")
}
