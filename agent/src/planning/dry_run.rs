//! Plans tasks one batch after the other; a later one sees what the earlier ones would leave.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hostwright_protocol::messages::{Difference, Operation, PlannedTask, ResourceRef, Task, Value};

use crate::ledger::{Resource, Trigger, TriggerState};
use crate::provider::{Desired, Error, Observation, Provider, ProviderSet, State};
use crate::reconciler::{Restoration, batch_len, desired, restoration, was_active};
use crate::showing;
use crate::survey::{self, Surveyed};

/// What a plan is made against.
pub(super) struct Present<'a> {
    pub(super) providers: &'a ProviderSet,
    /// What the agent manages.
    pub(super) resources: &'a [Resource],
    /// What is owed already.
    pub(super) triggers: &'a [Trigger],
}

/// Plans tasks, in their order.
pub(super) async fn dry_run(tasks: &[Task], present: &Present<'_>) -> Vec<PlannedTask> {
    let mut run =
        DryRun { present, overlay: BTreeMap::new(), actual: BTreeMap::new(), changed: BTreeMap::new() };
    let mut planned = Vec::with_capacity(tasks.len());
    let all: Vec<&Task> = tasks.iter().collect();
    let mut rest = all.as_slice();
    while !rest.is_empty() {
        let (batch, later) = rest.split_at(batch_len(rest));
        planned.extend(run.plan_batch(batch).await);
        rest = later;
    }
    planned
}

struct DryRun<'a> {
    present: &'a Present<'a>,
    /// What would be observed after the tasks planned so far.
    overlay: BTreeMap<ResourceRef, Observation>,
    /// What was observed on the machine.
    actual: BTreeMap<ResourceRef, Observation>,
    /// Tasks that would change something, and their collections.
    changed: BTreeMap<u32, String>,
}

