//! Making and controlling machines, through the driver of their platform.
//!
//! A driver may take long, and nothing waits for it inside a transaction: what is to happen is stored first, then the driver
//! is called, then what came of it is stored. `provision` may therefore be asked again after a crash, and the driver
//! answers with the same handle.

use std::sync::Arc;

use hostwright_model::event::{Actor, Occurrence};
use hostwright_model::host::{Host, HostState};
use hostwright_model::ids::HostId;
use hostwright_model::instance::{Instance, InstanceState};
use hostwright_model::organization::Organization;
use hostwright_model::platform::Platform;
use hostwright_model::plugin::PluginKind;
use hostwright_model::render::{self, Private, Variables};
use hostwright_model::resolution::Levels;
use hostwright_model::setting::Scope;
use hostwright_runtime::CallError;
use hostwright_runtime::driver::{self, Blueprint, Operation};
use hostwright_runtime::provider::ProviderError;
use indexmap::IndexMap;
use serde_json::json;

use super::contexts::{self, Single};
use super::instances::{self, InstanceView};
use super::{HostPath, OperationError, Work, agents, hosts};
use crate::app::App;
use crate::drivers::{Component, Driver, DriverError};

/// What can be done with a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Switch on.
    Start,
    /// Hold.
    Pause,
    /// Let go on.
    Resume,
    /// Shut down cleanly.
    Stop,
    /// Cut the power.
    PowerOff,
}

/// Everything that a driver is asked with.
struct Assignment {
    host: Host,
    driver: Arc<dyn Driver>,
    blueprint: Blueprint,
}

/// Begins to make the machine of a host: it is PROVISIONING from now on, and ready once its agent has enrolled.
pub async fn provision(
    app: &App,
    actor: Actor,
    organization: &Organization,
    path: &HostPath,
) -> Result<InstanceView, OperationError> {
    let mut look = app.look(actor.clone()).await?;
    let assignment = assign(&mut look, organization, path).await?;
    drop(look);
    let mut work = app.begin(actor.clone()).await?;
    let mut host = hosts::locked(&mut work, organization, assignment.host.id).await?;
    host.state = host.state.provision(work.now()).map_err(OperationError::conflict_of)?;
    if work.tx.instance(organization.id, host.id).await?.is_none() {
        insert_pending(&mut work, &host, IndexMap::new()).await?;
    }
    save_state(&mut work, &host, path).await?;
    work.commit().await?;

    // Whoever asked may go away; the machine is made all the same, and what the driver says of it must not get lost.
    let (app, organization, path) = (app.clone(), organization.clone(), path.clone());
    let making = tokio::spawn(async move { finish(&app, actor, &organization, &path, &assignment).await });
    making.await.unwrap_or_else(|error| Err(OperationError::internal(error)))
}

/// Has the machine made of a host that is being provisioned.
async fn finish(
    app: &App,
    actor: Actor,
    organization: &Organization,
    path: &HostPath,
    assignment: &Assignment,
) -> Result<InstanceView, OperationError> {
    let made = make(assignment).await;
    let mut work = app.begin(actor).await?;
    match made {
        Ok(made) => note_made(&mut work, organization, path, assignment.host.id, made).await?,
        Err(error) => {
            take_back(&mut work, organization, path, assignment.host.id).await?;
            work.commit().await?;
            return Err(error.into());
        }
    }
    let view = instances::find_instance(&mut work, organization, path).await?;
    work.commit().await?;
    Ok(view)
}

/// Finds the machines of which it is not known whether they were made, because an orchestrator ended while their driver was
/// at work.
pub(crate) async fn unfinished(app: &App) -> Result<Vec<(Organization, HostId)>, OperationError> {
    let mut look = app.look(Actor::System).await?;
    let mut unfinished = Vec::new();
    for organization in look.tx.organizations().await? {
        for host in look.tx.all_hosts(organization.id).await? {
            if is_unfinished(&mut look, &host).await? {
                unfinished.push((organization.clone(), host.id));
            }
        }
    }
    Ok(unfinished)
}

