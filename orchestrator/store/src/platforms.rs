//! Platforms and distributions.

use async_trait::async_trait;
use hostwright_model::distribution::Distribution;
use hostwright_model::ids::{DistributionId, OrganizationId, PlatformId};
use hostwright_model::names::{DistributionName, PlatformName};
use hostwright_model::platform::Platform;

use crate::Error;

/// Platforms and distributions. Their settings are found by [`Settings`](crate::Settings).
#[async_trait]
pub trait Platforms {
    /// Stores a new one; [`Error::Taken`] if its name is.
    async fn insert_platform(&mut self, platform: &Platform) -> Result<(), Error>;

    /// Finds one by name.
    async fn platform_by_name(
        &mut self,
        organization: OrganizationId,
        name: &PlatformName,
    ) -> Result<Option<Platform>, Error>;

    /// Finds one by id.
    async fn platform(
        &mut self,
        organization: OrganizationId,
        id: PlatformId,
    ) -> Result<Option<Platform>, Error>;

    /// Lists all, by name.
    async fn platforms(&mut self, organization: OrganizationId) -> Result<Vec<Platform>, Error>;

    /// Stores what changed and raises the version, here and there; [`Error::Stale`] if it is not the stored one.
    async fn update_platform(&mut self, platform: &mut Platform) -> Result<(), Error>;

    /// Deletes one with its settings; [`Error::InUse`] while a host is on it. Says whether it was there.
    async fn delete_platform(&mut self, organization: OrganizationId, id: PlatformId) -> Result<bool, Error>;

    /// Stores a new one; [`Error::Taken`] if its name is.
    async fn insert_distribution(&mut self, distribution: &Distribution) -> Result<(), Error>;

    /// Finds one by name.
    async fn distribution_by_name(
        &mut self,
        organization: OrganizationId,
        name: &DistributionName,
    ) -> Result<Option<Distribution>, Error>;

    /// Finds one by id.
    async fn distribution(
        &mut self,
        organization: OrganizationId,
        id: DistributionId,
    ) -> Result<Option<Distribution>, Error>;

    /// Lists all, by name.
    async fn distributions(&mut self, organization: OrganizationId) -> Result<Vec<Distribution>, Error>;

    /// Stores what changed and raises the version, here and there; [`Error::Stale`] if it is not the stored one.
    async fn update_distribution(&mut self, distribution: &mut Distribution) -> Result<(), Error>;

    /// Deletes one with its settings; [`Error::InUse`] while a host has it. Says whether it was there.
    async fn delete_distribution(
        &mut self,
        organization: OrganizationId,
        id: DistributionId,
    ) -> Result<bool, Error>;
}