impl DryRun<'_> {
    async fn plan_batch(&mut self, batch: &[&Task]) -> Vec<PlannedTask> {
        let Some(first) = batch.first() else { return Vec::new() };
        match &first.operation {
            Operation::Perform { action, .. } => {
                return vec![PlannedTask { actions: vec![action.clone()], ..nothing(first) }];
            }
            Operation::Release => {
                let message = Some("left as it is".to_owned());
                return batch
                    .iter()
                    .map(|task| PlannedTask { message: message.clone(), ..nothing(task) })
                    .collect();
            }
            Operation::Apply { .. } | Operation::Remove { .. } => {}
        }
        let provider = match self.present.providers.get(&first.resource.collection) {
            Ok(provider) => provider,
            Err(error) => {
                return batch
                    .iter()
                    .map(|task| PlannedTask { error: Some(error.to_string()), ..nothing(task) })
                    .collect();
            }
        };
        let mut planned = Vec::with_capacity(batch.len());
        let mut asked: Vec<(&Task, Desired, Option<String>)> = Vec::new();
        for task in batch {
            match self.wanted(task) {
                Wanted::State(desired, message) => asked.push((task, desired, message)),
                Wanted::Nothing(message) => planned.push(PlannedTask { message, ..nothing(task) }),
            }
        }
        let observed = self.observe(&provider, &asked).await;
        let desired = asked.iter().map(|(_, desired, _)| desired.clone()).collect();
        let surveyed = survey::compare(&provider, desired, observed).await;
        for ((task, _, message), surveyed) in asked.into_iter().zip(surveyed) {
            planned.push(match surveyed {
                Ok(surveyed) => self.plan_task(task, surveyed, message),
                Err(error) => self.plan_unknown(task, &error),
            });
        }
        planned.sort_by_key(|planned| planned.number);
        planned
    }

    fn wanted(&self, task: &Task) -> Wanted {
        let Operation::Remove { even_if_adopted } = task.operation else {
            return Wanted::State(desired(task), None);
        };
        let resource = self.present.resources.iter().find(|resource| resource.reference == task.resource);
        let id = task.resource.id.clone();
        match restoration(resource, even_if_adopted) {
            Restoration::Remove => Wanted::State(Desired { id, state: State::Absent }, None),
            Restoration::GiveBack { attributes, message } => {
                Wanted::State(Desired { id, state: State::Present(attributes) }, Some(message))
            }
            Restoration::Keep { message } => Wanted::Nothing(message),
        }
    }

    /// Returns what each resource will be like when its task comes.
    async fn observe(
        &mut self,
        provider: &Arc<dyn Provider>,
        asked: &[(&Task, Desired, Option<String>)],
    ) -> Vec<Observation> {
        let unread: Vec<&ResourceRef> =
            asked.iter().map(|(task, ..)| &task.resource).filter(|r| !self.overlay.contains_key(r)).collect();
        let ids: Vec<String> = unread.iter().map(|reference| reference.id.clone()).collect();
        for (reference, observation) in unread.into_iter().zip(survey::read(provider, &ids).await) {
            self.actual.insert(reference.clone(), observation.clone());
            self.overlay.insert(reference.clone(), observation);
        }
        asked.iter().filter_map(|(task, ..)| self.overlay.get(&task.resource).cloned()).collect()
    }

    fn plan_task(&mut self, task: &Task, surveyed: Surveyed, message: Option<String>) -> PlannedTask {
        let is_sensitive = matches!(task.operation, Operation::Apply { sensitive: true, .. });
        let mut differences = showing::differences(&surveyed.differences, is_sensitive);
        if surveyed.before == Observation::Absent && self.may_come_before(task) {
            // What is installed earlier may bring it, in a state that only installing can tell.
            for difference in &mut differences {
                difference.before.get_or_insert(Value::KnownAfterApply);
            }
        }
        if !differences.is_empty() {
            self.changed.insert(task.number, task.resource.collection.clone());
        }
        self.overlay.insert(task.resource.clone(), surveyed.planned);
        PlannedTask { differences, actions: self.refresh(task), message, ..nothing(task) }
    }

    fn plan_unknown(&mut self, task: &Task, error: &Error) -> PlannedTask {
        if !self.may_come_before(task) {
            return PlannedTask { error: Some(error.to_string()), ..nothing(task) };
        }
        self.changed.insert(task.number, task.resource.collection.clone());
        let unknown = Some(Value::KnownAfterApply);
        let differences =
            vec![Difference { pointer: String::new(), before: unknown.clone(), after: unknown }];
        PlannedTask { differences, ..nothing(task) }
    }

    /// Returns whether an earlier task may bring what this one works on.
    fn may_come_before(&self, task: &Task) -> bool {
        let Some(source) = brought_by(&task.resource.collection) else { return false };
        self.changed.values().any(|collection| collection == source)
    }

    fn refresh(&self, task: &Task) -> Vec<String> {
        let Operation::Apply { refresh: Some(refresh), .. } = &task.operation else { return Vec::new() };
        let changed: BTreeSet<u32> = self.changed.keys().copied().collect();
        let is_owed_now = refresh.when_changed.iter().any(|number| changed.contains(number));
        let is_owed_since = self.present.triggers.iter().any(|trigger| {
            trigger.resource == task.resource
                && trigger.action == refresh.action
                && trigger.state != TriggerState::Possible
        });
        let is_active = self.actual.get(&task.resource).is_some_and(was_active);
        if is_active && (is_owed_now || is_owed_since) { vec![refresh.action.clone()] } else { Vec::new() }
    }
}

enum Wanted {
    State(Desired, Option<String>),
    Nothing(Option<String>),
}

fn nothing(task: &Task) -> PlannedTask {
    PlannedTask {
        number: task.number,
        differences: Vec::new(),
        actions: Vec::new(),
        message: None,
        error: None,
    }
}

