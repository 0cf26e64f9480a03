use async_trait::async_trait;
use hostwright_model::host::Host;
use hostwright_model::ids::{EnvironmentId, HostId, OrganizationId};
use hostwright_model::instance::Instance;
use hostwright_model::names::HostName;
use sqlx::{query, query_as};

use super::{SqlTransaction, dialect};
use crate::rows::host::{HostRow, StateColumns};
use crate::rows::stored;
use crate::{Error, Hosts};

#[async_trait]
impl Hosts for SqlTransaction {
    async fn insert_host(&mut self, host: &Host) -> Result<(), Error> {
        let Host { id, organization, environment, name, description, version, state, generation, created_at } =
            host;
        let StateColumns { state, since, reason } = state.into();
        let insert = query(
            "INSERT INTO hosts (id, organization, environment, name, description, version, state, state_since,
                 state_reason, generation, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(id.as_uuid())
        .bind(organization.as_uuid())
        .bind(environment.as_uuid())
        .bind(name.as_str())
        .bind(description)
        .bind(stored(*version))
        .bind(state)
        .bind(since)
        .bind(reason)
        .bind(stored(*generation))
        .bind(created_at);
        self.run("host name", insert).await?;
        Ok(())
    }

    async fn host_by_name(
        &mut self,
        organization: OrganizationId,
        environment: EnvironmentId,
        name: &HostName,
    ) -> Result<Option<Host>, Error> {
        let select = query_as::<_, HostRow>(
            "SELECT * FROM hosts WHERE organization = $1 AND environment = $2 AND name = $3",
        )
        .bind(organization.as_uuid())
        .bind(environment.as_uuid())
        .bind(name.as_str());
        self.find("host", select).await
    }

    async fn host(&mut self, organization: OrganizationId, id: HostId) -> Result<Option<Host>, Error> {
        let select = query_as::<_, HostRow>("SELECT * FROM hosts WHERE organization = $1 AND id = $2")
            .bind(organization.as_uuid())
            .bind(id.as_uuid());
        self.find("host", select).await
    }

    async fn lock_hosts(&mut self, organization: OrganizationId, ids: &[HostId]) -> Result<Vec<Host>, Error> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let lock = format!("SELECT * FROM hosts WHERE organization = $1 AND id = $2{}", dialect::FOR_UPDATE);
        let mut hosts = Vec::with_capacity(ids.len());
        for id in ids {
            let select = query_as::<_, HostRow>(&lock).bind(organization.as_uuid()).bind(id.as_uuid());
            hosts.extend(self.find::<_, Host>("host", select).await?);
        }
        Ok(hosts)
    }

    async fn hosts(
        &mut self,
        organization: OrganizationId,
        environment: EnvironmentId,
    ) -> Result<Vec<Host>, Error> {
        let select = query_as::<_, HostRow>(
            "SELECT * FROM hosts WHERE organization = $1 AND environment = $2 ORDER BY name, id",
        )
        .bind(organization.as_uuid())
        .bind(environment.as_uuid());
        self.list("hosts", select).await
    }

    async fn all_hosts(&mut self, organization: OrganizationId) -> Result<Vec<Host>, Error> {
        let select = query_as::<_, HostRow>("SELECT * FROM hosts WHERE organization = $1 ORDER BY id")
            .bind(organization.as_uuid());
        self.list("hosts", select).await
    }

    async fn update_host(&mut self, host: &mut Host) -> Result<(), Error> {
        let Host {
            id,
            organization,
            environment,
            name,
            description,
            version,
            state,
            generation,
            created_at: _,
        } = host;
        let StateColumns { state, since, reason } = (&*state).into();
        let update = query(
            "UPDATE hosts SET environment = $4, name = $5, description = $6, state = $7, state_since = $8,
                 state_reason = $9, generation = $10, version = version + 1
             WHERE organization = $1 AND id = $2 AND version = $3",
        )
        .bind(organization.as_uuid())
        .bind(id.as_uuid())
        .bind(stored(*version))
        .bind(environment.as_uuid())
        .bind(name.as_str())
        .bind(&*description)
        .bind(state)
        .bind(since)
        .bind(reason)
        .bind(stored(*generation));
        self.raise("host name", version, update).await
    }

    async fn save_host_state(&mut self, host: &Host) -> Result<(), Error> {
        let StateColumns { state, since, reason } = (&host.state).into();
        let update = query(
            "UPDATE hosts SET state = $3, state_since = $4, state_reason = $5, generation = $6
             WHERE organization = $1 AND id = $2",
        )
        .bind(host.organization.as_uuid())
        .bind(host.id.as_uuid())
        .bind(state)
        .bind(since)
        .bind(reason)
        .bind(stored(host.generation));
        if self.touch("host", update).await? { Ok(()) } else { Err(Error::Stale { what: "host" }) }
    }

    async fn delete_host(&mut self, organization: OrganizationId, id: HostId) -> Result<bool, Error> {
        let settings = query(
            "DELETE FROM settings WHERE organization = $1 AND level = 'context'
             AND owner IN (SELECT id FROM contexts WHERE organization = $1 AND host = $2)",
        )
        .bind(organization.as_uuid())
        .bind(id.as_uuid());
        self.run("settings", settings).await?;
        self.delete_what_stands_at("host", organization, id.as_uuid()).await?;
        let delete = query("DELETE FROM hosts WHERE organization = $1 AND id = $2")
            .bind(organization.as_uuid())
            .bind(id.as_uuid());
        self.touch("host", delete).await
    }

    async fn instance(
        &mut self,
        organization: OrganizationId,
        host: HostId,
    ) -> Result<Option<Instance>, Error> {
        self.find_instance(organization, host).await
    }

    async fn insert_instance(&mut self, instance: &Instance) -> Result<(), Error> {
        self.write_new_instance(instance).await
    }

    async fn update_instance(&mut self, instance: &mut Instance) -> Result<(), Error> {
        self.write_instance(instance).await
    }

    async fn delete_instance(&mut self, organization: OrganizationId, host: HostId) -> Result<bool, Error> {
        self.forget_instance(organization, host).await
    }
}
