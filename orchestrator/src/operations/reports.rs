//! What agents report, applied once and in order.

use hostwright_model::agent::Agent;
use hostwright_model::change::{Change, ChangeEnding, ChangeKind, TaskState};
use hostwright_model::context::Installation;
use hostwright_model::event::Occurrence;
use hostwright_model::host::Host;
use hostwright_model::ids::ChangeId;
use hostwright_model::instance::InstanceState;
use hostwright_model::plugin::PluginStanding;
use hostwright_protocol::messages::{
    ChangeEnded, ChangeOutcome, Facts, PluginReport, PluginState, TaskBegan, TaskEnded, TaskOutcome,
    ToOrchestrator,
};

use super::{OperationError, Work, alerts, changes, hosts, ledger, resync, sending};

/// How much of what a machine says of itself is kept.
const MOST_PROPERTIES: usize = 500;
/// How much of what an agent says goes into the log.
const LONGEST_QUOTE: usize = 300;
const LONGEST_KEY: usize = 200;
const LONGEST_VALUE: usize = 4_096;

/// Applies one report of an agent. What concerns something that is gone, or is over already, is ignored: it was true when
/// it was sent.
pub(crate) async fn apply(
    work: &mut Work,
    agent: &Agent,
    report: ToOrchestrator,
) -> Result<(), OperationError> {
    match report {
        ToOrchestrator::TaskBegan(began) => task_began(work, agent, began).await,
        ToOrchestrator::TaskEnded(ended) => task_ended(work, agent, ended).await,
        ToOrchestrator::ChangeEnded(ended) => change_ended(work, agent, ended).await,
        ToOrchestrator::Facts(facts) => take_facts(work, agent, facts).await,
        ToOrchestrator::Compliance(compliance) => alerts::take_report(work, agent, compliance).await,
        ToOrchestrator::PluginReport(report) => plugin_reported(work, agent, report).await,
        ToOrchestrator::Hello(_)
        | ToOrchestrator::Receipt(_)
        | ToOrchestrator::Fetch(_)
        | ToOrchestrator::PlanResult(_) => Ok(()),
    }
}

async fn task_began(work: &mut Work, agent: &Agent, began: TaskBegan) -> Result<(), OperationError> {
    let Some((host, mut change)) = open_change(work, agent, began.change).await? else { return Ok(()) };
    let path = hosts::path_of(work, &host).await?.to_string();
    begin(work, &path, &mut change, began.at).await?;
    let Some(mut task) = work.tx.task(change.organization, change.id, began.number).await? else {
        return Ok(());
    };
    if task.state == TaskState::Pending {
        task.state = TaskState::Running { since: began.at };
        work.tx.save_task(change.organization, change.id, &task).await?;
        record_task(work, &path, &change, &task);
    }
    Ok(())
}

async fn task_ended(work: &mut Work, agent: &Agent, ended: TaskEnded) -> Result<(), OperationError> {
    let Some((host, mut change)) = open_change(work, agent, ended.change).await? else { return Ok(()) };
    let path = hosts::path_of(work, &host).await?.to_string();
    begin(work, &path, &mut change, ended.at).await?;
    let Some(mut task) = work.tx.task(change.organization, change.id, ended.number).await? else {
        return Ok(());
    };
    if matches!(task.state, TaskState::Reported { .. }) {
        return Ok(());
    }
    task.state = TaskState::Reported { outcome: ended.outcome, at: ended.at };
    work.tx.save_task(change.organization, change.id, &task).await?;
    record_task(work, &path, &change, &task);
    Ok(())
}

