//! Templates associated with hosts.

use async_trait::async_trait;
use hostwright_model::context::Context;
use hostwright_model::ids::{ApplicationId, ContextId, HostId, OrganizationId};

use crate::Error;

/// Templates associated with hosts.
#[async_trait]
pub trait Contexts {
    /// Stores a new one; [`Error::Taken`] if the host has that application, or a platform or distribution, already.
    async fn insert_context(&mut self, context: &Context) -> Result<(), Error>;

    /// Lists those of a host: platform, distribution, then applications by position.
    async fn contexts(&mut self, organization: OrganizationId, host: HostId) -> Result<Vec<Context>, Error>;

    /// Finds that of an application on a host.
    async fn application_context(
        &mut self,
        organization: OrganizationId,
        host: HostId,
        application: ApplicationId,
    ) -> Result<Option<Context>, Error>;

    /// Lists those of an application, by host.
    async fn contexts_of_application(
        &mut self,
        organization: OrganizationId,
        application: ApplicationId,
    ) -> Result<Vec<Context>, Error>;

    /// Stores what changed and raises the version, here and there; [`Error::Stale`] if it is not the stored one.
    async fn update_context(&mut self, context: &mut Context) -> Result<(), Error>;

    /// Deletes one with its settings; says whether it was there.
    async fn delete_context(&mut self, organization: OrganizationId, id: ContextId) -> Result<bool, Error>;
}
