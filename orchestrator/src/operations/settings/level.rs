//! Where settings stand, and whom they reach.

use hostwright_model::context::{Context, Subject};
use hostwright_model::ids::HostId;
use hostwright_model::names::ApplicationName;
use hostwright_model::organization::Organization;
use hostwright_model::setting::Scope;

use super::Level;
use crate::operations::{
    HostPath, OperationError, Work, contexts, distributions, environments, hosts, platforms,
};

/// A place where settings stand.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) scope: Scope,
    /// Below the organization, as events name it.
    pub(super) path: String,
    entity: Entity,
}

/// Whose version rises with its settings.
#[derive(Clone, Debug)]
enum Entity {
    Organization(Organization),
    Environment(hostwright_model::environment::Environment),
    Host(hostwright_model::host::Host),
    Context(Box<Context>),
    Platform(Box<hostwright_model::platform::Platform>),
    Distribution(Box<hostwright_model::distribution::Distribution>),
}

pub(super) async fn find(
    work: &mut Work,
    organization: &Organization,
    level: &Level,
) -> Result<Place, OperationError> {
    Ok(match level {
        Level::Organization => of_organization(organization.clone()),
        Level::Environment(name) => {
            of_environment(environments::find_environment(work, organization, name).await?)
        }
        Level::Host(path) => of_host(path, hosts::find_host(work, organization, path).await?),
        Level::Application(path, application) => {
            let host = hosts::find_host(work, organization, path).await?;
            let (context, _) = contexts::find(work, organization, &host, application).await?;
            of_application(path, application, context)
        }
        Level::HostPlatform(path) => of_subject(work, organization, path, "platform").await?,
        Level::HostDistribution(path) => of_subject(work, organization, path, "distribution").await?,
        Level::Platform(name) => {
            let platform = platforms::find_platform(work, organization, name).await?;
            let (scope, path) = (Scope::Platform(platform.id), format!("platforms/{name}"));
            Place { scope, path, entity: Entity::Platform(Box::new(platform)) }
        }
        Level::Distribution(name) => {
            let distribution = distributions::find_distribution(work, organization, name).await?;
            let (scope, path) = (Scope::Distribution(distribution.id), format!("distributions/{name}"));
            Place { scope, path, entity: Entity::Distribution(Box::new(distribution)) }
        }
    })
}

/// Finds the place of a host or of an application on one, of which only the id is known.
pub(super) async fn of_scope(
    work: &mut Work,
    organization: &Organization,
    scope: Scope,
) -> Result<Place, OperationError> {
    let missing = || OperationError::not_found("place of settings", scope.parts().1);
    match scope {
        Scope::Organization(_) => Ok(of_organization(organization.clone())),
        Scope::Environment(id) => {
            Ok(of_environment(work.tx.environment(organization.id, id).await?.ok_or_else(missing)?))
        }
        Scope::Host(id) => {
            let host = work.tx.host(organization.id, id).await?.ok_or_else(missing)?;
            Ok(of_host(&hosts::path_of(work, &host).await?, host))
        }
        Scope::Context(id) => {
            for host in work.tx.all_hosts(organization.id).await? {
                let contexts = work.tx.contexts(organization.id, host.id).await?;
                let Some(context) = contexts.into_iter().find(|context| context.id == id) else { continue };
                let path = hosts::path_of(work, &host).await?;
                let name = contexts::name_of(work, &context).await?;
                return Ok(Place {
                    scope,
                    path: format!("{path}/{name}"),
                    entity: Entity::Context(Box::new(context)),
                });
            }
            Err(missing())
        }
        Scope::Platform(_) | Scope::Distribution(_) => Err(missing()),
    }
}

/// Returns the place of a context that is at hand.
pub(super) fn of_application(path: &HostPath, application: &ApplicationName, context: Context) -> Place {
    let (scope, path) = (Scope::Context(context.id), format!("{path}/applications/{application}"));
    Place { scope, path, entity: Entity::Context(Box::new(context)) }
}

fn of_organization(organization: Organization) -> Place {
    let scope = Scope::Organization(organization.id);
    Place { scope, path: String::new(), entity: Entity::Organization(organization) }
}

fn of_environment(environment: hostwright_model::environment::Environment) -> Place {
    let (scope, path) = (Scope::Environment(environment.id), format!("environments/{}", environment.name));
    Place { scope, path, entity: Entity::Environment(environment) }
}

fn of_host(path: &HostPath, host: hostwright_model::host::Host) -> Place {
    Place { scope: Scope::Host(host.id), path: path.to_string(), entity: Entity::Host(host) }
}

async fn of_subject(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    what: &'static str,
) -> Result<Place, OperationError> {
    let host = hosts::find_host(work, organization, path).await?;
    let contexts = work.tx.contexts(organization.id, host.id).await?;
    let wanted = |context: &Context| {
        matches!(
            (&context.subject, what),
            (Subject::Platform(_), "platform") | (Subject::Distribution(_), "distribution")
        )
    };
    let context = contexts.into_iter().find(wanted);
    let context = context.ok_or_else(|| OperationError::not_found(what, format!("of host {}", path.host)))?;
    let (scope, path) = (Scope::Context(context.id), format!("{path}/{what}"));
    Ok(Place { scope, path, entity: Entity::Context(Box::new(context)) })
}

impl Place {
    /// Returns the hosts whose applications may have another value by a setting here, by id.
    pub(super) async fn affected(
        &self,
        work: &mut Work,
        organization: &Organization,
    ) -> Result<Vec<HostId>, OperationError> {
        let hosts = match &self.entity {
            Entity::Organization(_) => work.tx.all_hosts(organization.id).await?,
            Entity::Environment(environment) => work.tx.hosts(organization.id, environment.id).await?,
            Entity::Host(host) => return Ok(vec![host.id]),
            Entity::Context(context) => return Ok(vec![context.host]),
            // They speak to the making of machines only.
            Entity::Platform(_) | Entity::Distribution(_) => return Ok(Vec::new()),
        };
        let mut ids: Vec<HostId> = hosts.into_iter().map(|host| host.id).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// Raises the version of what the settings belong to.
    pub(super) async fn touch(&self, work: &mut Work) -> Result<(), OperationError> {
        match self.entity.clone() {
            Entity::Organization(organization) => {
                // The caller read it once for the whole request; this may not be the first write.
                let current = work.tx.organization(organization.id).await?;
                work.tx.update_organization(&mut current.unwrap_or(organization)).await?;
            }
            Entity::Environment(mut environment) => work.tx.update_environment(&mut environment).await?,
            Entity::Host(mut host) => work.tx.update_host(&mut host).await?,
            Entity::Context(mut context) => work.tx.update_context(&mut context).await?,
            Entity::Platform(mut platform) => work.tx.update_platform(&mut platform).await?,
            Entity::Distribution(mut distribution) => work.tx.update_distribution(&mut distribution).await?,
        }
        Ok(())
    }

    /// Returns the context that the settings belong to, if it is one.
    pub(super) fn context(&self) -> Option<&Context> {
        match &self.entity {
            Entity::Context(context) => Some(context),
            _ => None,
        }
    }
}
