use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hostwright_model::blob::{Blob, BlobDigest};
use hostwright_model::ids::{AgentId, OrganizationId};
use sqlx::{query, query_as};

use super::SqlTransaction;
use crate::rows::{loaded, stored};
use crate::{Blobs, Error};

#[async_trait]
impl Blobs for SqlTransaction {
    async fn put_blob(
        &mut self,
        organization: OrganizationId,
        blob: &Blob,
        at: DateTime<Utc>,
    ) -> Result<(), Error> {
        let put = query(
            "INSERT INTO blobs (organization, digest, bytes, size, created_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (organization, digest) DO NOTHING",
        )
        .bind(organization.as_uuid())
        .bind(blob.digest().to_string())
        .bind(blob.bytes())
        .bind(stored(blob.bytes().len() as u64))
        .bind(at);
        self.run("blob", put).await?;
        Ok(())
    }

    async fn blob(
        &mut self,
        organization: OrganizationId,
        digest: BlobDigest,
    ) -> Result<Option<Blob>, Error> {
        let select =
            query_as::<_, (Vec<u8>,)>("SELECT bytes FROM blobs WHERE organization = $1 AND digest = $2")
                .bind(organization.as_uuid())
                .bind(digest.to_string());
        let Some((bytes,)) = self.row("blob", select).await? else { return Ok(None) };
        let blob = Blob::new(bytes);
        if blob.digest() != digest {
            let source = format!("it has digest {}, not {digest}", blob.digest()).into();
            return Err(Error::Corrupt { what: "blob", source });
        }
        Ok(Some(blob))
    }

    async fn allow_blob(
        &mut self,
        organization: OrganizationId,
        agent: AgentId,
        digest: BlobDigest,
    ) -> Result<(), Error> {
        let allow = query(
            "INSERT INTO blob_agents (agent, organization, digest)
             SELECT id, organization, $3 FROM agents WHERE organization = $1 AND id = $2
             ON CONFLICT (agent, digest) DO NOTHING",
        )
        .bind(organization.as_uuid())
        .bind(agent.as_uuid())
        .bind(digest.to_string());
        self.run("blob", allow).await?;
        Ok(())
    }

    async fn blob_part_for_agent(
        &mut self,
        agent: AgentId,
        digest: BlobDigest,
        offset: u64,
        length: u64,
    ) -> Result<Option<(u64, Vec<u8>)>, Error> {
        let select = query_as::<_, (i64, Vec<u8>)>(
            "SELECT blobs.size, substr(blobs.bytes, $3, $4) FROM blobs
             JOIN blob_agents ON blob_agents.organization = blobs.organization AND blob_agents.digest = blobs.digest
             WHERE blob_agents.agent = $1 AND blob_agents.digest = $2",
        )
        .bind(agent.as_uuid())
        .bind(digest.to_string())
        .bind(first(offset))
        .bind(bounded(length));
        let part = self.row("blob", select).await?;
        part.map(|(size, bytes)| Ok((loaded("blob", size)?, bytes))).transpose()
    }
}

/// Databases count bytes from 1.
pub(super) fn first(offset: u64) -> i32 {
    bounded(offset.saturating_add(1))
}

pub(super) fn bounded(length: u64) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}