/// Asks a driver again for a machine that it may have made or not: it answers with the same handle. What cannot be made is
/// taken back, and the host is a blueprint again.
///
/// # Errors
///
/// [`OperationError::Unavailable`] when the driver cannot be asked at the moment; nothing has changed then.
pub(crate) async fn resume(
    app: &App,
    organization: &Organization,
    host: HostId,
) -> Result<(), OperationError> {
    let mut look = app.look(Actor::System).await?;
    let Some(host) = look.tx.host(organization.id, host).await? else { return Ok(()) };
    if !is_unfinished(&mut look, &host).await? {
        return Ok(());
    }
    let path = hosts::path_of(&mut look, &host).await?;
    let assignment = assign(&mut look, organization, &path).await;
    drop(look);
    let made = match assignment {
        Ok(assignment) => make(&assignment).await.map_err(OperationError::from),
        Err(error) => Err(error),
    };
    let mut work = app.begin(Actor::System).await?;
    match made {
        Ok(made) => {
            tracing::info!(host.id = %host.id, "provisioning of `{}`, which was broken off, goes on", host.name);
            note_made(&mut work, organization, &path, host.id, made).await?;
        }
        Err(error @ OperationError::Unavailable { .. }) => return Err(error),
        Err(error) => {
            tracing::warn!(
                host.id = %host.id, error = &error as &dyn std::error::Error,
                "provisioning of `{}`, which was broken off, cannot go on: it is taken back", host.name
            );
            take_back(&mut work, organization, &path, host.id).await?;
        }
    }
    work.commit().await
}

/// Takes back what could not be resumed.
pub(crate) async fn abandon(
    app: &App,
    organization: &Organization,
    host: HostId,
) -> Result<(), OperationError> {
    let mut work = app.begin(Actor::System).await?;
    let Some(host) = work.tx.host(organization.id, host).await? else { return Ok(()) };
    if !is_unfinished(&mut work, &host).await? {
        return Ok(());
    }
    tracing::error!(
        host.id = %host.id,
        "provisioning of `{}` was broken off and its driver is not to be had: look whether there is a machine", host.name
    );
    let path = hosts::path_of(&mut work, &host).await?;
    take_back(&mut work, organization, &path, host.id).await?;
    work.commit().await
}

/// A driver's handle is stored when it has answered; none is empty.
async fn is_unfinished(work: &mut Work, host: &Host) -> Result<bool, OperationError> {
    if !matches!(host.state, HostState::Provisioning { .. }) {
        return Ok(false);
    }
    let instance = work.tx.instance(host.organization, host.id).await?;
    Ok(instance.is_some_and(|instance| instance.handle.is_empty()))
}

/// Stores what a driver has answered.
async fn note_made(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    host: HostId,
    (handle, inspected): (String, driver::Instance),
) -> Result<(), OperationError> {
    let host = hosts::locked(work, organization, host).await?;
    if let Some(mut instance) = work.tx.instance(organization.id, host.id).await? {
        instance.handle = handle;
        // An agent that enrolled in the meantime knows better.
        if matches!(host.state, HostState::Provisioning { .. }) {
            instance.state = state_of(inspected.state);
        }
        instance.properties.extend(inspected.properties);
        work.tx.update_instance(&mut instance).await?;
    }
    work.record(
        organization.id,
        Occurrence::Updated { kind: "instance".to_owned(), path: format!("{path}/instance") },
    );
    Ok(())
}

/// Makes a host a blueprint again whose machine was not made.
async fn take_back(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    host: HostId,
) -> Result<(), OperationError> {
    let mut host = hosts::locked(work, organization, host).await?;
    if !matches!(host.state, HostState::Provisioning { .. }) {
        return Ok(());
    }
    let instance = work.tx.instance(organization.id, host.id).await?;
    if instance.is_some_and(|instance| instance.handle.is_empty()) {
        work.tx.delete_instance(organization.id, host.id).await?;
    }
    host.state = host.state.forget();
    save_state(work, &host, path).await
}

/// Does something with a machine, if its driver can.
pub async fn control(
    app: &App,
    actor: Actor,
    organization: &Organization,
    path: &HostPath,
    control: Control,
) -> Result<(), OperationError> {
    let mut work = app.look(actor.clone()).await?;
    let InstanceView { instance, .. } = instances::find_instance(&mut work, organization, path).await?;
    if instance.locked && control == Control::PowerOff {
        return Err(locked());
    }
    let Assignment { driver, blueprint, .. } = assign(&mut work, organization, path).await?;
    drop(work);
    require(&*driver, control, path)?;
    driver.operate(control.operation(), &instance.handle, &blueprint.settings).await?;
    let inspected = driver.inspect(&instance.handle, &blueprint.settings).await?;
    let mut work = app.begin(actor).await?;
    let InstanceView { mut instance, .. } = instances::find_instance(&mut work, organization, path).await?;
    instance.state = state_of(inspected.state);
    instance.properties.extend(inspected.properties);
    work.tx.update_instance(&mut instance).await?;
    work.record(
        organization.id,
        Occurrence::Updated { kind: "instance".to_owned(), path: format!("{path}/instance") },
    );
    work.commit().await
}

