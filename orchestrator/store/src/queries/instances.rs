use hostwright_model::ids::{HostId, OrganizationId};
use hostwright_model::instance::Instance;
use sqlx::{query, query_as};

use super::SqlTransaction;
use crate::Error;
use crate::rows::host::{InstanceRow, write_properties};
use crate::rows::stored;

impl SqlTransaction {
    pub(super) async fn find_instance(
        &mut self,
        organization: OrganizationId,
        host: HostId,
    ) -> Result<Option<Instance>, Error> {
        let select =
            query_as::<_, InstanceRow>("SELECT * FROM instances WHERE organization = $1 AND host = $2")
                .bind(organization.as_uuid())
                .bind(host.as_uuid());
        self.find("instance", select).await
    }

    pub(super) async fn write_new_instance(&mut self, instance: &Instance) -> Result<(), Error> {
        let properties = write_properties(instance)?;
        let Instance { host, organization, state, handle, locked, properties: _, version, created_at } =
            instance;
        let insert = query(
            "INSERT INTO instances (host, organization, state, handle, locked, properties, version, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(host.as_uuid())
        .bind(organization.as_uuid())
        .bind(state.name())
        .bind(handle)
        .bind(locked)
        .bind(properties)
        .bind(stored(*version))
        .bind(created_at);
        self.run("instance", insert).await?;
        Ok(())
    }

    pub(super) async fn write_instance(&mut self, instance: &mut Instance) -> Result<(), Error> {
        let properties = write_properties(instance)?;
        let Instance { host, organization, state, handle, locked, properties: _, version, created_at: _ } =
            instance;
        let update = query(
            "UPDATE instances SET state = $4, handle = $5, locked = $6, properties = $7, version = version + 1
             WHERE organization = $1 AND host = $2 AND version = $3",
        )
        .bind(organization.as_uuid())
        .bind(host.as_uuid())
        .bind(stored(*version))
        .bind(state.name())
        .bind(&*handle)
        .bind(*locked)
        .bind(properties);
        self.raise("instance", version, update).await
    }

    pub(super) async fn forget_instance(
        &mut self,
        organization: OrganizationId,
        host: HostId,
    ) -> Result<bool, Error> {
        let delete = query("DELETE FROM instances WHERE organization = $1 AND host = $2")
            .bind(organization.as_uuid())
            .bind(host.as_uuid());
        self.touch("instance", delete).await
    }
}
