//! Doing something on a machine now: each is a change of its own.

use hostwright_model::application::Action;
use hostwright_model::change::Change;
use hostwright_model::compile::{Operation, Part};
use hostwright_model::context::ServiceOverride;
use hostwright_model::names::{ApplicationName, ResourceName};
use hostwright_model::organization::Organization;

use super::{HostPath, OperationError, Work, blueprints, contexts, hosts, ledger, sending};

/// Does one thing with a file or service of an application on a host: render and send, run, restart, reload.
pub async fn act(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    application: &ApplicationName,
    action: &Action,
) -> Result<Change, OperationError> {
    run(work, organization, path, application, |application| Operation::Act { application, action }).await
}

/// Runs a handler by its name.
pub async fn run_handler(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    application: &ApplicationName,
    handler: &ResourceName,
) -> Result<Change, OperationError> {
    run(work, organization, path, application, |application| Operation::RunHandler { application, handler })
        .await
}

/// Makes services or packages of an application as it declares them; `verb` is what that is to people.
pub async fn make(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    application: &ApplicationName,
    parts: &[Part<'_>],
    verb: &'static str,
) -> Result<Change, OperationError> {
    let operation = |application| Operation::Make { application, parts, verb };
    run(work, organization, path, application, operation).await
}

/// Has a service of an application start with the machine from now on, or not, on this host only.
pub async fn enable_service(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    application: &ApplicationName,
    service: &ServiceOverride,
) -> Result<Change, OperationError> {
    contexts::override_service(work, organization, path, application, service).await?;
    let verb = if service.enabled { "enable" } else { "disable" };
    make(work, organization, path, application, &[Part::Service(&service.name)], verb).await
}

async fn run<'a>(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    application: &ApplicationName,
    operation: impl FnOnce(hostwright_model::ids::ApplicationId) -> Operation<'a>,
) -> Result<Change, OperationError> {
    let found = hosts::find_host(work, organization, path).await?;
    let host = hosts::locked(work, organization, found.id).await?;
    let (_, application) = contexts::find(work, organization, &host, application).await?;
    let Some(agent) = sending::reachable(work, &host).await? else {
        let reason = format!("host `{}` has no machine: provision or enrol it first", host.name);
        return Err(OperationError::Conflict { reason });
    };
    let mut loaded = blueprints::load(work, organization, host).await?;
    let mut ledger = ledger::load(work, &loaded.host).await?;
    let compiled = sending::compile(&loaded, &ledger, &operation(application.id))?;
    let change = sending::send(work, &mut loaded.host, agent, &mut ledger, compiled).await?;
    change.ok_or_else(|| OperationError::conflict("there is nothing to be done: the handler has no actions"))
}
