//! Enrolment tokens: how a machine becomes an agent.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::ids::{EnrolmentTokenId, EnvironmentId, HostId, OrganizationId};

/// Lets machines enrol, a limited number of times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentToken {
    /// Its id.
    pub id: EnrolmentTokenId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Where machines enrol.
    pub environment: EnvironmentId,
    /// The host whose instance the machine becomes; nothing: it is discovered.
    pub host: Option<HostId>,
    /// What both ends know and no broker sees.
    pub secret: TokenSecret,
    /// How often it may still be used.
    pub uses_left: u32,
    /// How often it might be used at first.
    pub uses: u32,
    /// Useless after this.
    pub expires_at: DateTime<Utc>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Bytes that prove the knowledge of a token; kept, because both ends compute with them.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenSecret(pub Vec<u8>);

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(..)")
    }
}

/// A token cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableToken {
    /// It was used as often as it may.
    #[error("the token was used as often as it may: make a new one")]
    UsedUp,
    /// It is too old.
    #[error("the token expired at {0}: make a new one")]
    Expired(DateTime<Utc>),
}

impl EnrolmentToken {
    /// Returns whether it can still be used.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), UnusableToken> {
        if self.uses_left == 0 {
            return Err(UnusableToken::UsedUp);
        }
        if now >= self.expires_at {
            return Err(UnusableToken::Expired(self.expires_at));
        }
        Ok(())
    }
}
