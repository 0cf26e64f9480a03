//! Organizations.

use async_trait::async_trait;
use hostwright_model::ids::OrganizationId;
use hostwright_model::names::OrganizationName;
use hostwright_model::organization::Organization;

use crate::Error;

/// Organizations.
#[async_trait]
pub trait Organizations {
    /// Stores a new one; [`Error::Taken`] if its name is.
    async fn insert_organization(&mut self, organization: &Organization) -> Result<(), Error>;

    /// Finds one by name.
    async fn organization_by_name(&mut self, name: &OrganizationName) -> Result<Option<Organization>, Error>;

    /// Finds one by id.
    async fn organization(&mut self, id: OrganizationId) -> Result<Option<Organization>, Error>;

    /// Lists all, by name.
    async fn organizations(&mut self) -> Result<Vec<Organization>, Error>;

    /// Stores what changed and raises the version, here and there; [`Error::Stale`] if it is not the stored one.
    async fn update_organization(&mut self, organization: &mut Organization) -> Result<(), Error>;

    /// Deletes one and everything in it; says whether it was there.
    async fn delete_organization(&mut self, id: OrganizationId) -> Result<bool, Error>;
}
