//! What a resource was like before a change brought what it comes with.

use hostwright_protocol::messages::{Operation, Task};

use super::apply::as_before;
use super::change_run::{ChangeRun, Stop};
use crate::ledger::Before;
use crate::survey;

/// A unit comes with its package or its file, in a state that nobody chose: it was not there before and is not given back.
const BRINGING: [&str; 2] = ["packages", "files"];
const BROUGHT: &str = "services";

impl ChangeRun<'_> {
    /// Looks at what packages and files of this change may bring, while nothing of it is done yet. A change that is taken up again
    /// has this behind it: what is known already stays.
    pub(super) async fn look_beforehand(&self) -> Result<(), Stop> {
        let candidates = brought(&self.change.body.change.tasks);
        if candidates.is_empty() {
            return Ok(());
        }
        // Most changes of files are of applications that are there: nothing is asked again then.
        let mut brought = Vec::with_capacity(candidates.len());
        let mut tx = self.options.ledger.begin().await?;
        for task in candidates {
            let known = tx.resource(&task.resource).await?;
            if known.is_none_or(|resource| resource.before == Before::Unseen) {
                brought.push(task);
            }
        }
        drop(tx);
        if brought.is_empty() {
            return Ok(());
        }
        let Ok(provider) = self.providers.get(BROUGHT) else { return Ok(()) };
        let ids: Vec<String> = brought.iter().map(|task| task.resource.id.clone()).collect();
        let observed = survey::read(&provider, &ids).await;
        let mut tx = self.options.ledger.begin().await?;
        for (task, observation) in brought.iter().zip(&observed) {
            match as_before(observation) {
                // Its own task looks again.
                Before::Unseen => {}
                before => tx.saw_before(&task.resource, &before).await?,
            }
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Returns the applications of services that stand after one of what may bring them.
fn brought(tasks: &[Task]) -> Vec<&Task> {
    let is_applied = |task: &Task, collections: &[&str]| {
        matches!(task.operation, Operation::Apply { .. })
            && collections.contains(&task.resource.collection.as_str())
    };
    let first = tasks.iter().position(|task| is_applied(task, &BRINGING)).unwrap_or(tasks.len());
    tasks[first..].iter().filter(|task| is_applied(task, &[BROUGHT])).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::provider::ProviderSet;
    use crate::testing::{FakeProvider, World, apply, change, eventually, reference, remove};

    #[tokio::test]
    async fn a_service_that_came_with_a_package_of_the_same_change_leaves_for_good() {
        leaves_with("packages", "nginx-light").await;
    }

    #[tokio::test]
    async fn a_service_that_came_with_a_file_of_the_same_change_leaves_for_good() {
        leaves_with("files", "/etc/systemd/system/nginx.service").await;
    }

    async fn leaves_with(collection: &str, id: &str) {
        let mut world = World::new().await;
        let bringing = Arc::new(FakeProvider::new(collection, "0.1.0"));
        let mut providers = ProviderSet::default();
        providers.insert(collection, bringing.clone());
        providers.insert("services", world.services.clone());
        world.providers.store(Arc::new(providers));
        world.services.put("cron", &json!({"running": false, "enabled": true}));
        bringing.inside().is_held = true;
        world.start().await;
        let installed = world
            .send(change(vec![
                apply(collection, id, json!({})),
                apply("services", "nginx", json!({"running": true, "enabled": true})),
                apply("services", "cron", json!({"running": true, "enabled": true})),
            ]))
            .await;
        let nginx = reference("services", "nginx");
        eventually("the change has begun", async || {
            let mut tx = world.ledger.begin().await.unwrap();
            tx.resource(&nginx).await.unwrap().is_some_and(|resource| resource.before != Before::Unseen)
        })
        .await;
        world.services.put("nginx", &json!({"running": false, "enabled": true}));
        bringing.gate.add_permits(1);
        world.end_of(installed).await;

        let gone = world.send(change(vec![remove("services", "nginx"), remove("services", "cron")])).await;
        world.end_of(gone).await;
        assert_eq!(world.services.get("nginx"), None, "nobody chose the state that it came in");
        assert_eq!(world.services.get("cron"), Some(json!({"running": false, "enabled": true})));
    }
}
