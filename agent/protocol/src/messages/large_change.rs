//! Changes that no frame carries.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Change, Resync, ToAgent};
use crate::ids::ChangeId;

/// What travels in a frame of its own, as JSON; more travels as content, in parts.
const LARGEST_IN_FRAME: usize = 256 * 1024;

/// Ordered: stands for a [`Change`] or a [`Resync`] that is too large for a frame. The message is content, to be fetched by
/// its digest: what is signed here vouches for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LargeChange {
    /// That of the change, so that it can be cancelled, and its end be reported, without it.
    pub change: ChangeId,
    /// That of the change.
    pub description: String,
    /// `sha256:` and hex, of the message as JSON.
    pub digest: String,
    /// Of that JSON, in bytes.
    pub size: u64,
    /// That of the change.
    pub expires: DateTime<Utc>,
}

/// Why content is not the message that was announced.
#[derive(Debug, thiserror::Error)]
pub enum LargeChangeError {
    /// Somebody has changed it.
    #[error("it has digest {found}, announced was {announced}")]
    Digest {
        /// As signed.
        announced: String,
        /// Of what is there.
        found: String,
    },
    /// It is no message, or none that can be large.
    #[error("it is no change")]
    Json(#[source] serde_json::Error),
    /// It is another change.
    #[error("it is change {found}, announced was {announced}")]
    Other {
        /// As signed.
        announced: ChangeId,
        /// What is there.
        found: ChangeId,
    },
}

/// What is in the content.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Content {
    Change(Change),
    Resync(Resync),
}

impl LargeChange {
    /// Returns what is sent in place of a message that is too large for a frame, and the content that goes with it.
    ///
    /// # Errors
    ///
    /// When the message cannot be written as JSON.
    pub fn standing_for(message: &ToAgent) -> Result<Option<(Self, Vec<u8>)>, serde_json::Error> {
        let (change, content) = match message {
            ToAgent::Change(change) => (change, Content::Change(change.clone())),
            ToAgent::Resync(resync) => (&resync.change, Content::Resync(resync.clone())),
            _ => return Ok(None),
        };
        let bytes = serde_json::to_vec(&content)?;
        if bytes.len() <= LARGEST_IN_FRAME {
            return Ok(None);
        }
        let announced = Self {
            change: change.id,
            description: change.description.clone(),
            digest: digest_of(&bytes),
            size: bytes.len() as u64,
            expires: change.expires,
        };
        Ok(Some((announced, bytes)))
    }

    /// Returns the message that this stands for.
    ///
    /// # Errors
    ///
    /// When the content is not what was announced.
    pub fn open(&self, content: &[u8]) -> Result<ToAgent, LargeChangeError> {
        let found = digest_of(content);
        if found != self.digest {
            return Err(LargeChangeError::Digest { announced: self.digest.clone(), found });
        }
        let (id, message) = match serde_json::from_slice(content).map_err(LargeChangeError::Json)? {
            Content::Change(change) => (change.id, ToAgent::Change(change)),
            Content::Resync(resync) => (resync.change.id, ToAgent::Resync(resync)),
        };
        if id != self.change {
            return Err(LargeChangeError::Other { announced: self.change, found: id });
        }
        Ok(message)
    }
}

fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::samples;
    use crate::messages::{Cancel, Task};

    fn large() -> Change {
        let task = samples::change().tasks[0].clone();
        let tasks = (0..5_000).map(|number| Task { number, ..task.clone() }).collect();
        Change { tasks, ..samples::change() }
    }

    #[test]
    fn only_what_no_frame_carries_is_stood_for() {
        let cancel = ToAgent::Cancel(Cancel { change: samples::change().id });
        for small in [ToAgent::Change(samples::change()), cancel] {
            assert!(LargeChange::standing_for(&small).unwrap().is_none());
        }
        let resync = Resync { change: large(), remove: vec![large().tasks[0].resource.clone()] };
        for message in [ToAgent::Change(large()), ToAgent::Resync(resync)] {
            let (announced, content) = LargeChange::standing_for(&message).unwrap().unwrap();
            assert_eq!((announced.change, announced.size), (large().id, content.len() as u64));
            assert_eq!(announced.open(&content).unwrap(), message);
        }
    }

    #[test]
    fn other_content_is_refused() {
        let (announced, content) = LargeChange::standing_for(&ToAgent::Change(large())).unwrap().unwrap();
        let mut damaged = content.clone();
        damaged[1000] ^= 1;
        assert!(matches!(announced.open(&damaged), Err(LargeChangeError::Digest { .. })));
        let other = ChangeId::from_uuid(uuid::Uuid::from_u128(1));
        let announced_other = LargeChange { change: other, ..announced.clone() };
        assert!(matches!(announced_other.open(&content), Err(LargeChangeError::Other { .. })));
        let digest = digest_of(b"{}");
        assert!(matches!(LargeChange { digest, ..announced }.open(b"{}"), Err(LargeChangeError::Json(_))));
    }
}
