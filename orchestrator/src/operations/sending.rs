//! Compiling what a write means for hosts, and putting it into the outbox.
//!
//! First [`prepare`]: the hosts are locked in the order of their ids and gathered as they are. Then the write. Then
//! something is compiled against what is there now. Whatever cannot be compiled refuses the whole write.

use chrono::TimeDelta;
use hostwright_model::change::{
    Change, ChangeEnding, ChangeKind, ChangeState, ChangeTask, TaskState, WaitingChange, supersede,
};
use hostwright_model::compile::{self, CompileError, Compiled, HostSettings, Operation};
use hostwright_model::context::{Installation, Subject};
use hostwright_model::event::Occurrence;
use hostwright_model::host::{Host, HostState};
use hostwright_model::ids::{AgentId, ApplicationId, HostId};
use hostwright_model::organization::Organization;
use hostwright_protocol::messages::{Operation as TaskOperation, ResourceRef, Resync, Task, ToAgent};
use hostwright_store::NewMessage;

use super::blueprints::{self, Loaded};
use super::ledger::{self, Ledger};
use super::{OperationError, Work, hosts, plugins};

/// A host that may have to be told something, as it was before a write.
#[derive(Debug)]
pub(crate) struct Prepared {
    host: HostId,
    agent: AgentId,
    before: HostSettings,
}

/// Locks hosts and gathers what counts for them now; leaves out those that nothing can be sent to.
pub(crate) async fn prepare(
    work: &mut Work,
    organization: &Organization,
    hosts: &[HostId],
) -> Result<Vec<Prepared>, OperationError> {
    let mut prepared = Vec::new();
    for host in work.tx.lock_hosts(organization.id, hosts).await? {
        let Some(agent) = reachable(work, &host).await? else { continue };
        let contexts = work.tx.contexts(organization.id, host.id).await?;
        let before = blueprints::load_settings(work, &host, &contexts).await?;
        prepared.push(Prepared { host: host.id, agent, before });
    }
    Ok(prepared)
}

/// Returns the agent of a host that has a machine; whether it is connected does not matter.
pub(crate) async fn reachable(work: &mut Work, host: &Host) -> Result<Option<AgentId>, OperationError> {
    if !host.state.is_provisioned() {
        return Ok(None);
    }
    Ok(work.tx.agent_of_host(host.organization, host.id).await?.map(|agent| agent.id))
}

/// Runs the handlers whose keys have another effective value than before, on each host. What could not be installed so
/// far for want of a setting is installed, too, if it can be now.
pub(crate) async fn settings_changed(
    work: &mut Work,
    organization: &Organization,
    prepared: Vec<Prepared>,
) -> Result<Vec<Change>, OperationError> {
    let mut changes = Vec::new();
    for Prepared { host, agent, before } in prepared {
        let host = hosts::locked(work, organization, host).await?;
        let mut loaded = blueprints::load(work, organization, host).await?;
        let recorded = loaded.recorded();
        let installed = loaded.without(&recorded);
        let mut ledger = ledger::load(work, &loaded.host).await?;
        let operation = Operation::SettingsChanged { before: &before };
        let compiled = compile(&installed, &ledger, &operation)?;
        changes.extend(send(work, &mut loaded.host, agent, &mut ledger, compiled).await?);
        if recorded.is_empty() {
            continue;
        }
        let install = Operation::Install { applications: &recorded };
        if let Ok(compiled) = compile::compile(&loaded.blueprint(&ledger.desired), &install) {
            changes.extend(send(work, &mut loaded.host, agent, &mut ledger, compiled).await?);
            mark(work, &loaded, &recorded, Installation::Installed).await?;
        }
    }
    Ok(changes)
}

/// Compiles against what is desired once everything open is done.
pub(crate) fn compile(
    loaded: &Loaded,
    ledger: &Ledger,
    operation: &Operation<'_>,
) -> Result<Compiled, OperationError> {
    Ok(compile::compile(&loaded.blueprint(&ledger.desired), operation)?)
}

/// Puts what was compiled into the outbox as one change; nothing if nothing is to be done.
pub(crate) async fn send(
    work: &mut Work,
    host: &mut Host,
    agent: AgentId,
    ledger: &mut Ledger,
    compiled: Compiled,
) -> Result<Option<Change>, OperationError> {
    // Only a rebuild removes apart from its tasks, and what is desired afterwards is what the tasks make it.
    let Compiled { description, tasks, remove: _, on_error, blobs, desired: _ } = compiled;
    if tasks.is_empty() {
        return Ok(None);
    }
    for blob in &blobs {
        work.tx.put_blob(host.organization, blob, work.now()).await?;
    }
    give_way(work, host, agent, ledger, &tasks).await?;
    let new = New { description, tasks, remove: Vec::new(), on_error, kind: ChangeKind::Change };
    enqueue(work, host, agent, ledger, new).await.map(Some)
}

