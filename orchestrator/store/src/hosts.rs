//! Hosts and their instances.

use async_trait::async_trait;
use hostwright_model::host::Host;
use hostwright_model::ids::{EnvironmentId, HostId, OrganizationId};
use hostwright_model::instance::Instance;
use hostwright_model::names::HostName;

use crate::Error;

/// Hosts and their instances.
#[async_trait]
pub trait Hosts {
    /// Stores a new one; [`Error::Taken`] if its name is.
    async fn insert_host(&mut self, host: &Host) -> Result<(), Error>;

    /// Finds one by name.
    async fn host_by_name(
        &mut self,
        organization: OrganizationId,
        environment: EnvironmentId,
        name: &HostName,
    ) -> Result<Option<Host>, Error>;

    /// Finds one by id.
    async fn host(&mut self, organization: OrganizationId, id: HostId) -> Result<Option<Host>, Error>;

    /// Finds some by id and keeps others from changing them until the end of the transaction. They are locked, and
    /// answered, in the order of their ids, so that two who lock several do not wait for each other for ever.
    ///
    /// A change is compiled while its hosts are locked.
    async fn lock_hosts(&mut self, organization: OrganizationId, ids: &[HostId]) -> Result<Vec<Host>, Error>;

    /// Lists those of an environment, by name.
    async fn hosts(
        &mut self,
        organization: OrganizationId,
        environment: EnvironmentId,
    ) -> Result<Vec<Host>, Error>;

    /// Lists all of an organization, by id.
    async fn all_hosts(&mut self, organization: OrganizationId) -> Result<Vec<Host>, Error>;

    /// Stores what people changed and raises the version, here and there; [`Error::Stale`] if it is not the stored one.
    /// State and generation are stored, too.
    async fn update_host(&mut self, host: &mut Host) -> Result<(), Error>;

    /// Stores state and generation only, whatever the version: what the system does to a host is no edit of it.
    async fn save_host_state(&mut self, host: &Host) -> Result<(), Error>;

    /// Deletes one and everything about it; says whether it was there.
    async fn delete_host(&mut self, organization: OrganizationId, id: HostId) -> Result<bool, Error>;

    /// Finds the instance of a host.
    async fn instance(
        &mut self,
        organization: OrganizationId,
        host: HostId,
    ) -> Result<Option<Instance>, Error>;

    /// Stores a new instance; [`Error::Taken`] if the host has one.
    async fn insert_instance(&mut self, instance: &Instance) -> Result<(), Error>;

    /// Stores what changed and raises the version, here and there; [`Error::Stale`] if it is not the stored one.
    async fn update_instance(&mut self, instance: &mut Instance) -> Result<(), Error>;

    /// Deletes the instance of a host; says whether it was there.
    async fn delete_instance(&mut self, organization: OrganizationId, host: HostId) -> Result<bool, Error>;
}
