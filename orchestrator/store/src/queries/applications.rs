use async_trait::async_trait;
use hostwright_model::application::Application;
use hostwright_model::ids::{ApplicationId, OrganizationId};
use hostwright_model::names::ApplicationName;
use sqlx::{query, query_as};

use super::SqlTransaction;
use crate::rows::application::{ApplicationRow, write_definition};
use crate::rows::stored;
use crate::{Applications, Error};

#[async_trait]
impl Applications for SqlTransaction {
    async fn insert_application(&mut self, application: &Application) -> Result<(), Error> {
        let definition = write_definition(application)?;
        let Application { id, organization, name, description, version, locked, created_at, .. } =
            application;
        let insert = query(
            "INSERT INTO applications (id, organization, name, description, version, locked, definition, created_at)
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
        self.run("application name", insert).await?;
        Ok(())
    }

    async fn application_by_name(
        &mut self,
        organization: OrganizationId,
        name: &ApplicationName,
    ) -> Result<Option<Application>, Error> {
        let select =
            query_as::<_, ApplicationRow>("SELECT * FROM applications WHERE organization = $1 AND name = $2")
                .bind(organization.as_uuid())
                .bind(name.as_str());
        self.find("application", select).await
    }

    async fn application(
        &mut self,
        organization: OrganizationId,
        id: ApplicationId,
    ) -> Result<Option<Application>, Error> {
        let select =
            query_as::<_, ApplicationRow>("SELECT * FROM applications WHERE organization = $1 AND id = $2")
                .bind(organization.as_uuid())
                .bind(id.as_uuid());
        self.find("application", select).await
    }

    async fn applications(&mut self, organization: OrganizationId) -> Result<Vec<Application>, Error> {
        let select = query_as::<_, ApplicationRow>(
            "SELECT * FROM applications WHERE organization = $1 ORDER BY name, id",
        )
        .bind(organization.as_uuid());
        self.list("applications", select).await
    }

    async fn update_application(&mut self, application: &mut Application) -> Result<(), Error> {
        let definition = write_definition(application)?;
        let Application { id, organization, name, description, version, locked, .. } = application;
        let update = query(
            "UPDATE applications SET name = $4, description = $5, locked = $6, definition = $7, version = version + 1
             WHERE organization = $1 AND id = $2 AND version = $3",
        )
        .bind(organization.as_uuid())
        .bind(id.as_uuid())
        .bind(stored(*version))
        .bind(name.as_str())
        .bind(&*description)
        .bind(*locked)
        .bind(definition);
        self.raise("application name", version, update).await
    }

    async fn delete_application(
        &mut self,
        organization: OrganizationId,
        id: ApplicationId,
    ) -> Result<bool, Error> {
        let delete = query("DELETE FROM applications WHERE organization = $1 AND id = $2")
            .bind(organization.as_uuid())
            .bind(id.as_uuid());
        self.touch("application", delete).await
    }
}
