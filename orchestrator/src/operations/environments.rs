//! Environments.

use hostwright_model::environment::Environment;
use hostwright_model::event::Occurrence;
use hostwright_model::names::{EnvironmentName, HostName};
use hostwright_model::organization::Organization;
use hostwright_model::setting::{Scope, Setting};

use super::{OperationError, Work};

/// A new environment.
#[derive(Clone, Debug)]
pub struct CreateEnvironment {
    /// Unique in its organization.
    pub name: EnvironmentName,
    /// For people.
    pub description: String,
}

/// What is to be different; nothing leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct UpdateEnvironment {
    /// Another name.
    pub name: Option<EnvironmentName>,
    /// Another description.
    pub description: Option<String>,
}

/// An environment with what belongs to it.
#[derive(Clone, Debug)]
pub struct EnvironmentView {
    /// Itself.
    pub environment: Environment,
    /// Its hosts, by name.
    pub hosts: Vec<HostName>,
    /// Its settings.
    pub settings: Vec<Setting>,
}

/// Finds an environment.
pub async fn find_environment(
    work: &mut Work,
    organization: &Organization,
    name: &EnvironmentName,
) -> Result<Environment, OperationError> {
    let found = work.tx.environment_by_name(organization.id, name).await?;
    found.ok_or_else(|| OperationError::not_found("environment", name))
}

/// Lists the environments of an organization, by name.
pub async fn list_environments(
    work: &mut Work,
    organization: &Organization,
) -> Result<Vec<Environment>, OperationError> {
    Ok(work.tx.environments(organization.id).await?)
}

/// Adds to an environment what belongs to it.
pub async fn view_environment(
    work: &mut Work,
    environment: Environment,
) -> Result<EnvironmentView, OperationError> {
    let hosts = work.tx.hosts(environment.organization, environment.id).await?;
    let hosts = hosts.into_iter().map(|host| host.name).collect();
    let settings = work.tx.settings(environment.organization, Scope::Environment(environment.id)).await?;
    Ok(EnvironmentView { environment, hosts, settings })
}

/// Makes an environment.
pub async fn create_environment(
    work: &mut Work,
    organization: &Organization,
    input: CreateEnvironment,
) -> Result<Environment, OperationError> {
    let CreateEnvironment { name, description } = input;
    let environment = Environment {
        id: work.fresh(),
        organization: organization.id,
        name,
        description,
        version: 1,
        created_at: work.now(),
    };
    let taken = OperationError::taken("environment", &environment.name);
    work.tx.insert_environment(&environment).await.map_err(taken)?;
    let path = path(&environment);
    work.record(organization.id, Occurrence::Created { kind: "environment".to_owned(), path });
    Ok(environment)
}

/// Renames or describes an environment.
pub async fn update_environment(
    work: &mut Work,
    mut environment: Environment,
    input: UpdateEnvironment,
) -> Result<Environment, OperationError> {
    let UpdateEnvironment { name, description } = input;
    environment.name = name.unwrap_or(environment.name);
    environment.description = description.unwrap_or(environment.description);
    let taken = OperationError::taken("environment", &environment.name);
    work.tx.update_environment(&mut environment).await.map_err(taken)?;
    let path = path(&environment);
    work.record(environment.organization, Occurrence::Updated { kind: "environment".to_owned(), path });
    Ok(environment)
}

/// Deletes an environment with its settings, once no host is in it.
pub async fn delete_environment(work: &mut Work, environment: &Environment) -> Result<(), OperationError> {
    let hosts = work.tx.hosts(environment.organization, environment.id).await?;
    if let Some(host) = hosts.first() {
        let reason = format!("host `{}` is still in it: delete or move its hosts first", host.name);
        return Err(OperationError::Conflict { reason });
    }
    work.tx.delete_environment(environment.organization, environment.id).await?;
    let path = path(environment);
    work.record(environment.organization, Occurrence::Deleted { kind: "environment".to_owned(), path });
    Ok(())
}

fn path(environment: &Environment) -> String {
    format!("environments/{}", environment.name)
}
