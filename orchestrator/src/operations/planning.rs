//! Plans: what would change on a machine, without changing it.
//!
//! What is to be planned is done in a transaction that is never committed, so that a plan is compiled by the same code and
//! from the same state as the change that it foretells.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hostwright_model::agent::Presence;
use hostwright_model::blob::{Blob, BlobDigest};
use hostwright_model::compile::{Compiled, Operation as Wanted};
use hostwright_model::event::Actor;
use hostwright_model::ids::AgentId;
use hostwright_model::names::ApplicationName;
use hostwright_model::organization::Organization;
use hostwright_model::plan::{self, TaskPlan};
use hostwright_protocol::envelope::Identity;
use hostwright_protocol::messages::{Operation, Plan, Planning, Refresh, Task, ToAgent, Value};

use super::settings::{self, Level, SettingDraft};
use super::{HostPath, OperationError, Work, blueprints, contexts, hosts, ledger, sending};
use crate::app::App;

/// Longer texts are not shown in a plan, in bytes.
const LONGEST_TEXT: u64 = 64 << 10;
/// All texts of one plan, in bytes.
const MOST_TEXT: u64 = 1 << 20;

/// What is to be planned; nothing at all: what a rebuild would do.
#[derive(Clone, Debug, Default)]
pub struct PlanHost {
    /// Applications to be installed.
    pub install: Vec<ApplicationName>,
    /// Applications to be uninstalled.
    pub uninstall: Vec<ApplicationName>,
    /// Settings to be written: of the host, or of an application on it.
    pub settings: Vec<(Option<ApplicationName>, SettingDraft)>,
}

/// What would happen on a machine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostPlan {
    /// In the order in which they would be done.
    pub tasks: Vec<TaskPlan>,
    /// Texts by digest, of those which the differences name: what a file says and would say.
    pub contents: BTreeMap<String, String>,
}

/// Asks a machine what some writes would change on it.
pub async fn plan_host(
    app: &App,
    actor: Actor,
    organization: &Organization,
    path: &HostPath,
    input: PlanHost,
) -> Result<HostPlan, OperationError> {
    let mut work = app.begin(actor.clone()).await?;
    let host = hosts::find_host(&mut work, organization, path).await?;
    let agent = work.tx.agent_of_host(organization.id, host.id).await?;
    let agent = agent.filter(|agent| agent.presence == Presence::Up);
    let Some(agent) = agent else {
        let reason = format!("host `{}` cannot be asked: its agent is not connected", host.name);
        return Err(OperationError::Unavailable { reason });
    };
    let (tasks, blobs) = hypothetical(&mut work, organization, path, input).await?;
    work.abandon().await?;
    if tasks.is_empty() {
        return Ok(HostPlan::default());
    }
    keep_contents(app, organization, agent.id, &blobs).await?;
    let identity = Identity { organization: organization.id, agent: agent.id };
    let tasks = ask(app, identity, tasks).await?;
    let contents = texts(app, agent.id, &tasks).await?;
    Ok(HostPlan { tasks, contents })
}

/// Reads the texts that differences name. The agent names them, so it is only told what it was given anyway; what holds a
/// secret it names by another digest.
async fn texts(
    app: &App,
    agent: AgentId,
    tasks: &[TaskPlan],
) -> Result<BTreeMap<String, String>, OperationError> {
    let differences = tasks.iter().flat_map(|task| &task.differences);
    let values = differences.flat_map(|difference| [&difference.before, &difference.after]).flatten();
    let named: BTreeSet<BlobDigest> = values.filter_map(content_of).collect();
    let mut look = app.look(Actor::System).await?;
    let mut texts = BTreeMap::new();
    let mut left = MOST_TEXT;
    for digest in named {
        let found = look.tx.blob_part_for_agent(agent, digest, 0, LONGEST_TEXT).await?;
        let whole = found.filter(|(size, _)| *size <= left.min(LONGEST_TEXT));
        let Some(text) = whole.and_then(|(_, bytes)| String::from_utf8(bytes).ok()) else { continue };
        left -= text.len() as u64;
        texts.insert(digest.to_string(), text);
    }
    Ok(texts)
}

/// The digest of the content that a value is.
fn content_of(value: &Value) -> Option<BlobDigest> {
    let Value::Known(json) = value else { return None };
    json.get("$hostwright")?.get("blob")?.as_str()?.parse().ok()
}

/// Does what is to be planned, and returns what it would send.
async fn hypothetical(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    input: PlanHost,
) -> Result<(Vec<Task>, Vec<Blob>), OperationError> {
    let PlanHost { install, uninstall, settings } = input;
    let host = hosts::find_host(work, organization, path).await?;
    let host = hosts::locked(work, organization, host.id).await?;
    let before = ledger::load(work, &host).await?.open.len();
    if install.is_empty() && uninstall.is_empty() && settings.is_empty() {
        return rebuild(work, organization, &host).await;
    }
    for (application, draft) in settings {
        let level = match application {
            Some(application) => Level::Application(path.clone(), application),
            None => Level::Host(path.clone()),
        };
        settings::put_setting(work, organization, &level, draft, settings::Handlers::Run).await?;
    }
    for application in install {
        let input = contexts::Install { application, settings: Vec::new(), services: Vec::new() };
        contexts::install_application(work, organization, path, input).await?;
    }
    for application in uninstall {
        contexts::uninstall_application(work, organization, path, &application).await?;
    }
    let open = ledger::load(work, &host).await?.open;
    let mut tasks = Vec::new();
    for change in open.into_iter().skip(before) {
        append(&mut tasks, change.tasks.into_iter().map(|task| task.task));
    }
    let blobs = contents(work, organization, &tasks).await?;
    Ok((tasks, blobs))
}

