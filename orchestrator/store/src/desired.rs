//! What agents were told to bring about.

use async_trait::async_trait;
use hostwright_model::desired::{DesiredResource, DesiredSet};
use hostwright_model::ids::{HostId, OrganizationId};
use hostwright_protocol::messages::ResourceRef;

use crate::Error;

/// What agents were told to bring about, by changes that ended.
///
/// What a new change is compiled against is this and the tasks of every open change, see
/// [`Changes::open_changes`](crate::Changes::open_changes) and [`DesiredSet::advance`].
#[async_trait]
pub trait DesiredResources {
    /// Returns all of a host.
    async fn desired_set(&mut self, organization: OrganizationId, host: HostId) -> Result<DesiredSet, Error>;

    /// Finds one of a host.
    async fn desired(
        &mut self,
        organization: OrganizationId,
        host: HostId,
        resource: &ResourceRef,
    ) -> Result<Option<DesiredResource>, Error>;

    /// Stores one resource, new or not.
    async fn put_desired(
        &mut self,
        organization: OrganizationId,
        host: HostId,
        resource: &ResourceRef,
        desired: &DesiredResource,
    ) -> Result<(), Error>;

    /// Forgets one; says whether it was there.
    async fn remove_desired(
        &mut self,
        organization: OrganizationId,
        host: HostId,
        resource: &ResourceRef,
    ) -> Result<bool, Error>;

    /// Forgets all of a host, e.g. because its machine is gone.
    async fn clear_desired(&mut self, organization: OrganizationId, host: HostId) -> Result<(), Error>;
}
