//! Enrolment tokens.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hostwright_model::enrolment_token::EnrolmentToken;
use hostwright_model::ids::{EnrolmentTokenId, OrganizationId};

use crate::Error;

/// Enrolment tokens.
#[async_trait]
pub trait EnrolmentTokens {
    /// Stores a new one.
    async fn insert_enrolment_token(&mut self, token: &EnrolmentToken) -> Result<(), Error>;

    /// Finds one by id alone, because whoever presents it says nothing else.
    async fn enrolment_token_by_id(&mut self, id: EnrolmentTokenId) -> Result<Option<EnrolmentToken>, Error>;

    /// Lists all, by age.
    async fn enrolment_tokens(&mut self, organization: OrganizationId) -> Result<Vec<EnrolmentToken>, Error>;

    /// Uses one once; says whether it could be: two who use the last one at once do not both succeed.
    async fn use_enrolment_token(&mut self, id: EnrolmentTokenId, now: DateTime<Utc>) -> Result<bool, Error>;

    /// Deletes one; says whether it was there.
    async fn delete_enrolment_token(
        &mut self,
        organization: OrganizationId,
        id: EnrolmentTokenId,
    ) -> Result<bool, Error>;
}