async fn rebuild(
    work: &mut Work,
    organization: &Organization,
    host: &hostwright_model::host::Host,
) -> Result<(Vec<Task>, Vec<Blob>), OperationError> {
    let loaded = blueprints::load(work, organization, host.clone()).await?;
    let ledger = ledger::load(work, host).await?;
    let Compiled { mut tasks, remove, blobs, .. } = sending::compile(&loaded, &ledger, &Wanted::Rebuild)?;
    let removals = remove.into_iter().map(|resource| Task {
        number: 0,
        description: format!("remove {} {}", resource.collection, resource.id),
        resource,
        operation: Operation::Remove { even_if_adopted: false },
        requires: Vec::new(),
    });
    let removals: Vec<Task> = removals.collect();
    append(&mut tasks, removals);
    Ok((tasks, blobs))
}

/// Puts the tasks of one change after those of another; what refers to numbers goes on referring to the same tasks.
fn append(tasks: &mut Vec<Task>, more: impl IntoIterator<Item = Task>) {
    let offset = tasks.iter().map(|task| task.number + 1).max().unwrap_or(0);
    for (position, mut task) in more.into_iter().enumerate() {
        // Removals of a rebuild come without numbers; those of a change are numbered from 0.
        task.number = offset + u32::try_from(position).unwrap_or(u32::MAX - offset);
        for number in &mut task.requires {
            *number += offset;
        }
        if let Operation::Apply { refresh: Some(Refresh { when_changed, .. }), .. } = &mut task.operation {
            for number in when_changed {
                *number += offset;
            }
        }
        tasks.push(task);
    }
}

/// The content that tasks refer to, before the transaction that made it is gone.
async fn contents(
    work: &mut Work,
    organization: &Organization,
    tasks: &[Task],
) -> Result<Vec<Blob>, OperationError> {
    let mut blobs = Vec::new();
    for digest in sending::blobs_of(tasks) {
        blobs.extend(work.tx.blob(organization.id, digest).await?);
    }
    Ok(blobs)
}

/// A provider may want to look at what a file would become; only what an agent was told of is given to it.
async fn keep_contents(
    app: &App,
    organization: &Organization,
    agent: AgentId,
    blobs: &[Blob],
) -> Result<(), OperationError> {
    if blobs.is_empty() {
        return Ok(());
    }
    let mut work = app.begin(Actor::System).await?;
    for blob in blobs {
        work.tx.put_blob(organization.id, blob, work.now()).await?;
        work.tx.allow_blob(organization.id, agent, blob.digest()).await?;
    }
    work.commit().await
}

async fn ask(app: &App, agent: Identity, tasks: Vec<Task>) -> Result<Vec<TaskPlan>, OperationError> {
    let id = hostwright_model::ids::fresh(&**app.clock());
    let answer = app.plans().expect(agent.agent, id);
    let question = ToAgent::Plan(Plan { id, tasks: tasks.clone() });
    app.publisher()
        .transient(agent, question)
        .await
        .map_err(|error| OperationError::unavailable(format!("the agent cannot be asked: {error}")))?;
    let deadline = Duration::from_secs(app.config().limits.plan_seconds.into());
    let planning = tokio::time::timeout(deadline, answer.received()).await;
    match planning {
        Ok(Some(Planning::Planned { tasks: planned })) => {
            plan::join(tasks, planned).map_err(|error| OperationError::unavailable(error.to_string()))
        }
        Ok(Some(Planning::Refused { error })) => {
            Err(OperationError::unavailable(format!("the machine cannot plan now: {error}")))
        }
        Ok(None) => {
            Err(OperationError::unavailable("the agent's session ended before it answered: try again"))
        }
        Err(_) => Err(OperationError::unavailable(format!(
            "the agent has not answered within {} s: try again",
            deadline.as_secs()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use hostwright_protocol::messages::ResourceRef;

    use super::*;

    fn task(number: u32, requires: Vec<u32>) -> Task {
        let resource = ResourceRef { collection: "files".to_owned(), id: format!("/{number}") };
        Task { number, description: String::new(), resource, operation: Operation::Release, requires }
    }

    #[test]
    fn joined_tasks_keep_their_references() {
        let mut tasks = vec![task(0, vec![]), task(1, vec![0])];
        append(&mut tasks, [task(0, vec![]), task(1, vec![0])]);
        let joined: Vec<_> = tasks.iter().map(|task| (task.number, task.requires.clone())).collect();
        assert_eq!(joined, [(0, vec![]), (1, vec![0]), (2, vec![]), (3, vec![2])]);
    }
}
