//! Distributions, to be looked at.

use hostwright_model::distribution::Distribution;
use hostwright_model::names::DistributionName;
use hostwright_model::organization::Organization;
use hostwright_model::setting::{Scope, Setting};

use super::{OperationError, Work};

/// A distribution with what belongs to it.
#[derive(Clone, Debug)]
pub struct DistributionView {
    /// Itself.
    pub distribution: Distribution,
    /// Its settings.
    pub settings: Vec<Setting>,
}

/// Finds a distribution.
pub async fn find_distribution(
    work: &mut Work,
    organization: &Organization,
    name: &DistributionName,
) -> Result<Distribution, OperationError> {
    let found = work.tx.distribution_by_name(organization.id, name).await?;
    found.ok_or_else(|| OperationError::not_found("distribution", name))
}

/// Lists the distributions of an organization, by name.
pub async fn list_distributions(
    work: &mut Work,
    organization: &Organization,
) -> Result<Vec<Distribution>, OperationError> {
    Ok(work.tx.distributions(organization.id).await?)
}

/// Adds to a distribution what belongs to it.
pub async fn view_distribution(
    work: &mut Work,
    distribution: Distribution,
) -> Result<DistributionView, OperationError> {
    let settings = work.tx.settings(distribution.organization, Scope::Distribution(distribution.id)).await?;
    Ok(DistributionView { distribution, settings })
}
