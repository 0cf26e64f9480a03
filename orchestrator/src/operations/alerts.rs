//! Compliance: what is not as desired, and making everything so again.

use hostwright_model::agent::Agent;
use hostwright_model::alert::{Alert, Finding};
use hostwright_model::change::Change;
use hostwright_model::compile::Operation;
use hostwright_model::context::Installation;
use hostwright_model::event::Occurrence;
use hostwright_model::host::Host;
use hostwright_model::organization::Organization;
use hostwright_protocol::messages::{Compliance, ResourceRef, ResourceState};

use super::{HostPath, OperationError, Work, blueprints, hosts, ledger, leftovers, sending};

/// An alert with what its resource is to people.
#[derive(Clone, Debug)]
pub struct AlertView {
    /// Itself.
    pub alert: Alert,
    /// The applications that declare the resource, by name.
    pub applications: Vec<String>,
    /// What people call it, e.g. `file site.conf`.
    pub label: String,
}

/// Lists the open alerts of a host, by collection and id.
pub async fn list_alerts(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
) -> Result<Vec<AlertView>, OperationError> {
    let host = hosts::find_host(work, organization, path).await?;
    let told = work.tx.desired_set(organization.id, host.id).await?;
    let mut views = Vec::new();
    for alert in work.tx.alerts(organization.id, host.id).await? {
        let desired = told.get(&alert.resource);
        let mut applications = Vec::new();
        for id in desired.map(|desired| desired.applications.clone()).unwrap_or_default() {
            let Ok(id) = id.parse() else { continue };
            applications
                .extend(work.tx.application(organization.id, id).await?.map(|found| found.name.to_string()));
        }
        let resource = &alert.resource;
        let label =
            desired.map_or_else(|| format!("{} {}", resource.collection, resource.id), |it| it.label.clone());
        views.push(AlertView { alert, applications, label });
    }
    Ok(views)
}

/// Finds the alert of a resource.
pub async fn find_alert(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    resource: &ResourceRef,
) -> Result<AlertView, OperationError> {
    let views = list_alerts(work, organization, path).await?;
    let found = views.into_iter().find(|view| view.alert.resource == *resource);
    found.ok_or_else(|| OperationError::not_found("alert", &resource.id))
}

/// Deletes an alert. It comes back when what the agent observes changes again, or with a rebuild.
pub async fn delete_alert(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    resource: &ResourceRef,
) -> Result<(), OperationError> {
    let host = hosts::find_host(work, organization, path).await?;
    if !work.tx.close_alert(organization.id, host.id, resource).await? {
        return Err(OperationError::not_found("alert", &resource.id));
    }
    let path = format!("{path}/compliance/{}/{}", resource.collection, resource.id);
    work.record(organization.id, Occurrence::Deleted { kind: "alert".to_owned(), path });
    Ok(())
}

/// Deletes all alerts of a host; says how many.
pub async fn delete_alerts(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
) -> Result<u64, OperationError> {
    let host = hosts::find_host(work, organization, path).await?;
    let deleted = work.tx.close_alerts(organization.id, host.id).await?;
    if deleted > 0 {
        let path = format!("{path}/compliance");
        work.record(organization.id, Occurrence::Deleted { kind: "alerts".to_owned(), path });
    }
    Ok(deleted)
}

/// Sends everything that the blueprint says now, as one change; what it does not say any more is removed.
pub async fn rebuild_host(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
) -> Result<Change, OperationError> {
    let found = hosts::find_host(work, organization, path).await?;
    let host = hosts::locked(work, organization, found.id).await?;
    let Some(agent) = sending::reachable(work, &host).await? else {
        let reason =
            format!("host `{}` has no machine that could be rebuilt: provision or enrol it first", host.name);
        return Err(OperationError::Conflict { reason });
    };
    let mut loaded = blueprints::load(work, organization, host).await?;
    let mut ledger = ledger::load(work, &loaded.host).await?;
    let recorded = loaded.recorded();
    if !recorded.is_empty() {
        // What was never installed is installed, so that its handlers run.
        let compiled = sending::compile(&loaded, &ledger, &Operation::Install { applications: &recorded })?;
        sending::send(work, &mut loaded.host, agent, &mut ledger, compiled).await?;
        sending::mark(work, &loaded, &recorded, Installation::Installed).await?;
    }
    let mut compiled = sending::compile(&loaded, &ledger, &Operation::Rebuild)?;
    for resource in leftovers::resources(work, &loaded.host, &ledger).await? {
        if !compiled.remove.contains(&resource) {
            compiled.remove.push(resource);
        }
    }
    sending::send_everything(work, &mut loaded.host, agent, &mut ledger, compiled).await
}

/// Takes what an agent says of one resource.
pub(crate) async fn take_report(
    work: &mut Work,
    agent: &Agent,
    report: Compliance,
) -> Result<(), OperationError> {
    let Compliance { resource, state, at } = report;
    let Some(host) = agent.host else { return Ok(()) };
    let Some(host) = work.tx.host(agent.organization, host).await? else { return Ok(()) };
    if !is_known(work, &host, &resource).await? {
        tracing::debug!(agent.id = %agent.id, "ignored what agent {} says of a resource that nobody asked it to keep", agent.id);
        return Ok(());
    }
    let path = hosts::path_of(work, &host).await?.to_string();
    let (finding, since) = match state {
        ResourceState::Compliant => {
            if work.tx.close_alert(agent.organization, host.id, &resource).await? {
                work.record(agent.organization, Occurrence::Compliant { host: host.id, path, resource });
            }
            return Ok(());
        }
        ResourceState::Drifted(alert) => {
            let hostwright_protocol::messages::Alert { expected, observed, differences, since } = alert;
            (Finding::Drifted { expected, observed, differences }, since)
        }
        ResourceState::Unreadable { error } => (Finding::Unreadable { error }, at),
    };
    let alert = Alert {
        organization: agent.organization,
        host: host.id,
        resource: resource.clone(),
        finding,
        since,
        reported_at: work.now(),
    };
    work.tx.raise_alert(&alert).await?;
    // Also when an open one changed: whoever watches wants to see what is observed now.
    work.record(agent.organization, Occurrence::Drifted { host: host.id, path, resource });
    Ok(())
}

/// Whether the host was told to keep a resource, or is being told. Of anything else nothing is kept: an agent that is not
/// what it seems could fill the database with it.
async fn is_known(work: &mut Work, host: &Host, resource: &ResourceRef) -> Result<bool, OperationError> {
    if work.tx.desired(host.organization, host.id, resource).await?.is_some() {
        return Ok(true);
    }
    let open = work.tx.open_changes(host.organization, host.id).await?;
    Ok(open.iter().flat_map(|change| &change.tasks).any(|task| task.task.resource == *resource))
}