/// Puts a resync that was compiled into the outbox.
pub(crate) async fn send_everything(
    work: &mut Work,
    host: &mut Host,
    agent: AgentId,
    ledger: &mut Ledger,
    compiled: Compiled,
) -> Result<Change, OperationError> {
    let Compiled { description, tasks, remove, on_error, blobs, desired: _ } = compiled;
    for blob in &blobs {
        work.tx.put_blob(host.organization, blob, work.now()).await?;
    }
    let new = New { description, tasks, remove, on_error, kind: ChangeKind::Resync };
    enqueue(work, host, agent, ledger, new).await
}

/// A change in the making.
pub(crate) struct New {
    pub(crate) description: String,
    pub(crate) tasks: Vec<Task>,
    pub(crate) remove: Vec<ResourceRef>,
    pub(crate) on_error: hostwright_protocol::messages::OnError,
    pub(crate) kind: ChangeKind,
}

/// Gives a change its place after everything that is open, and puts it at the end of the agent's lane.
pub(crate) async fn enqueue(
    work: &mut Work,
    host: &mut Host,
    agent: AgentId,
    ledger: &mut Ledger,
    new: New,
) -> Result<Change, OperationError> {
    let New { description, tasks, remove, on_error, kind } = new;
    plugins::ensure_activated(work, agent, host).await?;
    for digest in blobs_of(&tasks) {
        work.tx.allow_blob(host.organization, agent, digest).await?;
    }
    let expires_at = work.now() + expiry(work, &tasks);
    let mut change = Change {
        id: work.fresh(),
        organization: host.organization,
        host: host.id,
        order_number: 0,
        description,
        kind,
        state: ChangeState::Pending,
        generation: ledger.generation.saturating_add(1),
        follows: ledger.generation,
        desired_digest: String::new(),
        on_error,
        tasks: tasks.into_iter().map(ChangeTask::pending).collect(),
        created_at: work.now(),
        expires_at,
    };
    ledger::advance(&mut ledger.desired, &change);
    change.desired_digest = ledger.desired.digest();
    ledger.generation = change.generation;
    work.tx.insert_change(&mut change).await?;
    let message = change.to_message();
    let content = match kind {
        ChangeKind::Change => ToAgent::Change(message),
        ChangeKind::Resync => ToAgent::Resync(Resync { change: message, remove }),
    };
    append(work, host, agent, content, Some(&change)).await?;
    ledger.open.push(change.clone());
    host.generation = change.generation;
    // An error that is none of a change's was what kept one from being sent.
    if matches!(host.state, HostState::Error { .. })
        && !work.tx.changes(host.organization, host.id, true).await?.iter().any(Change::has_failed)
    {
        host.state = host.state.clone().clear(work.now());
    }
    host.state = host.state.clone().begin_update(work.now()).map_err(OperationError::conflict_of)?;
    work.tx.save_host_state(host).await?;
    record_states(work, host, &change).await?;
    Ok(change)
}

/// Puts a message at the end of an agent's lane.
pub(crate) async fn append(
    work: &mut Work,
    host: &Host,
    agent: AgentId,
    content: ToAgent,
    change: Option<&Change>,
) -> Result<(), OperationError> {
    let message = NewMessage {
        id: work.fresh(),
        content,
        change: change.map(|change| change.id),
        at: work.now(),
        expires_at: change.map_or_else(|| work.now() + TimeDelta::days(3650), |change| change.expires_at),
    };
    work.tx.append_message(host.organization, agent, message).await?;
    work.wake(agent);
    Ok(())
}

/// Records how a change and its host stand.
pub(crate) async fn record_states(
    work: &mut Work,
    host: &Host,
    change: &Change,
) -> Result<(), OperationError> {
    let path = hosts::path_of(work, host).await?.to_string();
    record_change_state(work, &path, change);
    let state = host.state.name().to_owned();
    work.record(host.organization, Occurrence::HostState { host: host.id, path, state });
    Ok(())
}

/// Records how a change stands.
pub(crate) fn record_change_state(work: &mut Work, path: &str, change: &Change) {
    let occurrence = Occurrence::ChangeState {
        host: change.host,
        path: path.to_owned(),
        change: change.id,
        order_number: change.order_number,
        description: change.description.clone(),
        state: change.state.name().to_owned(),
    };
    work.record(change.organization, occurrence);
}

