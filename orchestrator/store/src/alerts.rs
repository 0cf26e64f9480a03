//! Alerts.

use async_trait::async_trait;
use hostwright_model::alert::Alert;
use hostwright_model::ids::{HostId, OrganizationId};
use hostwright_protocol::messages::ResourceRef;

use crate::Error;

/// Alerts that are open.
#[async_trait]
pub trait Alerts {
    /// Stores what is known of a resource that is not as desired, new or not; says whether it is new.
    async fn raise_alert(&mut self, alert: &Alert) -> Result<bool, Error>;

    /// Closes the alert of a resource; says whether there was one.
    async fn close_alert(
        &mut self,
        organization: OrganizationId,
        host: HostId,
        resource: &ResourceRef,
    ) -> Result<bool, Error>;

    /// Finds the alert of a resource.
    async fn alert(
        &mut self,
        organization: OrganizationId,
        host: HostId,
        resource: &ResourceRef,
    ) -> Result<Option<Alert>, Error>;

    /// Lists those of a host, by collection and id.
    async fn alerts(&mut self, organization: OrganizationId, host: HostId) -> Result<Vec<Alert>, Error>;

    /// Closes all of a host; says how many.
    async fn close_alerts(&mut self, organization: OrganizationId, host: HostId) -> Result<u64, Error>;
}
