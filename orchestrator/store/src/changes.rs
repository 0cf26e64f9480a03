//! Changes and their tasks.

use async_trait::async_trait;
use hostwright_model::change::{Change, ChangeTask};
use hostwright_model::ids::{ChangeId, HostId, OrganizationId};

use crate::Error;

/// Changes and their tasks.
#[async_trait]
pub trait Changes {
    /// Stores a new one and gives it the next order number of its host, which it returns and sets.
    async fn insert_change(&mut self, change: &mut Change) -> Result<u64, Error>;

    /// Finds one by id.
    async fn change(&mut self, organization: OrganizationId, id: ChangeId) -> Result<Option<Change>, Error>;

    /// Finds one by id, and nothing of its tasks.
    async fn change_alone(
        &mut self,
        organization: OrganizationId,
        id: ChangeId,
    ) -> Result<Option<Change>, Error>;

    /// Finds one task of a change.
    async fn task(
        &mut self,
        organization: OrganizationId,
        change: ChangeId,
        number: u32,
    ) -> Result<Option<ChangeTask>, Error>;

    /// Finds one by its place among the host's changes.
    async fn change_by_number(
        &mut self,
        organization: OrganizationId,
        host: HostId,
        order_number: u64,
    ) -> Result<Option<Change>, Error>;

    /// Lists those of a host by order number; without `ended`, only those that have not.
    async fn changes(
        &mut self,
        organization: OrganizationId,
        host: HostId,
        ended: bool,
    ) -> Result<Vec<Change>, Error>;

    /// Lists those of a host that have not ended, by order number.
    async fn open_changes(
        &mut self,
        organization: OrganizationId,
        host: HostId,
    ) -> Result<Vec<Change>, Error> {
        self.changes(organization, host, false).await
    }

    /// Stores state, generation, digest and expiry of a change and everything of its tasks.
    async fn save_change(&mut self, change: &Change) -> Result<(), Error>;

    /// Stores state, generation, digest and expiry of a change; its tasks stay as they are stored.
    async fn save_change_alone(&mut self, change: &Change) -> Result<(), Error>;

    /// Stores the state of one task.
    async fn save_task(
        &mut self,
        organization: OrganizationId,
        change: ChangeId,
        task: &ChangeTask,
    ) -> Result<(), Error>;

    /// Deletes one; says whether it was there. Its order number is never used again.
    async fn delete_change(&mut self, organization: OrganizationId, id: ChangeId) -> Result<bool, Error>;

    /// Lists changes that are past their time, of all organizations, because the job that ends them has none: those that
    /// wait, and those that were begun by an agent that is away and was not heard of since.
    async fn overdue_changes(
        &mut self,
        now: chrono::DateTime<chrono::Utc>,
        silent_since: chrono::DateTime<chrono::Utc>,
        limit: u32,
    ) -> Result<Vec<(OrganizationId, ChangeId)>, Error>;
}
