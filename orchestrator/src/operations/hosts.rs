//! Hosts: defining, changing, moving, cloning and deleting blueprints.

use hostwright_model::change::Change;
use hostwright_model::context::{ApplicationContext, Context, Installation, Subject};
use hostwright_model::environment::Environment;
use hostwright_model::event::Occurrence;
use hostwright_model::host::{Host, HostState};
use hostwright_model::ids::HostId;
use hostwright_model::names::{ApplicationName, DistributionName, EnvironmentName, HostName, PlatformName};
use hostwright_model::organization::Organization;
use hostwright_model::setting::{Scope, Setting};

use super::settings::{self, SettingDraft};
use super::{OperationError, Work, contexts, distributions, environments, platforms, sending};

/// Where a host is in its organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPath {
    /// In which environment.
    pub environment: EnvironmentName,
    /// Which.
    pub host: HostName,
}

/// A new host.
#[derive(Clone, Debug)]
pub struct DefineHost {
    /// Unique in its environment.
    pub name: HostName,
    /// For people.
    pub description: String,
    /// Where its machine is made.
    pub platform: Option<PlatformName>,
    /// What is put on it first.
    pub distribution: Option<DistributionName>,
    /// What counts for it.
    pub settings: Vec<SettingDraft>,
    /// What is installed on it, in this order.
    pub applications: Vec<ApplicationName>,
}

/// What is to be different; nothing leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct UpdateHost {
    /// Another name.
    pub name: Option<HostName>,
    /// Another description.
    pub description: Option<String>,
    /// Another environment: the host moves there.
    pub environment: Option<EnvironmentName>,
    /// Another platform; only while there is no machine.
    pub platform: Option<PlatformName>,
    /// Another distribution; only while there is no machine.
    pub distribution: Option<DistributionName>,
    /// All settings anew.
    pub settings: Option<Vec<SettingDraft>>,
}

/// A host with what belongs to it.
#[derive(Clone, Debug)]
pub struct HostView {
    /// Itself.
    pub host: Host,
    /// Where it stands.
    pub environment: EnvironmentName,
    /// Its platform.
    pub platform: Option<PlatformName>,
    /// Its distribution.
    pub distribution: Option<DistributionName>,
    /// Its applications, by position; also those that are being uninstalled.
    pub applications: Vec<ApplicationName>,
    /// Its settings.
    pub settings: Vec<Setting>,
    /// Whether no alert of it is open.
    pub is_compliant: bool,
}

/// Finds a host.
pub async fn find_host(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
) -> Result<Host, OperationError> {
    let environment = environments::find_environment(work, organization, &path.environment).await?;
    let found = work.tx.host_by_name(organization.id, environment.id, &path.host).await?;
    found.ok_or_else(|| OperationError::not_found("host", &path.host))
}

/// Lists the hosts of an environment, by name.
pub async fn list_hosts(work: &mut Work, environment: &Environment) -> Result<Vec<Host>, OperationError> {
    Ok(work.tx.hosts(environment.organization, environment.id).await?)
}

/// Lists every host of an organization, by id.
pub async fn list_all_hosts(
    work: &mut Work,
    organization: &Organization,
) -> Result<Vec<Host>, OperationError> {
    Ok(work.tx.all_hosts(organization.id).await?)
}

/// Adds to a host what belongs to it.
pub async fn view_host(work: &mut Work, host: Host) -> Result<HostView, OperationError> {
    let organization = host.organization;
    let environment = work.tx.environment(organization, host.environment).await?;
    let environment =
        environment.ok_or_else(|| OperationError::not_found("environment", host.environment))?.name;
    let (mut platform, mut distribution, mut applications) = (None, None, Vec::new());
    for context in work.tx.contexts(organization, host.id).await? {
        match context.subject {
            Subject::Platform(id) => {
                platform = work.tx.platform(organization, id).await?.map(|found| found.name);
            }
            Subject::Distribution(id) => {
                distribution = work.tx.distribution(organization, id).await?.map(|found| found.name);
            }
            Subject::Application(ApplicationContext { application, .. }) => {
                applications
                    .extend(work.tx.application(organization, application).await?.map(|found| found.name));
            }
        }
    }
    let settings = work.tx.settings(organization, Scope::Host(host.id)).await?;
    let is_compliant = work.tx.alerts(organization, host.id).await?.is_empty();
    Ok(HostView { host, environment, platform, distribution, applications, settings, is_compliant })
}

/// Defines a host. Nothing is sent: there is no machine yet.
pub async fn define_host(
    work: &mut Work,
    organization: &Organization,
    environment: &EnvironmentName,
    input: DefineHost,
) -> Result<Host, OperationError> {
    let DefineHost { name, description, platform, distribution, settings, applications } = input;
    let environment = environments::find_environment(work, organization, environment).await?;
    let host = Host {
        id: work.fresh(),
        organization: organization.id,
        environment: environment.id,
        name,
        description,
        version: 1,
        state: HostState::Defined,
        generation: 0,
        created_at: work.now(),
    };
    work.tx.insert_host(&host).await.map_err(OperationError::taken("host", &host.name))?;
    let path = HostPath { environment: environment.name, host: host.name.clone() };
    work.record(organization.id, Occurrence::Created { kind: "host".to_owned(), path: path.to_string() });
    associate(work, organization, &host, platform, distribution).await?;
    settings::define(work, organization, Scope::Host(host.id), settings).await?;
    for application in applications {
        let install = contexts::Install { application, settings: Vec::new(), services: Vec::new() };
        contexts::install_application(work, organization, &path, install).await?;
    }
    Ok(host)
}

