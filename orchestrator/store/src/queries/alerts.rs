use async_trait::async_trait;
use hostwright_model::alert::Alert;
use hostwright_model::ids::{HostId, OrganizationId};
use hostwright_protocol::messages::ResourceRef;
use sqlx::{query, query_as};

use super::SqlTransaction;
use crate::rows::compliance::{AlertRow, write_finding};
use crate::{Alerts, Error};

#[async_trait]
impl Alerts for SqlTransaction {
    async fn raise_alert(&mut self, alert: &Alert) -> Result<bool, Error> {
        let Alert { organization, host, resource, finding, since, reported_at } = alert;
        let is_new = self.alert(*organization, *host, resource).await?.is_none();
        let raise = query(
            "INSERT INTO alerts (organization, host, collection, resource, finding, since, reported_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (organization, host, collection, resource) DO UPDATE
             SET finding = excluded.finding, since = excluded.since, reported_at = excluded.reported_at",
        )
        .bind(organization.as_uuid())
        .bind(host.as_uuid())
        .bind(&resource.collection)
        .bind(&resource.id)
        .bind(write_finding(finding)?)
        .bind(since)
        .bind(reported_at);
        self.run("alert", raise).await?;
        Ok(is_new)
    }

    async fn close_alert(
        &mut self,
        organization: OrganizationId,
        host: HostId,
        resource: &ResourceRef,
    ) -> Result<bool, Error> {
        let delete = query(
            "DELETE FROM alerts WHERE organization = $1 AND host = $2 AND collection = $3 AND resource = $4",
        )
        .bind(organization.as_uuid())
        .bind(host.as_uuid())
        .bind(&resource.collection)
        .bind(&resource.id);
        self.touch("alert", delete).await
    }

    async fn alert(
        &mut self,
        organization: OrganizationId,
        host: HostId,
        resource: &ResourceRef,
    ) -> Result<Option<Alert>, Error> {
        let select = query_as::<_, AlertRow>(
            "SELECT * FROM alerts WHERE organization = $1 AND host = $2 AND collection = $3 AND resource = $4",
        )
        .bind(organization.as_uuid())
        .bind(host.as_uuid())
        .bind(&resource.collection)
        .bind(&resource.id);
        self.find("alert", select).await
    }

    async fn alerts(&mut self, organization: OrganizationId, host: HostId) -> Result<Vec<Alert>, Error> {
        let select = query_as::<_, AlertRow>(
            "SELECT * FROM alerts WHERE organization = $1 AND host = $2 ORDER BY collection, resource",
        )
        .bind(organization.as_uuid())
        .bind(host.as_uuid());
        self.list("alerts", select).await
    }

    async fn close_alerts(&mut self, organization: OrganizationId, host: HostId) -> Result<u64, Error> {
        let delete = query("DELETE FROM alerts WHERE organization = $1 AND host = $2")
            .bind(organization.as_uuid())
            .bind(host.as_uuid());
        self.run("alerts", delete).await
    }
}
