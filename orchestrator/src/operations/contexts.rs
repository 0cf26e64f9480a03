//! Applications, platforms and distributions on hosts: installing and uninstalling.

use hostwright_model::application::{Application, Problem};
use hostwright_model::change::Change;
use hostwright_model::compile::{Operation, Part};
use hostwright_model::context::{ApplicationContext, Context, Installation, ServiceOverride, Subject};
use hostwright_model::event::Occurrence;
use hostwright_model::host::{Host, HostState};
use hostwright_model::ids::ApplicationId;
use hostwright_model::names::{ApplicationName, ResourceName};
use hostwright_model::organization::Organization;
use hostwright_model::setting::{Scope, Setting};

use super::settings::{self, SettingDraft};
use super::{
    HostPath, OperationError, Work, applications, blueprints, hosts, ledger, leftovers, live_actions, sending,
};

/// An application that is to be installed.
#[derive(Clone, Debug)]
pub struct Install {
    /// Which.
    pub application: ApplicationName,
    /// Settings of its own on this host.
    pub settings: Vec<SettingDraft>,
    /// Services that are to be other than it says.
    pub services: Vec<ServiceOverride>,
}

/// A template on a host, with its settings.
#[derive(Clone, Debug)]
pub struct ContextView {
    /// Itself.
    pub context: Context,
    /// The name of the application, platform or distribution.
    pub name: String,
    /// Its settings on this host.
    pub settings: Vec<Setting>,
}

/// What a host has one of at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Single {
    /// Its platform.
    Platform,
    /// Its distribution.
    Distribution,
}

/// Lists the applications of a host, by position.
pub async fn list_applications(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
) -> Result<Vec<ContextView>, OperationError> {
    let host = hosts::find_host(work, organization, path).await?;
    let mut views = Vec::new();
    for context in work.tx.contexts(organization.id, host.id).await? {
        if context.application().is_some() {
            views.push(view(work, context).await?);
        }
    }
    Ok(views)
}

/// Finds an application on a host.
pub async fn find_application(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    application: &ApplicationName,
) -> Result<ContextView, OperationError> {
    let host = hosts::find_host(work, organization, path).await?;
    let (context, _) = find(work, organization, &host, application).await?;
    view(work, context).await
}

/// Finds the platform or the distribution of a host.
pub async fn find_single(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    which: Single,
) -> Result<ContextView, OperationError> {
    let host = hosts::find_host(work, organization, path).await?;
    let contexts = work.tx.contexts(organization.id, host.id).await?;
    let context = contexts.into_iter().find(|context| which.is(&context.subject));
    let context =
        context.ok_or_else(|| OperationError::not_found(which.name(), format!("of host {}", path.host)))?;
    view(work, context).await
}

/// Installs an application on a host, after those that are there. Without a machine it is recorded, and nothing is sent.
pub async fn install_application(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    input: Install,
) -> Result<(ContextView, Option<Change>), OperationError> {
    let Install { application, settings, services } = input;
    let found = hosts::find_host(work, organization, path).await?;
    let mut host = hosts::locked(work, organization, found.id).await?;
    let application = applications::find_application(work, organization, &application).await?;
    let services = overrides(&application, services, &[])?;
    let existing = work.tx.contexts(organization.id, host.id).await?;
    let positions = existing.iter().filter_map(|context| Some(context.application()?.position));
    let context = Context {
        id: work.fresh(),
        organization: organization.id,
        host: host.id,
        subject: Subject::Application(ApplicationContext {
            application: application.id,
            position: positions.max().map_or(0, |last| last + 1),
            installation: Installation::Recorded,
            services,
        }),
        version: 1,
        created_at: work.now(),
    };
    let taken = OperationError::taken("application", &application.name);
    work.tx.insert_context(&context).await.map_err(taken)?;
    settings::define(work, organization, Scope::Context(context.id), settings).await?;
    let path = format!("{path}/applications/{}", application.name);
    work.record(organization.id, Occurrence::Created { kind: "context".to_owned(), path });

    let mut change = None;
    if let Some(agent) = sending::reachable(work, &host).await? {
        let loaded = blueprints::load(work, organization, host.clone()).await?;
        check_values(&loaded, application.id)?;
        let mut ledger = ledger::load(work, &host).await?;
        let operation = Operation::Install { applications: &[application.id] };
        let compiled = sending::compile(&loaded, &ledger, &operation)?;
        change = sending::send(work, &mut host, agent, &mut ledger, compiled).await?;
        sending::mark(work, &loaded, &[application.id], Installation::Installed).await?;
    }
    let (context, _) = find(work, organization, &host, &application.name).await?;
    Ok((view(work, context).await?, change))
}