async fn change_ended(work: &mut Work, agent: &Agent, ended: ChangeEnded) -> Result<(), OperationError> {
    let Some((mut host, change)) = open_change(work, agent, ended.change).await? else { return Ok(()) };
    let change = work.tx.change(change.organization, change.id).await?;
    let mut change = change.ok_or_else(|| OperationError::not_found("change", ended.change))?;
    let (ending, message) = ChangeEnding::of(&ended.outcome);
    let mut failure = failure_of(&change, ending, message.as_deref());
    change.end(ending, work.now(), message).map_err(OperationError::internal)?;
    work.tx.save_change(&change).await?;

    let was_taken =
        matches!(ended.outcome, ChangeOutcome::Done | ChangeOutcome::Failed | ChangeOutcome::Interrupted);
    let mut in_step = !matches!(ended.outcome, ChangeOutcome::OutOfStep { .. });
    if was_taken {
        let told = work.tx.desired_set(host.organization, host.id).await?;
        let mut after = told.clone();
        ledger::advance(&mut after, &change);
        ledger::store(work, &host, &told, &after).await?;
        in_step &= after.digest() == ended.desired_digest;
        if !in_step {
            tracing::warn!(
                host.id = %host.id, change.id = %change.id,
                "host `{}` has another desired set than was expected; it is told everything again", host.name
            );
        }
    }
    // What did not help once does not help again: then a person has to look.
    let helps = !in_step
        && match change.kind {
            // A generation that the agent has passed already cannot be taken; the next one can.
            ChangeKind::Resync => !was_taken && ended.generation > change.generation,
            ChangeKind::Change => !follows_resync(work, &host, &change).await?,
        };
    if in_step || !helps {
        ledger::rechain(work, &mut host, agent.id, ended.generation).await?;
    } else {
        let lost = (!was_taken).then(|| change.clone());
        resync::say_again(work, &mut host, agent.id, ended.generation, lost).await?;
    }
    if !in_step && !helps {
        failure = Some(format!(
            "{}: the machine and its blueprint are out of step: rebuild it",
            change.description
        ));
    }
    let open = work.tx.open_changes(host.organization, host.id).await?;
    if ending == ChangeEnding::Done && open.is_empty() {
        finish_uninstalling(work, &host).await?;
    }
    host.state = host
        .state
        .clone()
        .end_update(work.now(), !open.is_empty(), failure)
        .map_err(OperationError::conflict_of)?;
    work.tx.save_host_state(&host).await?;
    sending::record_states(work, &host, &change).await?;
    // The next one was held back until now.
    work.wake(agent.id);
    Ok(())
}

/// Whether everything was said again just before this change.
async fn follows_resync(work: &mut Work, host: &Host, change: &Change) -> Result<bool, OperationError> {
    let changes = work.tx.changes(host.organization, host.id, true).await?;
    let before = changes.iter().rev().find(|other| other.order_number < change.order_number);
    Ok(before.is_some_and(|before| before.kind == ChangeKind::Resync && before.generation == change.follows))
}

/// What a person is told of a host whose change did not succeed.
fn failure_of(change: &Change, ending: ChangeEnding, message: Option<&str>) -> Option<String> {
    let failed = change.tasks.iter().find(|task| {
        matches!(
            &task.state,
            TaskState::Reported { outcome: TaskOutcome::Failed { .. } | TaskOutcome::Interrupted { .. }, .. }
        )
    });
    match ending {
        ChangeEnding::Done | ChangeEnding::Cancelled | ChangeEnding::Superseded => None,
        ChangeEnding::Failed | ChangeEnding::Interrupted | ChangeEnding::Expired => Some(match failed {
            Some(task) => {
                format!(
                    "{}: {}: {}",
                    change.description,
                    task.task.description,
                    task.error().unwrap_or_default()
                )
            }
            None => format!("{}: {}", change.description, message.unwrap_or(ending.name())),
        }),
    }
}

/// Lets go of applications whose removal is done.
async fn finish_uninstalling(work: &mut Work, host: &Host) -> Result<(), OperationError> {
    for context in work.tx.contexts(host.organization, host.id).await? {
        let is_leaving =
            context.application().is_some_and(|on_host| on_host.installation == Installation::Uninstalling);
        if is_leaving {
            let name = super::contexts::name_of(work, &context).await?;
            let path = format!("{}/applications/{name}", hosts::path_of(work, host).await?);
            work.tx.delete_context(host.organization, context.id).await?;
            work.record(host.organization, Occurrence::Deleted { kind: "context".to_owned(), path });
        }
    }
    Ok(())
}

async fn begin(
    work: &mut Work,
    path: &str,
    change: &mut Change,
    at: chrono::DateTime<chrono::Utc>,
) -> Result<(), OperationError> {
    let before = change.state.clone();
    change.state = before.clone().begin(at).map_err(OperationError::conflict_of)?;
    if change.state != before {
        work.tx.save_change_alone(change).await?;
        sending::record_change_state(work, path, change);
    }
    Ok(())
}

/// The change that a report is about, without its tasks, if it is one of the agent's host and has not ended. One whose end
/// was only presumed is open again: the agent knows better.
async fn open_change(
    work: &mut Work,
    agent: &Agent,
    id: ChangeId,
) -> Result<Option<(Host, Change)>, OperationError> {
    let Some(host) = agent.host else { return Ok(None) };
    let Some(mut host) = work.tx.lock_hosts(agent.organization, &[host]).await?.pop() else {
        return Ok(None);
    };
    let change = work.tx.change_alone(agent.organization, id).await?;
    let mut change = change.filter(|change| change.host == host.id);
    if change.as_ref().is_some_and(|change| change.state.is_presumed()) {
        changes::reopen(work, &mut host, agent.id, id).await?;
        change = work.tx.change_alone(agent.organization, id).await?;
    }
    let change = change.filter(|change| change.state.is_open());
    if change.is_none() {
        tracing::debug!(agent.id = %agent.id, change.id = %id, "ignored a report on a change that is over or unknown");
    }
    Ok(change.map(|change| (host, change)))
}

