//! Applications.

use async_trait::async_trait;
use hostwright_model::application::Application;
use hostwright_model::ids::{ApplicationId, OrganizationId};
use hostwright_model::names::ApplicationName;

use crate::Error;

/// Applications. The content of their files is found by [`Blobs`](crate::Blobs).
#[async_trait]
pub trait Applications {
    /// Stores a new one; [`Error::Taken`] if its name is.
    async fn insert_application(&mut self, application: &Application) -> Result<(), Error>;

    /// Finds one by name.
    async fn application_by_name(
        &mut self,
        organization: OrganizationId,
        name: &ApplicationName,
    ) -> Result<Option<Application>, Error>;

    /// Finds one by id.
    async fn application(
        &mut self,
        organization: OrganizationId,
        id: ApplicationId,
    ) -> Result<Option<Application>, Error>;

    /// Lists all, by name.
    async fn applications(&mut self, organization: OrganizationId) -> Result<Vec<Application>, Error>;

    /// Stores what changed and raises the version, here and there; [`Error::Stale`] if it is not the stored one.
    async fn update_application(&mut self, application: &mut Application) -> Result<(), Error>;

    /// Deletes one; [`Error::InUse`] while a host has it. Says whether it was there.
    async fn delete_application(
        &mut self,
        organization: OrganizationId,
        id: ApplicationId,
    ) -> Result<bool, Error>;
}
