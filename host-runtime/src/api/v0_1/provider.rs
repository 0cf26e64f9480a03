//! Providers of version 0.1.

use std::sync::Arc;

use async_trait::async_trait;
use wasmtime::component::Component;
use wasmtime::{Engine, Result, Store};

use super::bindings::provider as bindings;
use super::convert::{
    all, description, difference, facts as wit_facts, listed, observation, outcome, support, watch,
    wit_desired, wit_observations,
};
use super::link::link;
use crate::api::{ProviderApi, ProviderInstance};
use crate::machine::Facts;
use crate::plugin::CallState;
use crate::provider::{
    Description, Desired, Difference, Listed, Observation, Outcome, ProviderError, Support, Watch,
};

pub(in crate::api) fn provider(engine: &Engine, component: &Component) -> Result<Arc<dyn ProviderApi>> {
    let pre = bindings::ProviderPre::new(link(engine, component)?)?;
    Ok(Arc::new(Linked(pre)))
}

struct Linked(bindings::ProviderPre<CallState>);

#[async_trait]
impl ProviderApi for Linked {
    async fn instantiate(&self, store: &mut Store<CallState>) -> Result<Box<dyn ProviderInstance>> {
        Ok(Box::new(Instance(self.0.instantiate_async(store).await?)))
    }
}

struct Instance(bindings::Provider);

#[async_trait]
impl ProviderInstance for Instance {
    async fn describe(&self, store: &mut Store<CallState>) -> Result<Description> {
        self.0.hostwright_provider_collection().call_describe(store).await.map(description)
    }

    async fn supports(&self, store: &mut Store<CallState>, facts: &Facts) -> Result<Support> {
        self.0.hostwright_provider_collection().call_supports(store, &wit_facts(facts)).await.map(support)
    }

    async fn read(
        &self,
        store: &mut Store<CallState>,
        ids: &[String],
    ) -> Result<Result<Vec<Observation>, ProviderError>> {
        let answers = self.0.hostwright_provider_collection().call_read(store, ids).await?;
        Ok(all(answers, observation))
    }

    async fn list(
        &self,
        store: &mut Store<CallState>,
        filter: Option<&str>,
    ) -> Result<Result<Vec<Listed>, ProviderError>> {
        let answers = self.0.hostwright_provider_collection().call_list(store, filter).await?;
        Ok(all(answers, listed))
    }

    async fn diff(
        &self,
        store: &mut Store<CallState>,
        desired: &[Desired],
        observed: &[Observation],
    ) -> Result<Result<Vec<Difference>, ProviderError>> {
        let (desired, observed) = (wit_desired(desired), wit_observations(observed));
        let answers = self.0.hostwright_provider_collection().call_diff(store, &desired, &observed).await?;
        Ok(all(answers, difference))
    }

    async fn planned(
        &self,
        store: &mut Store<CallState>,
        desired: &[Desired],
        observed: &[Observation],
    ) -> Result<Result<Vec<Observation>, ProviderError>> {
        let (desired, observed) = (wit_desired(desired), wit_observations(observed));
        let answers =
            self.0.hostwright_provider_collection().call_planned(store, &desired, &observed).await?;
        Ok(all(answers, observation))
    }

    async fn check(
        &self,
        store: &mut Store<CallState>,
        desired: &[Desired],
    ) -> Result<Result<Vec<Difference>, ProviderError>> {
        let answers =
            self.0.hostwright_provider_collection().call_check(store, &wit_desired(desired)).await?;
        Ok(all(answers, difference))
    }

    async fn apply(
        &self,
        store: &mut Store<CallState>,
        desired: &[Desired],
        observed: &[Observation],
    ) -> Result<Vec<Result<Outcome, ProviderError>>> {
        let (desired, observed) = (wit_desired(desired), wit_observations(observed));
        let answers = self.0.hostwright_provider_collection().call_apply(store, &desired, &observed).await?;
        Ok(answers.into_iter().map(outcome).collect())
    }

    async fn remove(
        &self,
        store: &mut Store<CallState>,
        ids: &[String],
    ) -> Result<Vec<Result<Outcome, ProviderError>>> {
        let answers = self.0.hostwright_provider_collection().call_remove(store, ids).await?;
        Ok(answers.into_iter().map(outcome).collect())
    }

    async fn perform(
        &self,
        store: &mut Store<CallState>,
        id: &str,
        action: &str,
        attributes: &str,
    ) -> Result<Result<Outcome, ProviderError>> {
        self.0.hostwright_provider_collection().call_perform(store, id, action, attributes).await.map(outcome)
    }

    async fn watches(
        &self,
        store: &mut Store<CallState>,
        ids: &[String],
    ) -> Result<Result<Vec<Watch>, ProviderError>> {
        let answers = self.0.hostwright_provider_collection().call_watches(store, ids).await?;
        Ok(all(answers, watch))
    }
}