/// Stores how far applications were carried out.
pub(crate) async fn mark(
    work: &mut Work,
    loaded: &Loaded,
    applications: &[ApplicationId],
    installation: Installation,
) -> Result<(), OperationError> {
    for mut context in loaded.contexts.clone() {
        let Subject::Application(on_host) = &mut context.subject else { continue };
        if applications.contains(&on_host.application) {
            on_host.installation = installation;
            work.tx.update_context(&mut context).await?;
        }
    }
    Ok(())
}

/// Lets older tasks that were not sent give way to newer ones for the same resources.
async fn give_way(
    work: &mut Work,
    host: &mut Host,
    agent: AgentId,
    ledger: &mut Ledger,
    newer: &[Task],
) -> Result<(), OperationError> {
    let entries = ledger::waiting(work, agent).await?;
    let yields =
        |change: &&Change| change.kind == ChangeKind::Change && ledger::is_unsent(&entries, change.id);
    let older: Vec<Change> = ledger.open.iter().filter(yields).cloned().collect();
    let mut waiting: Vec<WaitingChange> = older
        .iter()
        .map(|change| WaitingChange {
            id: change.id,
            tasks: change
                .tasks
                .iter()
                .filter(|task| task.state == TaskState::Pending)
                .map(|t| t.task.clone())
                .collect(),
        })
        .collect();
    let superseded = supersede(&mut waiting, newer);
    let now = work.now();
    let mut touched = false;
    for (mut change, waiting) in older.into_iter().zip(waiting) {
        let before = change.clone();
        for task in &mut change.tasks {
            if let Some(taken_over) = waiting.tasks.iter().find(|other| other.number == task.task.number) {
                task.task = taken_over.clone();
            }
            if superseded.iter().any(|gone| gone.change == change.id && gone.number == task.task.number) {
                task.state = TaskState::Dropped { ending: ChangeEnding::Superseded, at: now };
            }
        }
        if change == before {
            continue;
        }
        touched = true;
        for digest in blobs_of(&change.tasks.iter().map(|task| task.task.clone()).collect::<Vec<_>>()) {
            work.tx.allow_blob(host.organization, agent, digest).await?;
        }
        let nothing_left = change.tasks.iter().all(|task| matches!(task.state, TaskState::Dropped { .. }));
        if nothing_left && work.tx.withdraw_message(host.organization, change.id).await? {
            change.end(ChangeEnding::Superseded, now, None).map_err(OperationError::internal)?;
            work.tx.save_change(&change).await?;
            record_states(work, host, &change).await?;
        } else {
            ledger::amend(work, &entries, &change).await?;
        }
    }
    if touched {
        let reached = ledger.open.first().map_or(ledger.generation, |first| first.follows);
        ledger::rechain(work, host, agent, reached).await?;
        *ledger = ledger::load(work, host).await?;
    }
    Ok(())
}

/// Actions make sense soon or not at all; states stay desired.
fn expiry(work: &Work, tasks: &[Task]) -> TimeDelta {
    let limits = &work.app.config().limits;
    let only_actions = tasks.iter().all(|task| matches!(task.operation, TaskOperation::Perform { .. }));
    if only_actions && !tasks.is_empty() { limits.action_expiry() } else { limits.change_expiry() }
}

/// The content that tasks refer to.
pub(crate) fn blobs_of(tasks: &[Task]) -> Vec<hostwright_model::blob::BlobDigest> {
    let mut digests = Vec::new();
    for task in tasks {
        let TaskOperation::Apply { attributes, .. } = &task.operation else { continue };
        let references = attributes.as_object().into_iter().flat_map(serde_json::Map::values);
        for reference in references.filter_map(|value| value.get("$hostwright")?.get("blob")?.as_str()) {
            digests.extend(reference.parse::<hostwright_model::blob::BlobDigest>());
        }
    }
    digests
}

impl From<CompileError> for OperationError {
    fn from(error: CompileError) -> Self {
        match error {
            CompileError::LostContent { .. } => Self::internal(error),
            CompileError::NoSuchResource { kind, name, .. } => {
                Self::NotFound { what: kind, name: name.to_string() }
            }
            CompileError::NotInstalled { application } => Self::not_found("application", application),
            error => Self::invalid("", error),
        }
    }
}

impl OperationError {
    /// Says what stands in the way, in the words of an error.
    pub(crate) fn conflict_of(error: impl std::error::Error) -> Self {
        Self::Conflict { reason: error.to_string() }
    }
}
