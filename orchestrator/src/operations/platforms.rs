//! Platforms, to be looked at.

use hostwright_model::names::PlatformName;
use hostwright_model::organization::Organization;
use hostwright_model::platform::Platform;
use hostwright_model::setting::{Scope, Setting};

use super::{OperationError, Work};

/// A platform with what belongs to it.
#[derive(Clone, Debug)]
pub struct PlatformView {
    /// Itself.
    pub platform: Platform,
    /// Its settings.
    pub settings: Vec<Setting>,
}

/// Finds a platform.
pub async fn find_platform(
    work: &mut Work,
    organization: &Organization,
    name: &PlatformName,
) -> Result<Platform, OperationError> {
    let found = work.tx.platform_by_name(organization.id, name).await?;
    found.ok_or_else(|| OperationError::not_found("platform", name))
}

/// Lists the platforms of an organization, by name.
pub async fn list_platforms(
    work: &mut Work,
    organization: &Organization,
) -> Result<Vec<Platform>, OperationError> {
    Ok(work.tx.platforms(organization.id).await?)
}

/// Adds to a platform what belongs to it.
pub async fn view_platform(work: &mut Work, platform: Platform) -> Result<PlatformView, OperationError> {
    let settings = work.tx.settings(platform.organization, Scope::Platform(platform.id)).await?;
    Ok(PlatformView { platform, settings })
}