/// Destroys a machine, and believes its agent no more. The host is a blueprint again.
pub async fn delete_instance(
    app: &App,
    actor: Actor,
    organization: &Organization,
    path: &HostPath,
) -> Result<(), OperationError> {
    let mut work = app.look(actor.clone()).await?;
    let InstanceView { instance, .. } = instances::find_instance(&mut work, organization, path).await?;
    if instance.locked {
        return Err(locked());
    }
    let assignment = assign(&mut work, organization, path).await;
    drop(work);
    match assignment {
        Ok(Assignment { driver, blueprint, .. }) if driver.supports(Operation::Destroy) => {
            driver.operate(Operation::Destroy, &instance.handle, &blueprint.settings).await?;
        }
        // A machine that nobody made, nobody destroys.
        Ok(_) | Err(OperationError::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    let mut work = app.begin(actor).await?;
    forget_instance(&mut work, organization, path).await?;
    work.commit().await
}

/// Lets go of a machine, which goes on as it is; its agent is not believed any more. The host is a blueprint again.
pub async fn forget_instance(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
) -> Result<(), OperationError> {
    let InstanceView { instance, agent } = instances::find_instance(work, organization, path).await?;
    if instance.locked {
        return Err(locked());
    }
    if let Some(agent) = agent {
        agents::revoke_agent(work, organization, agent.id).await?;
    }
    let mut host = hosts::locked(work, organization, instance.host).await?;
    work.tx.delete_instance(organization.id, host.id).await?;
    host.state = host.state.forget();
    save_state(work, &host, path).await?;
    work.record(
        organization.id,
        Occurrence::Deleted { kind: "instance".to_owned(), path: format!("{path}/instance") },
    );
    Ok(())
}

async fn make(assignment: &Assignment) -> Result<(String, driver::Instance), DriverError> {
    let Assignment { driver, blueprint, .. } = assignment;
    let handle = driver.provision(blueprint).await?;
    // There is a machine now, whatever can be said of it.
    let inspected = driver.inspect(&handle, &blueprint.settings).await.unwrap_or_else(|error| {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a machine of `{}` was made and cannot be inspected",
            blueprint.host
        );
        driver::Instance { state: driver::InstanceState::Pending, properties: Vec::new(), waiting_for: None }
    });
    Ok((handle, inspected))
}

/// Finds the driver of a host, and renders what it is given.
async fn assign(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
) -> Result<Assignment, OperationError> {
    let host = hosts::find_host(work, organization, path).await?;
    let context = contexts::find_single(work, organization, path, Single::Platform).await;
    let context = context.map_err(|_| {
        OperationError::conflict(format!("host `{}` has no platform: give it one, e.g. `Manual`", host.name))
    })?;
    let name = context.name.parse()?;
    let platform = super::platforms::find_platform(work, organization, &name).await?;
    let driver = driver_of(work, organization, &platform).await?;
    let own = work.tx.settings(organization.id, Scope::Platform(platform.id)).await?;
    let for_organization = work.tx.settings(organization.id, Scope::Organization(organization.id)).await?;
    let for_environment = work.tx.settings(organization.id, Scope::Environment(host.environment)).await?;
    let for_host = work.tx.settings(organization.id, Scope::Host(host.id)).await?;
    let levels = Levels {
        parameters: &platform.parameters,
        template: &own,
        organization: &for_organization,
        environment: &for_environment,
        host: &for_host,
        context: &context.settings,
    };
    let effective = levels.resolve_all();
    let settings =
        effective.iter().map(|(key, effective)| (key.to_string(), effective.value.to_string())).collect();
    let private = Private {
        variables: vec![
            ("_host", json!({"name": host.name.as_str(), "uuid": host.id.to_string()})),
            ("_org", json!({"name": organization.name.as_str()})),
            ("_env", json!({"name": path.environment.as_str()})),
        ],
    };
    let files = render_files(work, &platform, &Variables::new(&effective, private)).await?;
    let blueprint = Blueprint {
        host: host.name.to_string(),
        uuid: host.id.to_string(),
        organization: organization.name.to_string(),
        environment: path.environment.to_string(),
        settings,
        files,
    };
    Ok(Assignment { host, driver, blueprint })
}

async fn render_files(
    work: &mut Work,
    platform: &Platform,
    variables: &Variables,
) -> Result<Vec<driver::File>, OperationError> {
    let mut files = Vec::new();
    for file in &platform.files {
        let Some(digest) = file.content else { continue };
        let Some(blob) = work.tx.blob(platform.organization, digest).await? else { continue };
        let subject = format!("file `{}` of platform `{}`", file.name, platform.name);
        let rendered = render::file(&subject, blob.bytes(), &file.delimiters, variables);
        let rendered = rendered.map_err(|error| OperationError::invalid("", error))?;
        let content = String::from_utf8(rendered);
        let content = content.map_err(|_| OperationError::invalid("", format!("{subject} is no text")))?;
        files.push(driver::File { name: file.name.to_string(), content });
    }
    Ok(files)
}

async fn driver_of(
    work: &mut Work,
    organization: &Organization,
    platform: &Platform,
) -> Result<Arc<dyn Driver>, OperationError> {
    let wanted = PluginKind::Driver { platform: platform.driver.0.clone() };
    let active = work.tx.activations(organization.id).await?;
    let found = active.into_iter().find(|(activation, _)| activation.serves == wanted);
    let (activation, plugin) = found.ok_or_else(|| {
        OperationError::conflict(format!(
            "no driver serves platforms of kind `{}` here: activate one first",
            platform.driver
        ))
    })?;
    let bytes = work.tx.component(&plugin.digest).await?;
    let bytes = bytes.ok_or_else(|| OperationError::not_found("component", &plugin.digest))?;
    let component = Component { digest: plugin.digest, bytes: bytes.into(), grants: activation.grants };
    Ok(work.app.drivers().driver(&component).await?)
}

/// Stores a machine that is waited for.
pub(super) async fn insert_pending(
    work: &mut Work,
    host: &Host,
    properties: IndexMap<String, String>,
) -> Result<(), OperationError> {
    let instance = Instance {
        host: host.id,
        organization: host.organization,
        state: InstanceState::Pending,
        handle: String::new(),
        locked: false,
        properties,
        version: 1,
        created_at: work.now(),
    };
    Ok(work.tx.insert_instance(&instance).await?)
}

/// Stores how far a host is, and tells of it.
pub(super) async fn save_state(work: &mut Work, host: &Host, path: &HostPath) -> Result<(), OperationError> {
    work.tx.save_host_state(host).await?;
    let state = host.state.name().to_owned();
    work.record(host.organization, Occurrence::HostState { host: host.id, path: path.to_string(), state });
    Ok(())
}

fn require(driver: &dyn Driver, control: Control, path: &HostPath) -> Result<(), OperationError> {
    if driver.supports(control.operation()) {
        return Ok(());
    }
    let detail =
        format!("the platform of host `{}` cannot do that: it does not {}", path.host, control.in_words());
    Err(OperationError::invalid("", detail))
}

fn locked() -> OperationError {
    OperationError::conflict("the instance is locked: unlock it first")
}

const fn state_of(state: driver::InstanceState) -> InstanceState {
    match state {
        driver::InstanceState::Undefined => InstanceState::Undefined,
        driver::InstanceState::Pending => InstanceState::Pending,
        driver::InstanceState::Running => InstanceState::Running,
        driver::InstanceState::Paused => InstanceState::Paused,
        driver::InstanceState::Stopped => InstanceState::Stopped,
    }
}

impl Control {
    const fn operation(self) -> Operation {
        match self {
            Self::Start => Operation::Start,
            Self::Pause => Operation::Pause,
            Self::Resume => Operation::Resume,
            Self::Stop => Operation::Shutdown,
            Self::PowerOff => Operation::PowerOff,
        }
    }

    const fn in_words(self) -> &'static str {
        match self {
            Self::Start => "start machines",
            Self::Pause => "pause machines",
            Self::Resume => "resume machines",
            Self::Stop => "shut machines down",
            Self::PowerOff => "power machines off",
        }
    }
}

impl From<DriverError> for OperationError {
    fn from(error: DriverError) -> Self {
        match error {
            DriverError::Call(CallError::Refused(refused @ ProviderError::Unsupported(_))) => {
                Self::invalid("", refused)
            }
            DriverError::Call(CallError::Refused(refused)) => Self::conflict(refused.to_string()),
            other => Self::unavailable(other.to_string()),
        }
    }
}