/// Returns the collection whose effects bring resources of this one: a unit comes with its package, a package with its
/// repository. Files and accounts come by themselves.
fn brought_by(collection: &str) -> Option<&'static str> {
    match collection {
        "files" | "directories" | "users" | "groups" | "repositories" => None,
        "packages" => Some("repositories"),
        _ => Some("packages"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hostwright_protocol::messages::Refresh;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::testing::{FakeProvider, apply, change, file, perform, remove};

    struct Machine {
        files: Arc<FakeProvider>,
        services: Arc<FakeProvider>,
        packages: Arc<FakeProvider>,
    }

    impl Machine {
        fn new() -> Self {
            let fake = |collection| Arc::new(FakeProvider::new(collection, "0.1.0"));
            Self { files: fake("files"), services: fake("services"), packages: fake("packages") }
        }

        /// Plans, proves that nothing was changed by it, and returns the plan in short.
        async fn plan(&self, tasks: Vec<Task>) -> String {
            let mut providers = ProviderSet::default();
            providers.insert("files", self.files.clone());
            providers.insert("services", self.services.clone());
            providers.insert("packages", self.packages.clone());
            let tasks = change(tasks).tasks;
            let present = Present { providers: &providers, resources: &[], triggers: &[] };
            let planned = dry_run(&tasks, &present).await;
            for provider in [&self.files, &self.services, &self.packages] {
                assert_eq!(provider.calls(), [""; 0], "a plan changes nothing");
            }
            planned.iter().map(in_short).collect::<Vec<_>>().join("\n")
        }
    }

    fn in_short(planned: &PlannedTask) -> String {
        let value = |value: &Option<Value>| match value {
            None => "absent".to_owned(),
            Some(Value::Known(value)) => value.to_string(),
            Some(Value::KnownAfterApply) => "(known after apply)".to_owned(),
            Some(Value::Opaque) => "(not shown)".to_owned(),
        };
        let mut text = format!("{}:", planned.number);
        for difference in &planned.differences {
            let (before, after) = (value(&difference.before), value(&difference.after));
            text.push_str(&format!(" {} {before} -> {after}", difference.pointer));
        }
        for action in &planned.actions {
            text.push_str(&format!(" !{action}"));
        }
        for (mark, words) in [("#", &planned.message), ("ERROR", &planned.error)] {
            if let Some(words) = words {
                text.push_str(&format!(" {mark} {words}"));
            }
        }
        text
    }

    fn service(attributes: Json, when_changed: Vec<u32>) -> Task {
        let mut task = apply("services", "nginx", attributes);
        if let Operation::Apply { refresh, .. } = &mut task.operation {
            *refresh = Some(Refresh { action: "reload".into(), when_changed });
        }
        task
    }

    #[tokio::test]
    async fn what_an_installation_brings_is_known_only_after_it() {
        let machine = Machine::new();
        let tasks = vec![
            apply("packages", "nginx-light", json!({})),
            file("/etc/nginx/conf.d/site.conf", "0644"),
            service(json!({"running": true}), vec![0, 1]),
        ];
        insta::assert_snapshot!(machine.plan(tasks).await, @r#"
        0:  absent -> {}
        1: /mode absent -> "0644"
        2: /running (known after apply) -> true
        "#);
    }

    #[tokio::test]
    async fn an_action_is_listed_where_something_before_it_changes_and_the_service_runs() {
        let machine = Machine::new();
        machine.services.put("nginx", &json!({"running": true}));
        let tasks = |mode: &str| vec![file("/a", mode), service(json!({"running": true}), vec![0])];
        insta::assert_snapshot!(machine.plan(tasks("0644")).await, @r#"
        0: /mode absent -> "0644"
        1: !reload
        "#);
        machine.files.put("/a", &json!({"mode": "0644"}));
        insta::assert_snapshot!(machine.plan(tasks("0644")).await, @"
        0:
        1:
        ");
    }

    #[tokio::test]
    async fn a_later_task_sees_what_earlier_ones_leave() {
        let machine = Machine::new();
        machine.files.put("/a", &json!({"mode": "0600"}));
        let tasks =
            vec![file("/a", "0644"), file("/a", "0640"), perform("services", "nginx", "restart", false)];
        insta::assert_snapshot!(machine.plan(tasks).await, @r#"
        0: /mode "0600" -> "0644"
        1: /mode "0644" -> "0640"
        2: !restart
        "#);
    }

    #[tokio::test]
    async fn what_cannot_be_planned_says_why() {
        let machine = Machine::new();
        let tasks = vec![apply("cron", "backup", json!({})), remove("files", "/foreign")];
        insta::assert_snapshot!(machine.plan(tasks).await, @"
        0: ERROR no provider of `cron` serves this machine: no active plugin provides it
        1: # left as it is, because this agent did not put it there
        ");
    }
}
