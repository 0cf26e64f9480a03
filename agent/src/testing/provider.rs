//! A provider over a map, which fails as it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use serde_json::{Map, Value as Json};
use tokio::sync::Semaphore;

use crate::provider::{
    Desired, Difference, Error, Extent, Observation, Outcome, PluginVersion, Provider, State, Value, Watch,
};

/// One collection on a machine that outlives the agent.
pub(crate) struct FakeProvider {
    plugin: PluginVersion,
    rank: u32,
    pub(crate) inside: Mutex<Inside>,
    /// Calls that change something wait for a permit here if `is_held`.
    pub(crate) gate: Semaphore,
}

#[derive(Default)]
pub(crate) struct Inside {
    pub(crate) resources: BTreeMap<String, Map<String, Json>>,
    /// What was asked for, without what only reads.
    pub(crate) calls: Vec<String>,
    /// What it changed.
    pub(crate) effects: Vec<String>,
    /// Waits at the gate before a changing call.
    pub(crate) is_held: bool,
    /// Waits at the gate after a changing call.
    pub(crate) is_held_after: bool,
    pub(crate) failing: BTreeSet<String>,
    pub(crate) busy: BTreeMap<String, u32>,
    /// Traps every call in which it occurs.
    pub(crate) trapping: BTreeSet<String>,
    /// Says that it is done and does nothing.
    pub(crate) lying: BTreeSet<String>,
    pub(crate) watched: BTreeMap<String, String>,
    /// How often each was checked.
    pub(crate) checks: BTreeMap<String, usize>,
}

impl FakeProvider {
    pub(crate) fn new(collection: &str, version: &str) -> Self {
        let rank = match collection {
            "packages" => 200,
            "files" => 600,
            "services" => 700,
            _ => 800,
        };
        Self {
            plugin: PluginVersion { plugin: format!("hostwright/{collection}"), version: version.into() },
            rank,
            inside: Mutex::default(),
            gate: Semaphore::new(0),
        }
    }

    pub(crate) fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }

    pub(crate) fn put(&self, id: &str, attributes: &Json) {
        self.inside().resources.insert(id.into(), attributes.as_object().unwrap().clone());
    }

    pub(crate) fn get(&self, id: &str) -> Option<Json> {
        self.inside().resources.get(id).cloned().map(Json::Object)
    }

    /// How often a resource was checked.
    pub(crate) fn checks_of(&self, id: &str) -> usize {
        self.inside().checks.get(id).copied().unwrap_or_default()
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        self.inside().calls.clone()
    }

    fn trap_if_told<'a>(&self, ids: impl IntoIterator<Item = &'a String>) -> Result<(), Error> {
        let inside = self.inside();
        match ids.into_iter().find(|id| inside.trapping.contains(*id)) {
            Some(_) => Err(Error::Broken(format!("plugin {} broke down: unreachable", self.plugin))),
            None => Ok(()),
        }
    }

    async fn pass(&self, is_held: fn(&Inside) -> bool) {
        let is_held = is_held(&self.inside());
        if is_held {
            self.gate.acquire().await.unwrap().forget();
        }
    }

    fn change(
        &self,
        id: &str,
        what: impl FnOnce(&mut BTreeMap<String, Map<String, Json>>),
    ) -> Result<Outcome, Error> {
        let mut inside = self.inside();
        if inside.failing.contains(id) {
            return Err(Error::Failed(format!("{id} cannot be changed")));
        }
        if let Some(count) = inside.busy.get_mut(id).filter(|count| **count > 0) {
            *count -= 1;
            return Err(Error::Busy("somebody else holds the lock".into()));
        }
        let before = inside.resources.get(id).cloned();
        if !inside.lying.contains(id) {
            what(&mut inside.resources);
        }
        let changed = inside.resources.get(id) != before.as_ref();
        if changed {
            inside.effects.push(id.to_owned());
        }
        Ok(Outcome { changed, message: None })
    }
}

#[async_trait]
impl Provider for FakeProvider {
    fn plugin(&self) -> &PluginVersion {
        &self.plugin
    }

    fn rank(&self) -> u32 {
        self.rank
    }

    async fn read(&self, ids: &[String]) -> Result<Vec<Observation>, Error> {
        let inside = self.inside();
        Ok(ids
            .iter()
            .map(|id| match inside.resources.get(id) {
                Some(attributes) => Observation::Present(Json::Object(attributes.clone()).to_string()),
                None => Observation::Absent,
            })
            .collect())
    }

