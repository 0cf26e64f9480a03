//! Organizations.

use hostwright_model::event::{Actor, Occurrence};
use hostwright_model::names::{EnvironmentName, OrganizationName, PlatformName};
use hostwright_model::organization::Organization;
use hostwright_model::platform::{DriverName, Platform};
use hostwright_model::setting::{Scope, Setting};
use hostwright_model::user::{Membership, Role, RoleScope};

use super::{OperationError, Work, plugins};

/// What the platform that each organization begins with is called, and its driver.
const MANUAL: &str = "Manual";

/// A new organization.
#[derive(Clone, Debug)]
pub struct CreateOrganization {
    /// Unique in the site.
    pub name: OrganizationName,
    /// For people.
    pub description: String,
}

/// What is to be different; nothing leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct UpdateOrganization {
    /// Another name.
    pub name: Option<OrganizationName>,
    /// Another description.
    pub description: Option<String>,
}

/// An organization with what belongs to it.
#[derive(Clone, Debug)]
pub struct OrganizationView {
    /// Itself.
    pub organization: Organization,
    /// Its environments, by name.
    pub environments: Vec<EnvironmentName>,
    /// Its settings.
    pub settings: Vec<Setting>,
}

/// Finds an organization.
pub async fn find_organization(
    work: &mut Work,
    name: &OrganizationName,
) -> Result<Organization, OperationError> {
    let found = work.tx.organization_by_name(name).await?;
    found.ok_or_else(|| OperationError::not_found("organization", name))
}

/// Lists all organizations, by name.
pub async fn list_organizations(work: &mut Work) -> Result<Vec<Organization>, OperationError> {
    Ok(work.tx.organizations().await?)
}

/// Adds to an organization what belongs to it.
pub async fn view_organization(
    work: &mut Work,
    organization: Organization,
) -> Result<OrganizationView, OperationError> {
    let environments = work.tx.environments(organization.id).await?;
    let environments = environments.into_iter().map(|environment| environment.name).collect();
    let settings = work.tx.settings(organization.id, Scope::Organization(organization.id)).await?;
    Ok(OrganizationView { organization, environments, settings })
}

/// Makes an organization with a platform `Manual` and every plugin that came with this installation. Whoever makes it
/// is its administrator.
pub async fn create_organization(
    work: &mut Work,
    input: CreateOrganization,
) -> Result<Organization, OperationError> {
    let CreateOrganization { name, description } = input;
    let organization =
        Organization { id: work.fresh(), name, description, version: 1, created_at: work.now() };
    let taken = OperationError::taken("organization", &organization.name);
    work.tx.insert_organization(&organization).await.map_err(taken)?;
    if let Actor::User { username, .. } = work.actor.clone()
        && let Ok(username) = username.parse()
        && let Some(user) = work.tx.user_by_name(&username).await?
    {
        let scope = RoleScope::Organization(organization.id);
        let role = Role::Administrator;
        let membership = Membership { organization: organization.id, user: user.id, scope, role };
        work.tx.put_membership(&membership).await?;
    }
    work.record(organization.id, created("organization", String::new()));
    add_manual_platform(work, &organization).await?;
    plugins::activate_shipped(work, &organization).await?;
    Ok(organization)
}

async fn add_manual_platform(work: &mut Work, organization: &Organization) -> Result<(), OperationError> {
    let name: PlatformName = MANUAL.parse()?;
    let platform = Platform {
        id: work.fresh(),
        organization: organization.id,
        name,
        description: "Machines that exist already".to_owned(),
        version: 1,
        driver: DriverName(MANUAL.to_owned()),
        parameters: Vec::new(),
        files: Vec::new(),
        created_at: work.now(),
    };
    work.tx.insert_platform(&platform).await?;
    work.record(organization.id, created("platform", format!("platforms/{MANUAL}")));
    Ok(())
}

/// Renames or describes an organization.
pub async fn update_organization(
    work: &mut Work,
    mut organization: Organization,
    input: UpdateOrganization,
) -> Result<Organization, OperationError> {
    let UpdateOrganization { name, description } = input;
    organization.name = name.unwrap_or(organization.name);
    organization.description = description.unwrap_or(organization.description);
    let taken = OperationError::taken("organization", &organization.name);
    work.tx.update_organization(&mut organization).await.map_err(taken)?;
    let updated = Occurrence::Updated { kind: "organization".to_owned(), path: String::new() };
    work.record(organization.id, updated);
    Ok(organization)
}

/// Deletes an organization and everything in it, unless a host still has a machine.
pub async fn delete_organization(work: &mut Work, organization: &Organization) -> Result<(), OperationError> {
    for host in work.tx.all_hosts(organization.id).await? {
        if work.tx.instance(organization.id, host.id).await?.is_some() {
            let reason = format!("host `{}` still has an instance: delete or forget it first", host.name);
            return Err(OperationError::Conflict { reason });
        }
    }
    work.tx.delete_organization(organization.id).await?;
    // What happened in it went with it; that it went is the site's matter.
    let path = format!("organizations/{}", organization.name);
    work.record(None, Occurrence::Deleted { kind: "organization".to_owned(), path });
    Ok(())
}

pub(super) fn created(kind: &str, path: String) -> Occurrence {
    Occurrence::Created { kind: kind.to_owned(), path }
}