/// Uninstalls an application: its `_uninstall` handlers run, then what it declared leaves the machine. The context goes when
/// that is done; at once if there is nothing to do.
pub async fn uninstall_application(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    application: &ApplicationName,
) -> Result<Option<Change>, OperationError> {
    let found = hosts::find_host(work, organization, path).await?;
    let mut host = hosts::locked(work, organization, found.id).await?;
    let (mut context, application) = find(work, organization, &host, application).await?;
    let recorded =
        context.application().is_some_and(|on_host| on_host.installation == Installation::Recorded);
    let path = format!("{path}/applications/{}", application.name);
    let mut change = None;
    if let Some(agent) = sending::reachable(work, &host).await?
        && !recorded
    {
        let mut loaded = blueprints::load(work, organization, host.clone()).await?;
        blueprints::add_application(work, &mut loaded, &context).await?;
        let mut ledger = ledger::load(work, &host).await?;
        let operation = Operation::Uninstall { application: application.id };
        let mut compiled = sending::compile(&loaded, &ledger, &operation)?;
        leftovers::add(work, &host, &ledger, &mut compiled).await?;
        change = sending::send(work, &mut host, agent, &mut ledger, compiled).await?;
    }
    if change.is_some() {
        set_installation(&mut context, Installation::Uninstalling);
        work.tx.update_context(&mut context).await?;
        work.record(organization.id, Occurrence::Updated { kind: "context".to_owned(), path });
    } else {
        work.tx.delete_context(organization.id, context.id).await?;
        work.record(organization.id, Occurrence::Deleted { kind: "context".to_owned(), path });
    }
    Ok(change)
}

/// Says anew which services of an application start with the machine on this host; those that are not named are as the
/// application says. Makes those so that are to be other than before.
pub async fn update_services(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    application: &ApplicationName,
    services: Vec<ServiceOverride>,
) -> Result<Option<Change>, OperationError> {
    let found = hosts::find_host(work, organization, path).await?;
    let host = hosts::locked(work, organization, found.id).await?;
    let (mut context, template) = find(work, organization, &host, application).await?;
    let Subject::Application(on_host) = &mut context.subject else {
        return Err(OperationError::not_found("application", application));
    };
    let before = on_host.services.clone();
    on_host.services = overrides(&template, services, &before)?;
    if on_host.services == before {
        return Ok(None);
    }
    let is_recorded = on_host.installation == Installation::Recorded;
    let enabled = |services: &[ServiceOverride], name: &ResourceName| {
        services.iter().find(|service| service.name == *name).map(|service| service.enabled)
    };
    let names = template.services.iter().map(|service| &service.name);
    let different = names.filter(|name| enabled(&before, name) != enabled(&on_host.services, name));
    let parts: Vec<Part<'_>> = different.map(Part::Service).collect();
    work.tx.update_context(&mut context).await?;
    let of_context = format!("{path}/applications/{application}");
    work.record(organization.id, Occurrence::Updated { kind: "context".to_owned(), path: of_context });
    if is_recorded || sending::reachable(work, &host).await?.is_none() {
        return Ok(None);
    }
    Ok(Some(live_actions::make(work, organization, path, application, &parts, "update").await?))
}

/// Says of one service of an application whether it starts with the machine on this host.
pub(crate) async fn override_service(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    application: &ApplicationName,
    service: &ServiceOverride,
) -> Result<(), OperationError> {
    let found = hosts::find_host(work, organization, path).await?;
    let host = hosts::locked(work, organization, found.id).await?;
    let (mut context, template) = find(work, organization, &host, application).await?;
    let declared = template.service(&service.name);
    let declared = declared.ok_or_else(|| OperationError::not_found("service", &service.name))?;
    let Subject::Application(on_host) = &mut context.subject else {
        return Err(OperationError::not_found("application", application));
    };
    let before = on_host.services.clone();
    on_host.services.retain(|other| other.name != service.name);
    if declared.enabled != Some(service.enabled) {
        on_host.services.push(service.clone());
    }
    if on_host.services != before {
        work.tx.update_context(&mut context).await?;
        let path = format!("{path}/applications/{application}");
        work.record(organization.id, Occurrence::Updated { kind: "context".to_owned(), path });
    }
    Ok(())
}

/// Of services as somebody wants them on a host, those that are other than the application says. One of which it does not
/// say whether it is enabled is shown as if it was, so saying the same changes nothing.
fn overrides(
    application: &Application,
    wanted: Vec<ServiceOverride>,
    existing: &[ServiceOverride],
) -> Result<Vec<ServiceOverride>, OperationError> {
    let mut problems = Vec::new();
    let mut overrides: Vec<ServiceOverride> = Vec::new();
    for (index, service) in wanted.into_iter().enumerate() {
        let pointer = format!("/services/{index}/name");
        let Some(declared) = application.service(&service.name) else {
            let message = format!("application `{}` has no service `{}`", application.name, service.name);
            problems.push(Problem { pointer, message });
            continue;
        };
        if overrides.iter().any(|other| other.name == service.name) {
            problems.push(Problem { pointer, message: format!("`{}` is there twice", service.name) });
        } else if existing.contains(&service) || declared.enabled.unwrap_or(true) != service.enabled {
            overrides.push(service);
        }
    }
    if problems.is_empty() { Ok(overrides) } else { Err(OperationError::Invalid(problems)) }
}