/// Changes a host. A move to another environment, and other settings, run the handlers whose keys have another effective
/// value then.
pub async fn update_host(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    input: UpdateHost,
) -> Result<(Host, Vec<Change>), OperationError> {
    let UpdateHost { name, description, environment, platform, distribution, settings } = input;
    let found = find_host(work, organization, path).await?;
    let prepared = sending::prepare(work, organization, &[found.id]).await?;
    let mut host = locked(work, organization, found.id).await?;
    let before = host.clone();
    let target = match environment {
        Some(name) => environments::find_environment(work, organization, &name).await?.id,
        None => host.environment,
    };
    host.environment = target;
    host.name = name.unwrap_or(host.name);
    host.description = description.unwrap_or(host.description);
    let mut differs = host != before;
    differs |= associate(work, organization, &host, platform, distribution).await?;
    if let Some(settings) = settings {
        differs |= settings::replace(work, organization, Scope::Host(host.id), settings).await?;
    }
    // Whoever reads a host and puts it back changes no version.
    if differs {
        work.tx.update_host(&mut host).await.map_err(OperationError::taken("host", &host.name))?;
        work.record(organization.id, Occurrence::Updated { kind: "host".to_owned(), path: path.to_string() });
    }
    let changes = sending::settings_changed(work, organization, prepared).await?;
    Ok((locked(work, organization, host.id).await?, changes))
}

/// Deletes a host and everything about it, once there is no machine.
pub async fn delete_host(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
) -> Result<(), OperationError> {
    let host = find_host(work, organization, path).await?;
    if work.tx.instance(organization.id, host.id).await?.is_some() {
        let reason = format!("host `{}` still has an instance: delete or forget it first", host.name);
        return Err(OperationError::Conflict { reason });
    }
    work.tx.delete_host(organization.id, host.id).await?;
    work.record(organization.id, Occurrence::Deleted { kind: "host".to_owned(), path: path.to_string() });
    Ok(())
}

/// Copies a host with its contexts and settings, without a machine, as `NAME (1)` unless another name is given.
pub async fn clone_host(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    name: Option<HostName>,
) -> Result<Host, OperationError> {
    let original = find_host(work, organization, path).await?;
    let name = match name {
        Some(name) => name,
        None => free_name(work, &original).await?,
    };
    let copy = Host {
        id: work.fresh(),
        name,
        version: 1,
        state: HostState::Defined,
        generation: 0,
        created_at: work.now(),
        ..original.clone()
    };
    work.tx.insert_host(&copy).await.map_err(OperationError::taken("host", &copy.name))?;
    copy_settings(work, organization, Scope::Host(original.id), Scope::Host(copy.id)).await?;
    for context in work.tx.contexts(organization.id, original.id).await? {
        let from = Scope::Context(context.id);
        let mut context =
            Context { id: work.fresh(), host: copy.id, version: 1, created_at: work.now(), ..context };
        if let Subject::Application(application) = &mut context.subject {
            if application.installation == Installation::Uninstalling {
                continue;
            }
            application.installation = Installation::Recorded;
        }
        work.tx.insert_context(&context).await?;
        copy_settings(work, organization, from, Scope::Context(context.id)).await?;
    }
    let path = HostPath { environment: path.environment.clone(), host: copy.name.clone() };
    work.record(organization.id, Occurrence::Created { kind: "host".to_owned(), path: path.to_string() });
    Ok(copy)
}

/// Finds where a host is, for events and links.
pub(crate) async fn path_of(work: &mut Work, host: &Host) -> Result<HostPath, OperationError> {
    let environment = work.tx.environment(host.organization, host.environment).await?;
    let environment =
        environment.ok_or_else(|| OperationError::not_found("environment", host.environment))?;
    Ok(HostPath { environment: environment.name, host: host.name.clone() })
}

/// Finds a host by id and keeps others from changing it.
pub(crate) async fn locked(
    work: &mut Work,
    organization: &Organization,
    id: HostId,
) -> Result<Host, OperationError> {
    let mut found = work.tx.lock_hosts(organization.id, &[id]).await?;
    found.pop().ok_or_else(|| OperationError::not_found("host", id))
}

/// A name like this one that nobody has in the environment.
pub(crate) async fn free_name(work: &mut Work, like: &Host) -> Result<HostName, OperationError> {
    for number in 1..10_000_u32 {
        let name: HostName = format!("{} ({number})", like.name).parse()?;
        if work.tx.host_by_name(like.organization, like.environment, &name).await?.is_none() {
            return Ok(name);
        }
    }
    Err(OperationError::conflict(format!("there are too many hosts named like `{}`", like.name)))
}

async fn copy_settings(
    work: &mut Work,
    organization: &Organization,
    from: Scope,
    to: Scope,
) -> Result<(), OperationError> {
    for mut setting in work.tx.settings(organization.id, from).await? {
        setting.version = 0;
        work.tx.put_setting(organization.id, to, &mut setting).await?;
    }
    Ok(())
}

async fn associate(
    work: &mut Work,
    organization: &Organization,
    host: &Host,
    platform: Option<PlatformName>,
    distribution: Option<DistributionName>,
) -> Result<bool, OperationError> {
    let mut wanted = Vec::new();
    if let Some(name) = platform {
        wanted.push(Subject::Platform(platforms::find_platform(work, organization, &name).await?.id));
    }
    if let Some(name) = distribution {
        let distribution = distributions::find_distribution(work, organization, &name).await?;
        wanted.push(Subject::Distribution(distribution.id));
    }
    let mut differs = false;
    for subject in wanted {
        differs |= contexts::associate(work, organization, host, subject).await?;
    }
    Ok(differs)
}

impl std::fmt::Display for HostPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "environments/{}/hosts/{}", self.environment, self.host)
    }
}
