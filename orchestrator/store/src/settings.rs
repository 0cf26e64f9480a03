//! Settings.

use async_trait::async_trait;
use hostwright_model::ids::OrganizationId;
use hostwright_model::names::SettingKey;
use hostwright_model::setting::{Scope, Setting};

use crate::Error;

/// Settings, by where they stand.
#[async_trait]
pub trait Settings {
    /// Finds one.
    async fn setting(
        &mut self,
        organization: OrganizationId,
        scope: Scope,
        key: &SettingKey,
    ) -> Result<Option<Setting>, Error>;

    /// Lists those of one place, in the order in which they were made.
    async fn settings(&mut self, organization: OrganizationId, scope: Scope) -> Result<Vec<Setting>, Error>;

    /// Lists every setting of an organization with where it stands, in the order in which they were made.
    async fn all_settings(&mut self, organization: OrganizationId) -> Result<Vec<(Scope, Setting)>, Error>;

    /// Stores one, new or not, and raises its version, here and there; the version of a new one is 1.
    async fn put_setting(
        &mut self,
        organization: OrganizationId,
        scope: Scope,
        setting: &mut Setting,
    ) -> Result<(), Error>;

    /// Deletes one; says whether it was there.
    async fn delete_setting(
        &mut self,
        organization: OrganizationId,
        scope: Scope,
        key: &SettingKey,
    ) -> Result<bool, Error>;
}
