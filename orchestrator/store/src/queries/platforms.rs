use async_trait::async_trait;
use hostwright_model::distribution::Distribution;
use hostwright_model::ids::{DistributionId, OrganizationId, PlatformId};
use hostwright_model::names::{DistributionName, PlatformName};
use hostwright_model::platform::Platform;
use sqlx::{query, query_as};

use super::SqlTransaction;
use crate::rows::platform::{DistributionRow, PlatformRow, write_definition};
use crate::rows::stored;
use crate::{Error, Platforms};

#[async_trait]
impl Platforms for SqlTransaction {
    async fn insert_platform(&mut self, platform: &Platform) -> Result<(), Error> {
        let definition = write_definition(&platform.parameters, &platform.files)?;
        let Platform { id, organization, name, description, version, driver, created_at, .. } = platform;
        let insert = query(
            "INSERT INTO platforms (id, organization, name, description, version, driver, definition, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(id.as_uuid())
        .bind(organization.as_uuid())
        .bind(name.as_str())
        .bind(description)
        .bind(stored(*version))
        .bind(&driver.0)
        .bind(definition)
        .bind(created_at);
        self.run("platform name", insert).await?;
        Ok(())
    }

    async fn platform_by_name(
        &mut self,
        organization: OrganizationId,
        name: &PlatformName,
    ) -> Result<Option<Platform>, Error> {
        let select =
            query_as::<_, PlatformRow>("SELECT * FROM platforms WHERE organization = $1 AND name = $2")
                .bind(organization.as_uuid())
                .bind(name.as_str());
        self.find("platform", select).await
    }

    async fn platform(
        &mut self,
        organization: OrganizationId,
        id: PlatformId,
    ) -> Result<Option<Platform>, Error> {
        let select =
            query_as::<_, PlatformRow>("SELECT * FROM platforms WHERE organization = $1 AND id = $2")
                .bind(organization.as_uuid())
                .bind(id.as_uuid());
        self.find("platform", select).await
    }

    async fn platforms(&mut self, organization: OrganizationId) -> Result<Vec<Platform>, Error> {
        let select =
            query_as::<_, PlatformRow>("SELECT * FROM platforms WHERE organization = $1 ORDER BY name, id")
                .bind(organization.as_uuid());
        self.list("platforms", select).await
    }

    async fn update_platform(&mut self, platform: &mut Platform) -> Result<(), Error> {
        let definition = write_definition(&platform.parameters, &platform.files)?;
        let Platform { id, organization, name, description, version, driver, .. } = platform;
        let update = query(
            "UPDATE platforms SET name = $4, description = $5, driver = $6, definition = $7, version = version + 1
             WHERE organization = $1 AND id = $2 AND version = $3",
        )
        .bind(organization.as_uuid())
        .bind(id.as_uuid())
        .bind(stored(*version))
        .bind(name.as_str())
        .bind(&*description)
        .bind(&driver.0)
        .bind(definition);
        self.raise("platform name", version, update).await
    }

    async fn delete_platform(&mut self, organization: OrganizationId, id: PlatformId) -> Result<bool, Error> {
        let delete = query("DELETE FROM platforms WHERE organization = $1 AND id = $2")
            .bind(organization.as_uuid())
            .bind(id.as_uuid());
        if !self.touch("platform", delete).await? {
            return Ok(false);
        }
        self.delete_what_stands_at("platform", organization, id.as_uuid()).await?;
        Ok(true)
    }

    async fn insert_distribution(&mut self, distribution: &Distribution) -> Result<(), Error> {
        let definition = write_definition(&distribution.parameters, &distribution.files)?;
        let Distribution { id, organization, name, description, version, locked, created_at, .. } =
            distribution;
        let insert = query(
            "INSERT INTO distributions (id, organization, name, description, version, locked, definition, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(id.as_uuid())
        .bind(organization.as_uuid())
        .bind(name.as_str())
        .bind(description)
        .bind(stored(*version))
        .bind(locked)
        .bind(definition)
        .bind(created_at);
        self.run("distribution name", insert).await?;
        Ok(())
    }

    async fn distribution_by_name(
        &mut self,
        organization: OrganizationId,
        name: &DistributionName,
    ) -> Result<Option<Distribution>, Error> {
        let select = query_as::<_, DistributionRow>(
            "SELECT * FROM distributions WHERE organization = $1 AND name = $2",
        )
        .bind(organization.as_uuid())
        .bind(name.as_str());
        self.find("distribution", select).await
    }

    async fn distribution(
        &mut self,
        organization: OrganizationId,
        id: DistributionId,
    ) -> Result<Option<Distribution>, Error> {
        let select =
            query_as::<_, DistributionRow>("SELECT * FROM distributions WHERE organization = $1 AND id = $2")
                .bind(organization.as_uuid())
                .bind(id.as_uuid());
        self.find("distribution", select).await
    }

    async fn distributions(&mut self, organization: OrganizationId) -> Result<Vec<Distribution>, Error> {
        let select = query_as::<_, DistributionRow>(
            "SELECT * FROM distributions WHERE organization = $1 ORDER BY name, id",
        )
        .bind(organization.as_uuid());
        self.list("distributions", select).await
    }

    async fn update_distribution(&mut self, distribution: &mut Distribution) -> Result<(), Error> {
        let definition = write_definition(&distribution.parameters, &distribution.files)?;
        let Distribution { id, organization, name, description, version, locked, .. } = distribution;
        let update = query(
            "UPDATE distributions SET name = $4, description = $5, locked = $6, definition = $7, version = version + 1
             WHERE organization = $1 AND id = $2 AND version = $3",
        )
        .bind(organization.as_uuid())
        .bind(id.as_uuid())
        .bind(stored(*version))
        .bind(name.as_str())
        .bind(&*description)
        .bind(*locked)
        .bind(definition);
        self.raise("distribution name", version, update).await
    }

    async fn delete_distribution(
        &mut self,
        organization: OrganizationId,
        id: DistributionId,
    ) -> Result<bool, Error> {
        let delete = query("DELETE FROM distributions WHERE organization = $1 AND id = $2")
            .bind(organization.as_uuid())
            .bind(id.as_uuid());
        if !self.touch("distribution", delete).await? {
            return Ok(false);
        }
        self.delete_what_stands_at("distribution", organization, id.as_uuid()).await?;
        Ok(true)
    }
}
