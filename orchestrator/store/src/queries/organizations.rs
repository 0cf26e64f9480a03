use async_trait::async_trait;
use hostwright_model::ids::OrganizationId;
use hostwright_model::names::OrganizationName;
use hostwright_model::organization::Organization;
use sqlx::{query, query_as};

use super::SqlTransaction;
use crate::rows::organization::OrganizationRow;
use crate::rows::stored;
use crate::{Error, Organizations};

#[async_trait]
impl Organizations for SqlTransaction {
    async fn insert_organization(&mut self, organization: &Organization) -> Result<(), Error> {
        let Organization { id, name, description, version, created_at } = organization;
        let insert = query(
            "INSERT INTO organizations (id, name, description, version, created_at) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(id.as_uuid())
        .bind(name.as_str())
        .bind(description)
        .bind(stored(*version))
        .bind(created_at);
        self.run("organization name", insert).await?;
        Ok(())
    }

    async fn organization_by_name(&mut self, name: &OrganizationName) -> Result<Option<Organization>, Error> {
        let select =
            query_as::<_, OrganizationRow>("SELECT * FROM organizations WHERE name = $1").bind(name.as_str());
        self.find("organization", select).await
    }

    async fn organization(&mut self, id: OrganizationId) -> Result<Option<Organization>, Error> {
        let select =
            query_as::<_, OrganizationRow>("SELECT * FROM organizations WHERE id = $1").bind(id.as_uuid());
        self.find("organization", select).await
    }

    async fn organizations(&mut self) -> Result<Vec<Organization>, Error> {
        let select = query_as::<_, OrganizationRow>("SELECT * FROM organizations ORDER BY name, id");
        self.list("organizations", select).await
    }

    async fn update_organization(&mut self, organization: &mut Organization) -> Result<(), Error> {
        let Organization { id, name, description, version, created_at: _ } = organization;
        let update = query(
            "UPDATE organizations SET name = $3, description = $4, version = version + 1
             WHERE id = $1 AND version = $2",
        )
        .bind(id.as_uuid())
        .bind(stored(*version))
        .bind(name.as_str())
        .bind(&*description);
        self.raise("organization name", version, update).await
    }

    async fn delete_organization(&mut self, id: OrganizationId) -> Result<bool, Error> {
        // Hosts first: what they refer to must not get in the way of all of it going.
        let hosts = query("DELETE FROM hosts WHERE organization = $1").bind(id.as_uuid());
        self.run("organization", hosts).await?;
        let delete = query("DELETE FROM organizations WHERE id = $1").bind(id.as_uuid());
        self.touch("organization", delete).await
    }
}
