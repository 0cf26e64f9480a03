//! Environments.

use async_trait::async_trait;
use hostwright_model::environment::Environment;
use hostwright_model::ids::{EnvironmentId, OrganizationId};
use hostwright_model::names::EnvironmentName;

use crate::Error;

/// Environments.
#[async_trait]
pub trait Environments {
    /// Stores a new one; [`Error::Taken`] if its name is.
    async fn insert_environment(&mut self, environment: &Environment) -> Result<(), Error>;

    /// Finds one by name.
    async fn environment_by_name(
        &mut self,
        organization: OrganizationId,
        name: &EnvironmentName,
    ) -> Result<Option<Environment>, Error>;

    /// Finds one by id.
    async fn environment(
        &mut self,
        organization: OrganizationId,
        id: EnvironmentId,
    ) -> Result<Option<Environment>, Error>;

    /// Lists all, by name.
    async fn environments(&mut self, organization: OrganizationId) -> Result<Vec<Environment>, Error>;

    /// Stores what changed and raises the version, here and there; [`Error::Stale`] if it is not the stored one.
    async fn update_environment(&mut self, environment: &mut Environment) -> Result<(), Error>;

    /// Deletes one with its settings; [`Error::InUse`] while there are hosts in it. Says whether it was there.
    async fn delete_environment(
        &mut self,
        organization: OrganizationId,
        id: EnvironmentId,
    ) -> Result<bool, Error>;
}
