//! What would be on a machine, without one.

use hostwright_model::names::{ApplicationName, ResourceName};
use hostwright_model::organization::Organization;

use super::{HostPath, OperationError, Work, blueprints, contexts, hosts};

/// Renders a file of an application as it would be on a host now.
pub async fn render_file(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    application: &ApplicationName,
    file: &ResourceName,
) -> Result<Vec<u8>, OperationError> {
    let host = hosts::find_host(work, organization, path).await?;
    let (context, _) = contexts::find(work, organization, &host, application).await?;
    let mut loaded = blueprints::load(work, organization, host).await?;
    blueprints::add_application(work, &mut loaded, &context).await?;
    let desired = hostwright_model::desired::DesiredSet::default();
    let placed = loaded.applications.iter().find(|placed| placed.context == context.id);
    let placed = placed.ok_or_else(|| OperationError::not_found("application", application))?;
    if placed.application.file(file).is_none() {
        return Err(OperationError::not_found("file", file));
    }
    Ok(loaded.blueprint(&desired).render_file(placed, file)?)
}