fn record_task(work: &mut Work, path: &str, change: &Change, task: &hostwright_model::change::ChangeTask) {
    let occurrence = Occurrence::TaskState {
        host: change.host,
        path: path.to_owned(),
        change: change.id,
        number: task.task.number,
        description: task.task.description.clone(),
        status: task.status().to_owned(),
        outcome: task.outcome().to_owned(),
    };
    work.record(change.organization, occurrence);
}

async fn take_facts(work: &mut Work, agent: &Agent, facts: Facts) -> Result<(), OperationError> {
    let Some(host) = agent.host else { return Ok(()) };
    let Some(host) = work.tx.host(agent.organization, host).await? else { return Ok(()) };
    let Some(mut instance) = work.tx.instance(agent.organization, host.id).await? else { return Ok(()) };
    let before = (instance.properties.clone(), instance.state);
    let reported = facts.properties.into_iter().filter(|(key, value)| is_harmless(key, value));
    let reported: indexmap::IndexMap<String, String> = reported.take(MOST_PROPERTIES).collect();
    // An address that the machine had and does not report any more is not its address.
    let is_address = |key: &str| key.starts_with("ip.") || key.starts_with("mac.");
    instance.properties.retain(|key, _| !is_address(key) || reported.contains_key(key));
    for (key, value) in reported {
        if instance.properties.len() < MOST_PROPERTIES || instance.properties.contains_key(&key) {
            instance.properties.insert(key, value);
        }
    }
    instance.state = InstanceState::Running;
    if (&instance.properties, instance.state) == (&before.0, before.1) {
        return Ok(());
    }
    work.tx.update_instance(&mut instance).await?;
    let path = hosts::path_of(work, &host).await?.to_string();
    work.record(agent.organization, Occurrence::PropertiesReported { host: host.id, path });
    Ok(())
}

/// A machine's own words end up on pages and in templates.
fn is_harmless(key: &str, value: &str) -> bool {
    let clean = |text: &str| !text.chars().any(char::is_control);
    (1..=LONGEST_KEY).contains(&key.len()) && value.len() <= LONGEST_VALUE && clean(key) && clean(value)
}

/// An agent's own words as they may stand in a line of the log.
fn quoted(text: &str) -> String {
    text.chars().take(LONGEST_QUOTE).flat_map(char::escape_debug).collect()
}

async fn plugin_reported(work: &mut Work, agent: &Agent, report: PluginReport) -> Result<(), OperationError> {
    let PluginReport { generation, plugin, digest, state } = report;
    let registered = work.tx.plugins().await?;
    if !registered.iter().any(|known| known.plugin == plugin && known.digest == digest) {
        tracing::warn!(agent.id = %agent.id, "agent {} reports on `{}`, which is no plugin of ours", agent.id, quoted(&plugin));
        return Ok(());
    }
    let name = match &state {
        PluginState::Active => "active",
        PluginState::Idle { .. } => "idle",
        PluginState::Refused { error } => {
            tracing::warn!(agent.id = %agent.id, plugin.name = %plugin, "an agent refused plugin `{plugin}`: {}", quoted(error));
            "refused"
        }
    };
    let occurrence =
        Occurrence::PluginReported { agent: agent.id, plugin: plugin.clone(), state: name.to_owned() };
    let standing =
        PluginStanding { agent: agent.id, plugin, digest, generation, state, reported_at: work.now() };
    work.tx.put_plugin_standing(&standing).await?;
    work.record(agent.organization, occurrence);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_agent_says_stays_in_its_line_of_the_log() {
        assert_eq!(quoted("no\nERROR root logged in"), "no\\nERROR root logged in");
        assert_eq!(quoted(&"x".repeat(5_000)).len(), LONGEST_QUOTE);
    }

    #[test]
    fn what_a_machine_says_of_itself_is_bounded_and_clean() {
        assert!(is_harmless("ip.eth0", "10.1.2.3"));
        assert!(!is_harmless("", "x"));
        assert!(!is_harmless("hostname", "web1\u{1b}[2J"));
        assert!(!is_harmless("hostname", &"x".repeat(LONGEST_VALUE + 1)));
    }
}
