use async_trait::async_trait;
use hostwright_model::environment::Environment;
use hostwright_model::ids::{EnvironmentId, OrganizationId};
use hostwright_model::names::EnvironmentName;
use sqlx::{query, query_as};

use super::SqlTransaction;
use crate::rows::organization::EnvironmentRow;
use crate::rows::stored;
use crate::{Environments, Error};

#[async_trait]
impl Environments for SqlTransaction {
    async fn insert_environment(&mut self, environment: &Environment) -> Result<(), Error> {
        let Environment { id, organization, name, description, version, created_at } = environment;
        let insert = query(
            "INSERT INTO environments (id, organization, name, description, version, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(id.as_uuid())
        .bind(organization.as_uuid())
        .bind(name.as_str())
        .bind(description)
        .bind(stored(*version))
        .bind(created_at);
        self.run("environment name", insert).await?;
        Ok(())
    }

    async fn environment_by_name(
        &mut self,
        organization: OrganizationId,
        name: &EnvironmentName,
    ) -> Result<Option<Environment>, Error> {
        let select =
            query_as::<_, EnvironmentRow>("SELECT * FROM environments WHERE organization = $1 AND name = $2")
                .bind(organization.as_uuid())
                .bind(name.as_str());
        self.find("environment", select).await
    }

    async fn environment(
        &mut self,
        organization: OrganizationId,
        id: EnvironmentId,
    ) -> Result<Option<Environment>, Error> {
        let select =
            query_as::<_, EnvironmentRow>("SELECT * FROM environments WHERE organization = $1 AND id = $2")
                .bind(organization.as_uuid())
                .bind(id.as_uuid());
        self.find("environment", select).await
    }

    async fn environments(&mut self, organization: OrganizationId) -> Result<Vec<Environment>, Error> {
        let select = query_as::<_, EnvironmentRow>(
            "SELECT * FROM environments WHERE organization = $1 ORDER BY name, id",
        )
        .bind(organization.as_uuid());
        self.list("environments", select).await
    }

    async fn update_environment(&mut self, environment: &mut Environment) -> Result<(), Error> {
        let Environment { id, organization, name, description, version, created_at: _ } = environment;
        let update = query(
            "UPDATE environments SET name = $4, description = $5, version = version + 1
             WHERE organization = $1 AND id = $2 AND version = $3",
        )
        .bind(organization.as_uuid())
        .bind(id.as_uuid())
        .bind(stored(*version))
        .bind(name.as_str())
        .bind(&*description);
        self.raise("environment name", version, update).await
    }

    async fn delete_environment(
        &mut self,
        organization: OrganizationId,
        id: EnvironmentId,
    ) -> Result<bool, Error> {
        let delete = query("DELETE FROM environments WHERE organization = $1 AND id = $2")
            .bind(organization.as_uuid())
            .bind(id.as_uuid());
        if !self.touch("environment", delete).await? {
            return Ok(false);
        }
        self.delete_what_stands_at("environment", organization, id.as_uuid()).await?;
        Ok(true)
    }
}
