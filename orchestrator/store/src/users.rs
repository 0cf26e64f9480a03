//! People, API keys and roles.

use async_trait::async_trait;
use hostwright_model::ids::{ApiKeyId, OrganizationId, UserId};
use hostwright_model::names::UserName;
use hostwright_model::user::{ApiKey, Membership, RoleScope, User};

use crate::Error;

/// People, API keys and roles.
#[async_trait]
pub trait Users {
    /// Stores a new one; [`Error::Taken`] if the name or the address is.
    async fn insert_user(&mut self, user: &User) -> Result<(), Error>;

    /// Finds one by id.
    async fn user(&mut self, id: UserId) -> Result<Option<User>, Error>;

    /// Finds one by name.
    async fn user_by_name(&mut self, username: &UserName) -> Result<Option<User>, Error>;

    /// Lists all, by name.
    async fn users(&mut self) -> Result<Vec<User>, Error>;

    /// Stores what changed and raises the version, here and there; [`Error::Stale`] if it is not the stored one.
    async fn update_user(&mut self, user: &mut User) -> Result<(), Error>;

    /// Deletes one with all roles; says whether they were there.
    async fn delete_user(&mut self, id: UserId) -> Result<bool, Error>;

    /// Gives a role, in place of what the person had in that place.
    async fn put_membership(&mut self, membership: &Membership) -> Result<(), Error>;

    /// Takes a role; says whether there was one.
    async fn delete_membership(
        &mut self,
        organization: OrganizationId,
        user: UserId,
        scope: RoleScope,
    ) -> Result<bool, Error>;

    /// Lists the roles that people have in an organization, by user.
    async fn memberships(&mut self, organization: OrganizationId) -> Result<Vec<Membership>, Error>;

    /// Lists the roles of a person, in all organizations.
    async fn memberships_of_user(&mut self, user: UserId) -> Result<Vec<Membership>, Error>;

    /// Stores a new key; [`Error::Taken`] if its name is.
    async fn insert_api_key(&mut self, key: &ApiKey) -> Result<(), Error>;

    /// Finds a key by its digest alone, because whoever presents it says nothing else.
    async fn api_key_by_digest(&mut self, key_digest: &str) -> Result<Option<ApiKey>, Error>;

    /// Lists all keys of an organization, by name.
    async fn api_keys(&mut self, organization: OrganizationId) -> Result<Vec<ApiKey>, Error>;

    /// Deletes a key; says whether it was there.
    async fn delete_api_key(&mut self, organization: OrganizationId, id: ApiKeyId) -> Result<bool, Error>;
}
