use async_trait::async_trait;
use hostwright_model::context::Context;
use hostwright_model::ids::{ApplicationId, ContextId, HostId, OrganizationId};
use sqlx::{query, query_as};

use super::SqlTransaction;
use crate::rows::host::{ContextRow, SubjectColumns};
use crate::rows::stored;
use crate::{Contexts, Error};

#[async_trait]
impl Contexts for SqlTransaction {
    async fn insert_context(&mut self, context: &Context) -> Result<(), Error> {
        let Context { id, organization, host, subject, version, created_at } = context;
        let subject = SubjectColumns::of(subject)?;
        let insert = query(
            "INSERT INTO contexts (id, organization, host, application, platform, distribution, position,
                 installation, services, version, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(id.as_uuid())
        .bind(organization.as_uuid())
        .bind(host.as_uuid())
        .bind(subject.application)
        .bind(subject.platform)
        .bind(subject.distribution)
        .bind(subject.position)
        .bind(subject.installation)
        .bind(subject.services)
        .bind(stored(*version))
        .bind(created_at);
        self.run("context", insert).await?;
        Ok(())
    }

    async fn contexts(&mut self, organization: OrganizationId, host: HostId) -> Result<Vec<Context>, Error> {
        let select = query_as::<_, ContextRow>(
            "SELECT * FROM contexts WHERE organization = $1 AND host = $2
             ORDER BY CASE WHEN platform IS NOT NULL THEN 0 WHEN distribution IS NOT NULL THEN 1 ELSE 2 END,
                 position, id",
        )
        .bind(organization.as_uuid())
        .bind(host.as_uuid());
        self.list("contexts", select).await
    }

    async fn application_context(
        &mut self,
        organization: OrganizationId,
        host: HostId,
        application: ApplicationId,
    ) -> Result<Option<Context>, Error> {
        let select = query_as::<_, ContextRow>(
            "SELECT * FROM contexts WHERE organization = $1 AND host = $2 AND application = $3",
        )
        .bind(organization.as_uuid())
        .bind(host.as_uuid())
        .bind(application.as_uuid());
        self.find("context", select).await
    }

    async fn contexts_of_application(
        &mut self,
        organization: OrganizationId,
        application: ApplicationId,
    ) -> Result<Vec<Context>, Error> {
        let select = query_as::<_, ContextRow>(
            "SELECT * FROM contexts WHERE organization = $1 AND application = $2 ORDER BY host",
        )
        .bind(organization.as_uuid())
        .bind(application.as_uuid());
        self.list("contexts", select).await
    }

    async fn update_context(&mut self, context: &mut Context) -> Result<(), Error> {
        let Context { id, organization, host: _, subject, version, created_at: _ } = context;
        let subject = SubjectColumns::of(subject)?;
        let update = query(
            "UPDATE contexts SET application = $4, platform = $5, distribution = $6, position = $7,
                 installation = $8, services = $9, version = version + 1
             WHERE organization = $1 AND id = $2 AND version = $3",
        )
        .bind(organization.as_uuid())
        .bind(id.as_uuid())
        .bind(stored(*version))
        .bind(subject.application)
        .bind(subject.platform)
        .bind(subject.distribution)
        .bind(subject.position)
        .bind(subject.installation)
        .bind(subject.services);
        self.raise("context", version, update).await
    }

    async fn delete_context(&mut self, organization: OrganizationId, id: ContextId) -> Result<bool, Error> {
        self.delete_what_stands_at("context", organization, id.as_uuid()).await?;
        let delete = query("DELETE FROM contexts WHERE organization = $1 AND id = $2")
            .bind(organization.as_uuid())
            .bind(id.as_uuid());
        self.touch("context", delete).await
    }
}
