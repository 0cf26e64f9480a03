//! Content by digest.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hostwright_model::blob::{Blob, BlobDigest};
use hostwright_model::ids::{AgentId, OrganizationId};

use crate::Error;

/// Content by digest: templates, and what was rendered of them. Each organization has its own, so that nobody learns by
/// asking whether somebody else has something.
#[async_trait]
pub trait Blobs {
    /// Stores content; once more makes no difference.
    async fn put_blob(
        &mut self,
        organization: OrganizationId,
        blob: &Blob,
        at: DateTime<Utc>,
    ) -> Result<(), Error>;

    /// Finds content.
    async fn blob(&mut self, organization: OrganizationId, digest: BlobDigest)
    -> Result<Option<Blob>, Error>;

    /// Lets an agent fetch content; once more makes no difference. [`Error::InUse`] if there is no such content.
    async fn allow_blob(
        &mut self,
        organization: OrganizationId,
        agent: AgentId,
        digest: BlobDigest,
    ) -> Result<(), Error>;

    /// Finds a part of content if the agent may fetch it: the size of the whole, and at most `length` bytes from `offset`.
    async fn blob_part_for_agent(
        &mut self,
        agent: AgentId,
        digest: BlobDigest,
        offset: u64,
        length: u64,
    ) -> Result<Option<(u64, Vec<u8>)>, Error>;
}