/// Gives a host its platform or distribution, and says whether it had another one or none. Once there is a machine, it is
/// what it was made on and with.
pub async fn associate(
    work: &mut Work,
    organization: &Organization,
    host: &Host,
    subject: Subject,
) -> Result<bool, OperationError> {
    let single = match subject {
        Subject::Platform(_) => Single::Platform,
        Subject::Distribution(_) => Single::Distribution,
        Subject::Application(_) => return Err(OperationError::conflict("applications are installed")),
    };
    let contexts = work.tx.contexts(organization.id, host.id).await?;
    if let Some(existing) = contexts.into_iter().find(|context| single.is(&context.subject)) {
        if existing.subject == subject {
            return Ok(false);
        }
        if host.state != HostState::Defined {
            let name = single.name();
            return Err(OperationError::conflict(format!(
                "host `{}` is {}, so its {name} cannot be another: delete or forget its instance first",
                host.name, host.state
            )));
        }
        work.tx.delete_context(organization.id, existing.id).await?;
    }
    let context = Context {
        id: work.fresh(),
        organization: organization.id,
        host: host.id,
        subject,
        version: 1,
        created_at: work.now(),
    };
    work.tx.insert_context(&context).await?;
    Ok(true)
}

/// Takes the platform or distribution off a host that has no machine.
pub async fn dissociate(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    which: Single,
) -> Result<(), OperationError> {
    let host = hosts::find_host(work, organization, path).await?;
    if host.state != HostState::Defined {
        let name = which.name();
        return Err(OperationError::conflict(format!(
            "host `{}` is {}, so it needs its {name}",
            host.name, host.state
        )));
    }
    let ContextView { context, .. } = find_single(work, organization, path, which).await?;
    work.tx.delete_context(organization.id, context.id).await?;
    let path = format!("{path}/{}", which.name());
    work.record(organization.id, Occurrence::Deleted { kind: "context".to_owned(), path });
    Ok(())
}

/// Finds an application on a host that is at hand.
pub(crate) async fn find(
    work: &mut Work,
    organization: &Organization,
    host: &Host,
    name: &ApplicationName,
) -> Result<(Context, Application), OperationError> {
    let application = applications::find_application(work, organization, name).await?;
    let context = work.tx.application_context(organization.id, host.id, application.id).await?;
    let context = context.ok_or_else(|| OperationError::not_found("application", name))?;
    Ok((context, application))
}

/// Finds what the application, platform or distribution of a context is called.
pub(crate) async fn name_of(work: &mut Work, context: &Context) -> Result<String, OperationError> {
    let organization = context.organization;
    let name = match &context.subject {
        Subject::Application(on_host) => {
            work.tx.application(organization, on_host.application).await?.map(|found| found.name.to_string())
        }
        Subject::Platform(id) => {
            work.tx.platform(organization, *id).await?.map(|found| found.name.to_string())
        }
        Subject::Distribution(id) => {
            work.tx.distribution(organization, *id).await?.map(|found| found.name.to_string())
        }
    };
    Ok(name.unwrap_or_default())
}

/// Refuses values that were set before anybody knew what they would be for.
fn check_values(loaded: &blueprints::Loaded, application: ApplicationId) -> Result<(), OperationError> {
    let Some(placed) = loaded.applications.iter().find(|placed| placed.application.id == application) else {
        return Ok(());
    };
    let levels = loaded.settings.levels(placed);
    let mut problems = Vec::new();
    for parameter in &placed.application.parameters {
        let (Some(effective), Ok(schema)) = (levels.resolve(&parameter.key), parameter.schema()) else {
            continue;
        };
        for violation in schema.violations(&effective.value) {
            let message = format!(
                "setting `{}` of the {} does not satisfy the schema of application `{}`: {}",
                parameter.key,
                effective.origin.name(),
                placed.application.name,
                violation.message
            );
            problems.push(Problem { pointer: String::new(), message });
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(OperationError::Invalid(problems)) }
}

async fn view(work: &mut Work, context: Context) -> Result<ContextView, OperationError> {
    let settings = work.tx.settings(context.organization, Scope::Context(context.id)).await?;
    let name = name_of(work, &context).await?;
    Ok(ContextView { context, name, settings })
}

fn set_installation(context: &mut Context, installation: Installation) {
    if let Subject::Application(on_host) = &mut context.subject {
        on_host.installation = installation;
    }
}

impl Single {
    /// Returns what it is called in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Distribution => "distribution",
        }
    }

    const fn is(self, subject: &Subject) -> bool {
        matches!(
            (self, subject),
            (Self::Platform, Subject::Platform(_)) | (Self::Distribution, Subject::Distribution(_))
        )
    }
}