    async fn diff(&self, desired: &[Desired], observed: &[Observation]) -> Result<Vec<Difference>, Error> {
        let mut differences = Vec::new();
        for (index, (desired, observed)) in (0..).zip(desired.iter().zip(observed)) {
            let observed = match observed {
                Observation::Present(text) => serde_json::from_str::<Map<String, Json>>(text).ok(),
                _ => None,
            };
            match (&desired.state, observed) {
                (State::Absent, None) => {}
                (State::Absent, Some(_)) => differences.push(Difference {
                    index,
                    pointer: String::new(),
                    before: Some(Value::Known("{}".into())),
                    after: None,
                }),
                (State::Present(wanted), observed) => {
                    let wanted: Map<String, Json> = serde_json::from_str(wanted).unwrap();
                    if observed.is_none() && wanted.is_empty() {
                        let after = Some(Value::Known("{}".into()));
                        differences.push(Difference { index, pointer: String::new(), before: None, after });
                    }
                    for (name, value) in wanted {
                        let before = observed.as_ref().and_then(|observed| observed.get(&name));
                        if before != Some(&value) {
                            differences.push(Difference {
                                index,
                                pointer: format!("/{name}"),
                                before: before.map(|value| Value::Known(value.to_string())),
                                after: Some(Value::Known(value.to_string())),
                            });
                        }
                    }
                }
            }
        }
        Ok(differences)
    }

    async fn planned(
        &self,
        desired: &[Desired],
        observed: &[Observation],
    ) -> Result<Vec<Observation>, Error> {
        Ok(desired
            .iter()
            .zip(observed)
            .map(|(desired, observed)| match &desired.state {
                State::Absent => Observation::Absent,
                State::Present(wanted) => {
                    let mut attributes: Map<String, Json> = match observed {
                        Observation::Present(text) => serde_json::from_str(text).unwrap(),
                        _ => Map::new(),
                    };
                    attributes.extend(serde_json::from_str::<Map<String, Json>>(wanted).unwrap());
                    Observation::Present(Json::Object(attributes).to_string())
                }
            })
            .collect())
    }

    async fn check(&self, desired: &[Desired]) -> Result<Vec<Difference>, Error> {
        let ids: Vec<String> = desired.iter().map(|desired| desired.id.clone()).collect();
        for id in &ids {
            *self.inside().checks.entry(id.clone()).or_default() += 1;
        }
        self.trap_if_told(&ids)?;
        let observed = self.read(&ids).await?;
        self.diff(desired, &observed).await
    }

    async fn watches(&self, ids: &[String]) -> Result<Vec<Watch>, Error> {
        let inside = self.inside();
        Ok((0..)
            .zip(ids)
            .filter_map(|(index, id)| {
                let path = inside.watched.get(id)?.clone();
                Some(Watch { path, extent: Extent::Itself, indices: vec![index] })
            })
            .collect())
    }

    async fn apply(
        &self,
        _run: &str,
        desired: &[Desired],
        _observed: &[Observation],
    ) -> Result<Vec<Result<Outcome, Error>>, Error> {
        let ids: Vec<&str> = desired.iter().map(|desired| desired.id.as_str()).collect();
        self.inside().calls.push(format!("apply {}", ids.join(" ")));
        self.pass(|inside| inside.is_held).await;
        self.trap_if_told(desired.iter().map(|desired| &desired.id))?;
        let outcomes = desired
            .iter()
            .map(|desired| {
                self.change(&desired.id, |resources| {
                    let State::Present(wanted) = &desired.state else { return };
                    let wanted = serde_json::from_str::<Map<String, Json>>(wanted).unwrap();
                    resources.entry(desired.id.clone()).or_default().extend(wanted);
                })
            })
            .collect();
        self.pass(|inside| inside.is_held_after).await;
        Ok(outcomes)
    }

    async fn remove(&self, _run: &str, ids: &[String]) -> Result<Vec<Result<Outcome, Error>>, Error> {
        self.inside().calls.push(format!("remove {}", ids.join(" ")));
        self.pass(|inside| inside.is_held).await;
        Ok(ids
            .iter()
            .map(|id| {
                self.change(id, |resources| {
                    resources.remove(id);
                })
            })
            .collect())
    }

    async fn perform(&self, _run: &str, id: &str, action: &str, _attributes: &str) -> Result<Outcome, Error> {
        self.inside().calls.push(format!("{action} {id}"));
        self.pass(|inside| inside.is_held).await;
        self.change(id, |_| {})
    }
}
