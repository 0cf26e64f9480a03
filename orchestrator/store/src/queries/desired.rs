use async_trait::async_trait;
use hostwright_model::desired::{DesiredResource, DesiredSet};
use hostwright_model::ids::{HostId, OrganizationId};
use hostwright_protocol::messages::ResourceRef;
use sqlx::{query, query_as};

use super::SqlTransaction;
use crate::rows::compliance::DesiredRow;
use crate::rows::write_json;
use crate::{DesiredResources, Error};

#[async_trait]
impl DesiredResources for SqlTransaction {
    async fn desired_set(&mut self, organization: OrganizationId, host: HostId) -> Result<DesiredSet, Error> {
        let select = query_as::<_, DesiredRow>(
            "SELECT * FROM desired_resources WHERE organization = $1 AND host = $2",
        )
        .bind(organization.as_uuid())
        .bind(host.as_uuid());
        let rows = self.rows("desired resources", select).await?;
        rows.into_iter().map(DesiredRow::into_parts).collect()
    }

    async fn desired(
        &mut self,
        organization: OrganizationId,
        host: HostId,
        resource: &ResourceRef,
    ) -> Result<Option<DesiredResource>, Error> {
        let select = query_as::<_, DesiredRow>(
            "SELECT * FROM desired_resources
             WHERE organization = $1 AND host = $2 AND collection = $3 AND resource = $4",
        )
        .bind(organization.as_uuid())
        .bind(host.as_uuid())
        .bind(&resource.collection)
        .bind(&resource.id);
        let row = self.row("desired resource", select).await?;
        Ok(row.map(DesiredRow::into_parts).transpose()?.map(|(_, desired)| desired))
    }

    async fn put_desired(
        &mut self,
        organization: OrganizationId,
        host: HostId,
        resource: &ResourceRef,
        desired: &DesiredResource,
    ) -> Result<(), Error> {
        let DesiredResource { attributes, applications, label, sensitive } = desired;
        let put = query(
            "INSERT INTO desired_resources (organization, host, collection, resource, attributes, applications, label,
                 sensitive)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (organization, host, collection, resource) DO UPDATE
             SET attributes = excluded.attributes, applications = excluded.applications, label = excluded.label,
                 sensitive = excluded.sensitive",
        )
        .bind(organization.as_uuid())
        .bind(host.as_uuid())
        .bind(&resource.collection)
        .bind(&resource.id)
        .bind(write_json("desired resource", attributes)?)
        .bind(write_json("desired resource", applications)?)
        .bind(label)
        .bind(*sensitive);
        self.run("desired resource", put).await?;
        Ok(())
    }

    async fn remove_desired(
        &mut self,
        organization: OrganizationId,
        host: HostId,
        resource: &ResourceRef,
    ) -> Result<bool, Error> {
        let delete = query(
            "DELETE FROM desired_resources
             WHERE organization = $1 AND host = $2 AND collection = $3 AND resource = $4",
        )
        .bind(organization.as_uuid())
        .bind(host.as_uuid())
        .bind(&resource.collection)
        .bind(&resource.id);
        self.touch("desired resource", delete).await
    }

    async fn clear_desired(&mut self, organization: OrganizationId, host: HostId) -> Result<(), Error> {
        let delete = query("DELETE FROM desired_resources WHERE organization = $1 AND host = $2")
            .bind(organization.as_uuid())
            .bind(host.as_uuid());
        self.run("desired resources", delete).await?;
        Ok(())
    }
}
